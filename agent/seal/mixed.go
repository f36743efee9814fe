package seal

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"heartsay/agent/addr"
)

// Mixed is for a cluster that begins to use keys, or ends to, while it runs: members with keys and members without
// understand each other until a time. It seals for members that have shown that they have a key, and opens what is plain as well. After
// that time it is its [Sealer] alone. It is safe for concurrent use.
//
// Whom it seals for is decided by address. Who sent something sealed within the last half minute has a key, unless something
// plain came more than a few seconds after it. All others get plain messages, which everybody in such a cluster opens, and are
// asked now and then whether they have a key by now. So as long as this goes on anybody may read a part of the messages and
// forge them: it is a bridge, and no way to run a cluster.
type Mixed struct {
	*Sealer
	plain  *Envelope
	until  time.Time
	opened atomic.Uint64 // plain packets and streams

	mu    sync.Mutex
	known map[netip.AddrPort]plainPeer
}

// plainPeer is an address that sends plain messages, or of which nothing is known.
type plainPeer struct{ heard, asked time.Time }

const (
	askForKey  = 10 * time.Second // an address that sends plain messages, whether it has a key
	sealedFor  = 30 * time.Second // that an address counts as one with a key after it last sealed something
	sealedHold = 5 * time.Second  // in which that stands against something plain, which anybody can forge
	plainHold  = time.Minute      // that an address counts as one without a key after it was last plain
	maxPlain   = 32768            // addresses
)

// NewMixed returns a Mixed that opens what is plain until a time.
func NewMixed(s *Sealer, plain *Envelope, until time.Time) *Mixed {
	return &Mixed{Sealer: s, plain: plain, until: until, known: map[netip.AddrPort]plainPeer{}}
}

// Until returns when only what is sealed is accepted again.
func (m *Mixed) Until() time.Time { return m.until }

// Plain returns how many plain packets and streams were accepted.
func (m *Mixed) Plain() uint64 { return m.opened.Load() }

// Overhead returns how many bytes a sealed or a plain payload is longer than the payload, whichever is more.
func (m *Mixed) Overhead() int { return max(m.Sealer.Overhead(), m.plain.Overhead()) }

// SealPacket returns the packet to send when payload is for the agent that listens at an address.
func (m *Mixed) SealPacket(to netip.AddrPort, payload []byte, now time.Time) []byte {
	if !now.Before(m.until) || m.sealsFor(to, now) {
		return m.Sealer.SealPacket(to, payload, now)
	}
	return m.plain.SealPacket(to, payload, now)
}

// Question returns a packet that asks an address whether it has a key, nil when it need not be asked now. It is to be sent
// beside each plain packet.
func (m *Mixed) Question(to netip.AddrPort, now time.Time) []byte {
	if !now.Before(m.until) || m.sealsFor(to, now) || !m.asks(to, now) {
		return nil
	}
	return m.Ask(to, now)
}

// sealsFor reports whether an address has a key, as far as is known.
func (m *Mixed) sealsFor(to netip.AddrPort, now time.Time) bool {
	sealed := m.Sealer.heard(to)
	if now.Sub(sealed) > sealedFor {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	plain := m.known[to].heard
	return !plain.After(sealed.Add(sealedHold))
}

// asks reports whether it is time to ask an address for a key, and takes note of it.
func (m *Mixed) asks(to netip.AddrPort, now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.known[to]
	if now.Sub(p.asked) < askForKey {
		return false
	}
	p.asked = now
	m.keep(to, p)
	return true
}

// wasPlain notes that something plain came from an address.
func (m *Mixed) wasPlain(from netip.AddrPort, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.known[from]
	p.heard = now
	m.keep(from, p)
}

// keep remembers an address. When there are too many, any other goes.
func (m *Mixed) keep(a netip.AddrPort, p plainPeer) {
	if _, known := m.known[a]; !known {
		for other := range m.known {
			if len(m.known) < maxPlain {
				break
			}
			delete(m.known, other)
		}
	}
	m.known[a] = p
}

// OpenPacket returns the message in a packet, sealed or plain.
func (m *Mixed) OpenPacket(b []byte, from netip.AddrPort, now time.Time) ([]byte, []Packet, error) {
	if !now.Before(m.until) || !isPlain(b) {
		return m.Sealer.OpenPacket(b, from, now)
	}
	payload, err := m.plain.Open(b, ClassPacket)
	if err != nil {
		return nil, nil, err
	}
	m.opened.Add(1)
	m.wasPlain(from, now)
	var answers []Packet
	if q := m.Question(from, now); q != nil {
		answers = []Packet{{To: from, Bytes: q}}
	}
	return payload, answers, nil
}

// isPlain reports whether a packet names no key.
func isPlain(b []byte) bool { return len(b) >= 8 && bytes.Equal(b[4:8], make([]byte, 4)) }

// OpenStream returns how to seal and open the frames of c. A stream that this side opened is sealed, unless its address has
// lately been plain; that is learned from the first attempt, which fails. A stream that the other side opened is as it begins.
func (m *Mixed) OpenStream(c net.Conn, dialed bool, deadline time.Time) (Framing, error) {
	now := time.Now()
	remote := addr.Remote(c)
	if !now.Before(m.until) {
		return m.Sealer.OpenStream(c, dialed, deadline)
	}
	if dialed {
		if m.plainAt(remote, now) {
			return m.plain, nil
		}
		f, err := m.Sealer.OpenStream(c, true, deadline)
		if refused := (*OpenError)(nil); errors.As(err, &refused) && refused.Reason == errPlain.Reason {
			m.wasPlain(remote, now)
		}
		return f, err
	}
	return m.accept(c, deadline)
}

// plainAt reports whether an address has lately been one without a key.
func (m *Mixed) plainAt(a netip.AddrPort, now time.Time) bool {
	if m.sealsFor(a, now) {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return now.Sub(m.known[a].heard) < plainHold
}

// accept looks how a stream begins that the other side opened.
func (m *Mixed) accept(c net.Conn, deadline time.Time) (Framing, error) {
	if err := c.SetDeadline(deadline); err != nil {
		return nil, err
	}
	head := make([]byte, frameHeader+frameOpening)
	n, _ := io.ReadFull(c, head) // who reads on gets the same error
	begun := &begunStream{Conn: c, head: head[:n]}
	if n == len(head) && checkOpening(head[frameHeader:], ClassStream) == nil {
		m.opened.Add(1)
		if err := c.SetDeadline(time.Time{}); err != nil {
			return nil, err
		}
		return &plainStream{m.plain, begun}, nil
	}
	return m.Sealer.OpenStream(begun, false, deadline)
}

// begunStream is a stream whose first bytes have been read.
type begunStream struct {
	net.Conn
	head []byte
}

func (s *begunStream) Read(b []byte) (int, error) {
	if len(s.head) == 0 {
		return s.Conn.Read(b)
	}
	n := copy(b, s.head)
	s.head = s.head[n:]
	return n, nil
}

// plainStream is a plain stream whose first bytes have been read: its frames come from there.
type plainStream struct {
	*Envelope
	begun *begunStream
}

// source returns where the frames of a stream are read from.
func source(r io.Reader, e Framing) io.Reader {
	if p, ok := e.(*plainStream); ok {
		return p.begun
	}
	return r
}
