package seal

import (
	"encoding/binary"
	"fmt"
	"io"
)

// A stream carries frames: the length of an envelope in 4 bytes, big endian, and the envelope.

// MaxFrame is the most bytes that the envelope in a frame may have. A part of a full exchange has 64 KiB and one record
// more at most.
const MaxFrame = 128 << 10

const (
	frameHeader  = 4       // bytes of the length
	frameOpening = 4       // bytes of an envelope that say whether it is one
	frameStart   = 4 << 10 // bytes set aside for a frame before any of it has come
)

// WriteFrame seals payload and writes it to w as one frame, in one Write. It writes nothing when the payload is too
// large.
func WriteFrame(w io.Writer, e Framing, payload []byte) error {
	size := len(payload) + e.Overhead()
	if size > MaxFrame {
		return fmt.Errorf("write frame: the payload has %d bytes: at most %d fit", len(payload), MaxFrame-e.Overhead())
	}
	b := make([]byte, frameHeader, frameHeader+size)
	binary.BigEndian.PutUint32(b, uint32(size))
	if _, err := w.Write(e.Seal(b, ClassStream, payload)); err != nil {
		return fmt.Errorf("write frame: %w", err)
	}
	return nil
}

// ReadFrame reads one frame from r and returns its payload. It returns [io.EOF] itself when r ends before a frame
// begins, and an error that wraps [io.ErrUnexpectedEOF] when it ends within one. Bytes that no agent of the cluster
// sends give an error that wraps an [*OpenError], as soon as they show it: the length after 4 bytes, the magic after
// 8. Memory grows with the bytes that come, never with the length that is claimed.
func ReadFrame(r io.Reader, e Framing) ([]byte, error) {
	payload, err := readFrame(r, e)
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("read frame: %w", err)
	}
	return payload, err
}

func readFrame(r io.Reader, e Framing) ([]byte, error) {
	b, err := readFrameBytes(source(r, e), ClassStream)
	if err != nil {
		return nil, err
	}
	return e.Open(b, ClassStream)
}

// readFrameBytes returns the envelope in the next frame of r, which begins like one of the class.
func readFrameBytes(r io.Reader, class Class) ([]byte, error) {
	var head [frameHeader]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	size := binary.BigEndian.Uint32(head[:])
	if size < minEnvelope || size > MaxFrame {
		return nil, &OpenError{"length", fmt.Sprintf("not heartsay: a frame has %d to %d bytes, and the stream begins "+
			"with %q%s", minEnvelope, MaxFrame, head[:], guessProtocol(head))}
	}
	b, err := readEnvelope(r, int(size), class)
	if err == io.EOF {
		return nil, io.ErrUnexpectedEOF
	}
	return b, err
}

// readEnvelope returns the next size bytes of r. It stops at once when they do not begin like an envelope.
func readEnvelope(r io.Reader, size int, class Class) ([]byte, error) {
	b := make([]byte, frameOpening, min(size, frameStart))
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, err
	}
	if err := checkOpening(b, class); err != nil {
		return nil, err
	}
	if class == ClassOpening && size != openingSize+Overhead {
		return nil, errSeal
	}
	for len(b) < size {
		if len(b) == cap(b) {
			b = append(make([]byte, 0, min(size, 2*cap(b))), b...)
		}
		n := len(b)
		b = b[:cap(b)]
		if _, err := io.ReadFull(r, b[n:]); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// guessProtocol returns a hint, for people, at what sent the first bytes of a stream, or "".
func guessProtocol(head [frameHeader]byte) string {
	switch s := string(head[:]); {
	case s == "SSH-":
		return ": it looks like SSH"
	case s == "GET ", s == "POST", s == "HEAD", s == "PUT ", s == "HTTP", s == "OPTI", s == "PRI ", s == "CONN":
		return ": it looks like HTTP"
	case head[0] == 0x16 && head[1] == 3:
		return ": it looks like TLS"
	}
	return ""
}
