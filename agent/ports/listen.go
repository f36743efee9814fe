package ports

import (
	"net"
	"net/netip"

	"heartsay/agent/internal/ratelimit"
)

// Listener is a listener with places. It never stops to accept: for who has no place, another makes way, or it is closed.
type Listener struct {
	net.Listener
	*Conns
}

// Listen puts bounds before l, by the addresses that its callers come from. On a loopback address there is one source, this
// host: all who call are users of it, under an address that they choose.
func Listen(l net.Listener, b Bounds) *Listener {
	if at, ok := l.Addr().(*net.TCPAddr); ok && at.IP.IsLoopback() {
		b.Share = 0
	}
	return &Listener{l, New(b)}
}

// Accept returns the next connection that has a place. Its standing is [Unproven].
func (l *Listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		p, err := l.Add(c, SourceOf(c))
		if err == nil {
			return p, nil
		}
		_ = c.Close()
	}
}

// Close stops listening. Connections stay open.
func (l *Listener) Close() error { return l.Listener.Close() }

// SourceOf returns what counts as the source of a connection, see [ratelimit.Source]; the zero address when that is not known.
func SourceOf(c net.Conn) netip.Addr {
	if from, ok := c.RemoteAddr().(*net.TCPAddr); ok {
		return ratelimit.Source(from.AddrPort().Addr().Unmap())
	}
	return netip.Addr{}
}
