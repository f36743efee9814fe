package bench

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

// Streams behave like TCP where it matters here: bytes arrive whole and in order, a lost segment is sent again and
// holds up those behind it, and a handshake that is lost is tried again. There is no congestion window and no
// acknowledgement of its own: one of 40 bytes per two segments would add 1.4 % to full segments.
const (
	acceptBacklog = 128                    // streams that wait to be accepted; beyond it the handshake is lost
	firstResend   = 200 * time.Millisecond // Linux's least retransmission time-out; it doubles
	firstRedial   = time.Second            // Linux's time-out of a handshake; it doubles
	resends       = 15                     // Linux gives up then
)

// stream is one end of a TCP-like stream. Its fields belong to the network's lock.
type stream struct {
	owner  *carrier
	local  *host
	peer   *stream
	queue  []*segment // sent by this end and not yet in the peer's buffer
	buffer []byte     // arrived and not yet read
	ended  bool       // the peer will send no more
	closed bool       // by its owner
	failed error
	news   chan struct{}
	read   deadline
}

type segment struct {
	bytes   []byte // none: the end of the stream
	arrived bool
}

var _ net.Conn = (*stream)(nil)

// DialTimeout opens a stream. A host that nobody listens at refuses.
func (t *carrier) DialTimeout(address string, timeout time.Duration) (net.Conn, error) {
	n := t.host.net
	patience := time.NewTimer(timeout)
	defer patience.Stop()
	for try := 0; ; try++ {
		c, again, err := t.dial(address, try, patience.C)
		if c != nil {
			return c, nil
		}
		if err != nil {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: n.at[address].tcp(), Err: err}
		}
		if err := t.pause(again, patience.C); err != nil {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: n.at[address].tcp(), Err: err}
		}
	}
}

// dial tries a handshake. Without a stream and an error it is to be tried again after a while.
func (t *carrier) dial(address string, try int, patience <-chan time.Time) (*stream, time.Duration, error) {
	h, n := t.host, t.host.net
	if err := t.waitForRelease(patience); err != nil {
		return nil, 0, err
	}
	n.mu.Lock()
	to := n.at[address]
	if try == 0 {
		h.Sent.StreamBytes += streamSetup
	} else {
		h.Sent.StreamBytes += segmentHeader
	}
	lost := to == nil || n.lost(h, to, n.loss.ofStreams()) || n.lost(to, h, n.loss.ofStreams())
	there := n.delay(h)
	back := n.delay(h)
	n.mu.Unlock()
	again := firstRedial << min(try, 6)
	if lost {
		return nil, again, nil
	}
	if err := t.pause(there, patience); err != nil {
		return nil, 0, err
	}
	near, full, err := n.connect(t, to)
	if full {
		return nil, again, nil
	}
	if waitErr := t.pause(back, patience); err == nil {
		err = waitErr
	}
	if err != nil && near != nil {
		near.Close()
		near = nil
	}
	return near, 0, err
}

// waitForRelease waits while the host is held.
func (t *carrier) waitForRelease(patience <-chan time.Time) error {
	n := t.host.net
	for {
		n.mu.Lock()
		held, released, life := t.host.held, t.host.released, t.host.life
		n.mu.Unlock()
		if life != t {
			return net.ErrClosed
		}
		if !held {
			return nil
		}
		select {
		case <-released:
		case <-patience:
			return os.ErrDeadlineExceeded
		case <-t.down:
			return net.ErrClosed
		}
	}
}

func (t *carrier) pause(d time.Duration, patience <-chan time.Time) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-patience:
		return os.ErrDeadlineExceeded
	case <-t.down:
		return net.ErrClosed
	}
}

// connect makes the two ends of a stream and hands the far one to who listens. A held process has a kernel that
// completes the handshake; it is handed the stream when it is released. Full reports that too many wait.
func (n *network) connect(t *carrier, to *host) (near *stream, full bool, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	life := to.life
	if life == nil {
		return nil, false, syscall.ECONNREFUSED
	}
	if len(life.streams) == cap(life.streams) || to.held && len(to.heldStreams) >= queueLimit {
		return nil, true, nil
	}
	near, far := newStream(t), newStream(life)
	near.peer, far.peer = far, near
	accept := func() {
		select {
		case life.streams <- far:
		default:
			far.reset()
		}
	}
	if to.held {
		to.heldStreams = append(to.heldStreams, accept)
	} else {
		accept()
	}
	return near, false, nil
}

func newStream(t *carrier) *stream {
	s := &stream{owner: t, local: t.host, news: make(chan struct{}, 1), read: newDeadline()}
	t.open[s] = struct{}{}
	return s
}

// Write queues b to be sent. It never waits: the window is as large as it needs to be.
func (s *stream) Write(b []byte) (int, error) {
	n := s.local.net
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := s.fault("write"); err != nil {
		return 0, err
	}
	for rest := b; len(rest) > 0; {
		size := min(len(rest), segmentSize)
		s.push(append([]byte(nil), rest[:size]...))
		rest = rest[size:]
	}
	return len(b), nil
}

