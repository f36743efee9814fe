package gossip

import (
	"errors"
	"fmt"

	"github.com/hashicorp/go-msgpack/v2/codec"
)

// Version is the protocol version in every message. Versions of one apart understand each other (R16): a newer one
// only appends elements to the arrays below, which an older one skips.
const Version = 1

// The wire form of a message is two bytes, version and kind, and a msgpack array. Arrays are used throughout rather
// than maps: the position of an element is its name. docs/protocol.md lists them; testdata/wire holds golden messages.
const (
	kindDigest   = 1
	kindDelta    = 2
	kindPing     = 3
	kindPong     = 4
	kindSync     = 5
	kindRefused  = 6
	kindEvidence = 7
)

// Reasons why bytes are not a message, to count by.
var (
	ErrVersion = errors.New("protocol version is not understood")
	ErrKind    = errors.New("message kind is not known")
	ErrForm    = errors.New("message is malformed")
)

// maxInitLen bounds how many elements are allocated on the word of a length header, before any of them is read.
const maxInitLen = 64

func newHandle() *codec.MsgpackHandle {
	h := &codec.MsgpackHandle{WriteExt: true}
	h.MaxDepth = maxDepth
	h.MaxInitLen = maxInitLen
	h.StructToArray = true
	return h
}

// Codec turns messages into bytes and back. It is not safe for concurrent use; make one for each goroutine.
type Codec struct {
	handle *codec.MsgpackHandle
	enc    *codec.Encoder
	dec    *codec.Decoder
	body   []byte // of the message encoded last
}

// NewCodec returns a codec.
func NewCodec() *Codec {
	h := newHandle()
	return &Codec{handle: h, enc: codec.NewEncoderBytes(nil, h), dec: codec.NewDecoderBytes(nil, h)}
}

// Encode returns the wire form of a message. The caller owns it.
func (c *Codec) Encode(m Message) ([]byte, error) {
	kind, err := c.encode(m)
	if err != nil {
		return nil, err
	}
	b := make([]byte, 0, 2+len(c.body))
	return append(append(b, Version, kind), c.body...), nil
}

// Size returns how long the wire form of a message is, in bytes.
func (c *Codec) Size(m Message) (int, error) {
	_, err := c.encode(m)
	return 2 + len(c.body), err
}

func (c *Codec) encode(m Message) (kind byte, err error) {
	kind, w := toWire(m)
	c.body = c.body[:0]
	c.enc.ResetBytes(&c.body)
	if err := c.enc.Encode(w); err != nil {
		return 0, fmt.Errorf("encode %T: %w", m, err)
	}
	return kind, nil
}

// Decode returns the message that b holds, all of whose records have passed their validation. The message does not
// refer to b. The error is one of [ErrVersion], [ErrKind] and [ErrForm] with more words.
func (c *Codec) Decode(b []byte) (m Message, err error) {
	if len(b) < 3 {
		return nil, fmt.Errorf("%w: %d bytes", ErrForm, len(b))
	}
	if v := int(b[0]); v < Version-1 || v > Version+1 || v == 0 {
		return nil, fmt.Errorf("%w: %d, this agent speaks %d", ErrVersion, v, Version)
	}
	w := newWire(b[1])
	if w == nil {
		return nil, fmt.Errorf("%w: %d", ErrKind, b[1])
	}
	body := b[2:]
	switch rest, ok := skip(body, 0); {
	case !ok || !isArray(body[0]):
		return nil, fmt.Errorf("%w: it has not the shape of a message", ErrForm)
	case len(rest) > 0:
		return nil, fmt.Errorf("%w: %d bytes trail", ErrForm, len(rest))
	}
	c.dec.ResetBytes(body)
	if err := c.dec.Decode(w); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrForm, err)
	}
	if n := c.dec.NumBytesRead(); n != len(body) {
		return nil, fmt.Errorf("%w: %d bytes trail", ErrForm, len(body)-n)
	}
	if m, err = w.message(); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrForm, err)
	}
	return m, nil
}

// isArray reports whether a msgpack value that begins with b is an array.
func isArray(b byte) bool { return b&0xf0 == 0x90 || b == 0xdc || b == 0xdd }
