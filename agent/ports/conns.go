// Package ports bounds what the callers of a port may take, in one way for all ports of a program: connections, connections
// of one source, time without work, work at once.
//
// A connection is [Unproven] until its owner says that its caller has sent something valid, a handshake, a token or a
// request: then it is [Working], and [Resting] between two requests. When no place is free, the oldest unproven connection
// makes way, or else the one that has rested longest; one that works never does. The source that has most connections gives
// first, so that who opens many pushes out its own. A connection that does not work is closed after a while.
//
// [Conns] are the places of one port (conns.go), [Listen] puts them before a listener (listen.go), and [Work] bounds what is
// worked on at once (work.go). All of it is safe for concurrent use.
package ports

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"
)

// Standing is what is known of the caller at the other end of a connection.
type Standing int

// The standings of a connection.
const (
	Unproven Standing = iota // it has sent nothing valid yet
	Resting                  // it has, and nothing is under way for it
	Working                  // something is under way for it: its owner bounds how long
)

// Bounds are what the callers of one port may have.
type Bounds struct {
	Conns int           // connections at once
	Share int           // of them of one source; 0: without a bound
	Idle  time.Duration // that a connection may be unproven, or rest; 0: for ever
}

// Reasons why [Conns.Add] has no place for a connection.
var (
	ErrFull  = errors.New("every place is taken")
	ErrShare = errors.New("its source has as many places as one may have")
)

// Crowded counts connections that were closed or refused for lack of a place.
type Crowded struct {
	Full  uint64 // every place was taken
	Share uint64 // its source had as many places as one may have
}

// Conns are the accepted connections of a port that are open, as many as there are places at most.
type Conns struct {
	bounds Bounds

	mu      sync.Mutex
	last    uint64 // number that was given last, see placed
	open    map[*placed]struct{}
	sources map[netip.Addr]int // places of each source
	crowded Crowded
}

// New returns the places of a port, all of them free.
func New(b Bounds) *Conns {
	return &Conns{bounds: b, open: map[*placed]struct{}{}, sources: map[netip.Addr]int{}}
}

// placed is a connection that holds a place until it is closed.
type placed struct {
	net.Conn
	conns  *Conns
	source netip.Addr

	// Protected by the lock of conns.
	standing Standing
	since    uint64      // a number that rises: when it took its standing
	idle     *time.Timer // closes it; nil when nothing does
}

// NetConn returns the connection itself.
func (p *placed) NetConn() net.Conn { return p.Conn }

// Close closes the connection and frees its place. Only the first call frees it.
func (p *placed) Close() error {
	p.conns.mu.Lock()
	p.conns.remove(p)
	p.conns.mu.Unlock()
	return p.Conn.Close()
}

// Add returns c with a place of its own, until it is closed. When there is none, another connection makes way and is
// closed, or the error is [ErrFull], or [ErrShare] for a source that has its share. The zero source has no bound of its
// own. After an error c is still open.
func (o *Conns) Add(c net.Conn, source netip.Addr) (net.Conn, error) {
	p := &placed{Conn: c, conns: o, source: source}
	way, err := o.place(p)
	if way != nil {
		_ = way.Conn.Close()
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

// place gives p a place, and returns which connection has lost its own for that.
func (o *Conns) place(p *placed) (way *placed, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.bounds.Share > 0 && p.source.IsValid() && o.sources[p.source] >= o.bounds.Share:
		o.crowded.Share++
		way, err = o.leastOf(func(q *placed) bool { return q.source == p.source }), ErrShare
	case len(o.open) >= o.bounds.Conns:
		o.crowded.Full++
		way, err = o.leastOf(func(*placed) bool { return true }), ErrFull
	}
	if err != nil && way == nil {
		return nil, err
	}
	o.remove(way)
	o.open[p] = struct{}{}
	o.sources[p.source]++
	o.stand(p, Unproven)
	return way, nil
}

// leastOf returns the connection that makes way first among some, nil when none does. The caller holds the lock.
func (o *Conns) leastOf(among func(*placed) bool) (least *placed) {
	for p := range o.open {
		if p.standing != Working && among(p) && (least == nil || o.before(p, least)) {
			least = p
		}
	}
	return least
}

// before reports whether a makes way before b.
func (o *Conns) before(a, b *placed) bool {
	if a.standing != b.standing {
		return a.standing < b.standing
	}
	if has, other := o.sources[a.source], o.sources[b.source]; has != other {
		return has > other
	}
	return a.since < b.since
}

// remove takes the place of p, if it has one. The caller holds the lock.
func (o *Conns) remove(p *placed) {
	if p == nil {
		return
	}
	if _, open := o.open[p]; !open {
		return
	}
	delete(o.open, p)
	if o.sources[p.source]--; o.sources[p.source] == 0 {
		delete(o.sources, p.source)
	}
	if p.idle != nil {
		p.idle.Stop()
	}
}

// stand notes the standing of p, which has a place. The caller holds the lock.
func (o *Conns) stand(p *placed, s Standing) {
	o.last++
	p.standing, p.since = s, o.last
	switch {
	case o.bounds.Idle == 0:
	case s == Working && p.idle != nil:
		p.idle.Stop()
	case s != Working && p.idle == nil:
		p.idle = time.AfterFunc(o.bounds.Idle, func() { o.idled(p) })
	case s != Working:
		p.idle.Reset(o.bounds.Idle)
	}
}

// idled closes p, whose time is up, unless it works by now.
func (o *Conns) idled(p *placed) {
	o.mu.Lock()
	works := p.standing == Working
	o.mu.Unlock()
	if !works {
		_ = p.Close()
	}
}

// Mark notes the standing of a connection that [Conns.Add] returned, or of one around it that has a method NetConn. It
// does nothing for any other connection, nor for one that is closed. Only a connection that works can rest.
func Mark(c net.Conn, s Standing) {
	for c != nil {
		if p, ok := c.(*placed); ok {
			p.mark(s)
			return
		}
		outer, ok := c.(interface{ NetConn() net.Conn })
		if !ok {
			return
		}
		c = outer.NetConn()
	}
}

func (p *placed) mark(s Standing) {
	p.conns.mu.Lock()
	defer p.conns.mu.Unlock()
	if _, open := p.conns.open[p]; open && (s != Resting || p.standing == Working) {
		p.conns.stand(p, s)
	}
}

// Crowded returns how many connections were closed or refused for lack of a place since the start.
func (o *Conns) Crowded() Crowded {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.crowded
}

// Close closes every connection that is open.
func (o *Conns) Close() {
	o.mu.Lock()
	var open []*placed
	for p := range o.open {
		open = append(open, p)
		o.remove(p)
	}
	o.mu.Unlock()
	for _, p := range open {
		_ = p.Conn.Close()
	}
}

// Places returns how many connections of a port may be open at once: most, but no more than an eighth of the file
// descriptors that this process may have. The ports that strangers reach, four at most, leave half of the descriptors to
// the program's own socket and files.
func Places(most int) int {
	const least = 4
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return most
	}
	return int(min(uint64(most), max(uint64(limit.Cur)/8, least)))
}
