package seal

import (
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"time"

	"heartsay/agent/addr"
)

// A sealed stream begins with one frame from each side, the opening: 16 random bytes, sealed like a packet. The side
// that opened the stream goes first. From then on each side seals under a key of its own for this stream alone, HKDF of the
// shared key with both openings, and numbers its frames from 1. A frame of another stream, or out of its turn, does not
// open: a stream that was recorded and is played back gets as far as the answer to its opening.

const openingSize = 16 // bytes of the payload of an opening

// Framing seals and opens the frames of one stream, see [WriteFrame] and [ReadFrame]. [Envelope] is one, for streams
// without a key.
type Framing interface {
	// Overhead returns how many bytes a sealed payload is longer than the payload.
	Overhead() int
	// Seal appends the sealed payload to dst.
	Seal(dst []byte, class Class, payload []byte) []byte
	// Open returns the payload in b, which it may change. Every error is an [*OpenError].
	Open(b []byte, class Class) (payload []byte, err error)
	// Met notes that the other side of the stream, at whose address it was opened, has answered, and returns packets that
	// waited for that.
	Met(at netip.AddrPort, now time.Time) []Packet
}

// sealedStream is the framing of one stream, after the openings. Reading and writing may go on at once, but each by one
// goroutine at a time.
type sealedStream struct {
	sealer   *Sealer
	in, out  cipher.AEAD
	inKey    KeyID
	outKey   KeyID
	inBoot   uint64
	outBoot  uint64
	received uint64
	sent     uint64
}

// OpenStream exchanges openings on c, and returns how to seal and open what follows. Dialed says that this side opened
// c. It waits for the other side until the deadline. An error that is an [*OpenError] tells why the other side is not
// let in; if that is for its key, it gets this side's opening even then, so that its operator learns which one is in use.
func (s *Sealer) OpenStream(c net.Conn, dialed bool, deadline time.Time) (Framing, error) {
	if err := c.SetDeadline(deadline); err != nil {
		return nil, err
	}
	defer c.SetDeadline(time.Time{})
	own, frame := s.opening()
	if dialed {
		if _, err := c.Write(frame); err != nil {
			return nil, fmt.Errorf("open stream: %w", err)
		}
	}
	theirs, err := s.readOpening(c)
	if err == nil && s.lives(theirs.boot) {
		err = errSeal // an opening of this agent that came back
	}
	var refused *OpenError
	switch {
	case dialed:
	case err == nil:
		_, err = c.Write(frame)
	case errors.As(err, &refused) && slices.Contains(notedReasons, refused.Reason):
		LingerClose(c, func() { _, _ = c.Write(frame) })
	}
	if err != nil {
		return nil, fmt.Errorf("open stream: %w", err)
	}
	return s.newStream(own, theirs, dialed)
}

// opened is one side's opening.
type opened struct {
	key    KeyID
	boot   uint64
	random [openingSize]byte
}

// opening returns an opening of this side's, and the frame that says it.
func (s *Sealer) opening() (opened, []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := opened{key: s.keys.ids[0], boot: s.life.boot}
	rand.Read(o.random[:])
	frame := binary.BigEndian.AppendUint32(nil, openingSize+Overhead)
	return o, s.seal(frame, ClassOpening, 0, o.random[:])
}

func (s *Sealer) lives(boot uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.life.has(boot)
}

// readOpening reads the other side's opening. That it opens shows that somebody with the key made it, once.
func (s *Sealer) readOpening(c net.Conn) (o opened, err error) {
	b, err := readFrameBytes(c, ClassOpening)
	if err != nil {
		return o, s.noted(c, 0, err)
	}
	h, err := parseSealed(b, ClassOpening)
	if err == nil {
		err = s.unsealOpening(b, h)
	}
	if err != nil {
		return o, s.noted(c, h.key, err)
	}
	o.key, o.boot = h.key, h.boot
	copy(o.random[:], b[sealHeader:])
	return o, nil
}

func (s *Sealer) unsealOpening(b []byte, h sealedHeader) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.keys.check(h.key)
	if err == nil {
		_, err = s.unseal(b, h, s.keys.packets(h.key, s.cluster, h.boot))
	}
	return err
}

func (s *Sealer) noted(c net.Conn, key KeyID, err error) error {
	var refused *OpenError
	if errors.As(err, &refused) {
		host := netip.AddrPortFrom(addr.Remote(c).Addr(), 0) // the port is any
		s.notes.note(host, key, refused, time.Now())
	}
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// newStream returns the framing between two openings.
func (s *Sealer) newStream(own, theirs opened, dialed bool) (Framing, error) {
	dialer, listener := own, theirs
	if !dialed {
		dialer, listener = theirs, own
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.keys.has(own.key) || !s.keys.has(theirs.key) {
		return nil, errors.New("open stream: the keys were changed meanwhile")
	}
	info := func(sender opened) string {
		b := []byte("stream " + s.cluster + " ")
		for _, o := range []opened{sender, dialer, listener} {
			b = binary.BigEndian.AppendUint64(b, o.boot)
		}
		b = append(b, dialer.random[:]...)
		return string(append(b, listener.random[:]...))
	}
	return &sealedStream{
		sealer: s, out: s.keys.aead(own.key, info(own)), in: s.keys.aead(theirs.key, info(theirs)),
		outKey: own.key, inKey: theirs.key, inBoot: theirs.boot, outBoot: own.boot,
	}, nil
}

// Overhead returns how many bytes a sealed payload is longer than the payload.
func (f *sealedStream) Overhead() int { return Overhead }

// Seal appends the next frame of this side. A frame of a stream is for the run of the agent at its other end, whichever that is.
func (f *sealedStream) Seal(dst []byte, class Class, payload []byte) []byte {
	f.sent++
	s := f.sealer
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sealAs(dst, class, f.outBoot, half(f.inBoot), f.sent, f.out, f.outKey, payload)
}

// Open returns the payload of the next frame of the other side.
func (f *sealedStream) Open(b []byte, class Class) ([]byte, error) {
	h, err := parseSealed(b, class)
	if err != nil {
		return nil, err
	}
	if h.key != f.inKey || h.boot != f.inBoot || h.counter != f.received+1 {
		return nil, errReplay
	}
	s := f.sealer
	s.mu.Lock()
	defer s.mu.Unlock()
	payload, err := s.unseal(b, h, f.in)
	if err == nil {
		f.received++
	}
	return payload, err
}

// Met learns from a stream to an address, whose other side has shown that it is there now, who listens there, and
// returns what waited for that.
func (f *sealedStream) Met(at netip.AddrPort, now time.Time) []Packet {
	if f.received == 0 {
		return nil
	}
	f.sealer.mu.Lock()
	defer f.sealer.mu.Unlock()
	return f.sealer.meet(at, sealedHeader{boot: f.inBoot, key: f.inKey}, now)
}

// LingerClose lets the last words on a stream reach the other side: a stream that is closed while bytes wait to be read
// takes them back [RFC 1122, 4.2.2.13].
func LingerClose(c net.Conn, lastWords func()) {
	if c.SetDeadline(time.Now().Add(lingerTime)) != nil {
		return
	}
	said := make(chan struct{})
	go func() {
		lastWords()
		close(said)
	}()
	_, _ = io.Copy(io.Discard, io.LimitReader(c, MaxFrame))
	<-said
}

// lingerTime is how long somebody who is not let in may take to read why.
const lingerTime = 300 * time.Millisecond