func (s *stream) push(b []byte) {
	g := &segment{bytes: b}
	s.queue = append(s.queue, g)
	s.attempt(g, 0)
}

// attempt sends a segment for the try-th time.
func (s *stream) attempt(g *segment, try int) {
	n := s.local.net
	if s.failed != nil || try > resends {
		return
	}
	if s.local.held {
		s.local.heldStreams = append(s.local.heldStreams, func() { s.attempt(g, try) })
		return
	}
	if len(g.bytes) > 0 || try > 0 { // the first end of the stream is part of streamSetup
		s.local.Sent.StreamBytes += int64(len(g.bytes) + segmentHeader)
	}
	if n.lost(s.local, s.peer.local, n.loss.ofStreams()) {
		n.after(firstResend<<min(try, 9), func() { s.attempt(g, try+1) })
		return
	}
	n.after(n.delay(s.local), func() {
		g.arrived = true
		s.flush()
	})
}

// flush moves what arrived in order into the peer's buffer.
func (s *stream) flush() {
	to := s.peer.local
	for len(s.queue) > 0 && s.queue[0].arrived {
		if to.held {
			to.heldStreams = append(to.heldStreams, s.flush)
			return
		}
		g := s.queue[0]
		s.queue = s.queue[1:]
		s.peer.buffer = append(s.peer.buffer, g.bytes...)
		s.peer.ended = s.peer.ended || len(g.bytes) == 0
		s.peer.tell()
	}
}

func (s *stream) tell() {
	select {
	case s.news <- struct{}{}:
	default:
	}
}

// fault returns why nothing can be read or written any more, if so.
func (s *stream) fault(op string) error {
	switch {
	case s.closed:
		return &net.OpError{Op: op, Net: "tcp", Err: net.ErrClosed}
	case s.failed != nil:
		return &net.OpError{Op: op, Net: "tcp", Err: s.failed}
	}
	return nil
}

func (s *stream) Read(b []byte) (int, error) {
	n := s.local.net
	for {
		n.mu.Lock()
		got := copy(b, s.buffer)
		s.buffer = s.buffer[got:]
		err, ended, late := s.fault("read"), s.ended, s.read.passed
		n.mu.Unlock()
		switch {
		case err != nil && (got == 0 || errors.Is(err, net.ErrClosed)):
			return 0, err
		case got > 0 || len(b) == 0:
			return got, nil
		case ended:
			return 0, io.EOF
		}
		select {
		case <-s.news:
		case <-late:
			return 0, &net.OpError{Op: "read", Net: "tcp", Err: os.ErrDeadlineExceeded}
		}
	}
}

// Close ends the stream. What was written still arrives.
func (s *stream) Close() error {
	n := s.local.net
	n.mu.Lock()
	defer n.mu.Unlock()
	if s.closed {
		return net.ErrClosed
	}
	if s.failed == nil {
		s.push(nil)
	}
	s.end()
	return nil
}

// end lets go of what the end of the stream holds.
func (s *stream) end() {
	s.closed = true
	delete(s.owner.open, s)
	s.read.set(n0, s.local.net)
	s.tell()
}

var n0 time.Time // no deadline

// reset is what the kernel does when the process dies: this end is gone, and the peer is told, if that gets through.
func (s *stream) reset() {
	n := s.local.net
	s.failed = syscall.ECONNRESET
	s.end()
	if !n.lost(s.local, s.peer.local, n.loss.ofStreams()) {
		n.after(n.delay(s.local), func() {
			s.peer.failed = syscall.ECONNRESET
			s.peer.tell()
		})
	}
}

func (h *host) tcp() net.Addr {
	if h == nil {
		return &net.TCPAddr{}
	}
	return net.TCPAddrFromAddrPort(h.address)
}

func (s *stream) LocalAddr() net.Addr  { return s.local.tcp() }
func (s *stream) RemoteAddr() net.Addr { return s.peer.local.tcp() }

func (s *stream) SetDeadline(t time.Time) error    { return s.SetReadDeadline(t) }
func (s *stream) SetWriteDeadline(time.Time) error { return nil } // Write never waits
func (s *stream) SetReadDeadline(t time.Time) error {
	n := s.local.net
	n.mu.Lock()
	defer n.mu.Unlock()
	if !s.closed {
		s.read.set(t, n)
	}
	return nil
}

// deadline closes passed when it has passed.
type deadline struct {
	passed chan struct{}
	timer  *time.Timer
}

func newDeadline() deadline { return deadline{passed: make(chan struct{})} }

// set moves the deadline. The lock of the network is held.
func (d *deadline) set(t time.Time, n *network) {
	if d.timer != nil && !d.timer.Stop() {
		d.passed = make(chan struct{})
	}
	d.timer = nil
	if t.IsZero() {
		return
	}
	passed := d.passed
	d.timer = time.AfterFunc(time.Until(t), func() { close(passed) })
}
