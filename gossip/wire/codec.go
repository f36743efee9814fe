package wire

import (
	"errors"
	"fmt"

	"github.com/hashicorp/go-msgpack/v2/codec"
)

// Version is the protocol version in every message. Versions of one apart understand each other (R16): a newer one
// only appends elements to the arrays, which an older one skips.
const Version = 1

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
	if err := c.encode(m); err != nil {
		return nil, err
	}
	b := make([]byte, 0, 2+len(c.body))
	return append(append(b, Version, byte(m.Kind())), c.body...), nil
}

// Size returns how long the wire form of a message is, in bytes.
func (c *Codec) Size(m Message) (int, error) {
	err := c.encode(m)
	return 2 + len(c.body), err
}

func (c *Codec) encode(m Message) error {
	if list := m.entries(); list != nil && *list == nil {
		*list = Entries{} // msgpack tells an empty list and none apart, this protocol does not
	}
	c.body = c.body[:0]
	c.enc.ResetBytes(&c.body)
	if err := c.enc.Encode(m); err != nil {
		return fmt.Errorf("encode %s: %w", m.Kind(), err)
	}
	return nil
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
	if m = newMessage(Kind(b[1])); m == nil {
		return nil, fmt.Errorf("%w: %d", ErrKind, b[1])
	}
	body := b[2:]
	switch rest, ok := skip(body, 0); {
	case !ok || !isArray(body[0]):
		return nil, fmt.Errorf("%w: it has not the shape of a message", ErrForm)
	case len(rest) > 0:
		return nil, fmt.Errorf("%w: %d bytes trail", ErrForm, len(rest))
	}
	if err := c.read(body, m); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrForm, err)
	}
	return m, nil
}

// read decodes a body whose shape is known to be good, and validates what it finds.
func (c *Codec) read(body []byte, into Message) error {
	c.dec.ResetBytes(body)
	if err := c.dec.Decode(into); err != nil {
		return err
	}
	if n := c.dec.NumBytesRead(); n != len(body) {
		return fmt.Errorf("%d bytes trail", len(body)-n)
	}
	if list := into.entries(); list != nil {
		if err := list.validate(); err != nil {
			return err
		}
	}
	return into.validate()
}

// isArray reports whether a msgpack value that begins with b is an array.
func isArray(b byte) bool { return b&0xf0 == 0x90 || b == 0xdc || b == 0xdd }
