package transport

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/memberlist"
)

const (
	maxDatagram   = 1 << 16 // bytes; no datagram is larger
	receiveBuffer = 2 << 20 // bytes that the system is asked to keep for the socket
)

// How long a loop pauses after an error of the system, such as too many open files: twice as long after each.
const (
	minPause = 5 * time.Millisecond
	maxPause = time.Second
)

// sockets carry packets by UDP and streams by TCP, over one port of this host. They are a [memberlist.Transport] whose
// channels are the queues of an intake: two goroutines read the network straight into them, one for each socket. All
// packets are read into one buffer, and the intake copies only those that it takes. Because it never waits, Shutdown
// ends whether anybody reads the channels or not.
type sockets struct {
	in      *intake
	udp     packetConn
	tcp     net.Listener
	log     *thinLog
	closing sync.Once
	closed  chan struct{}
	loops   sync.WaitGroup
}

var _ memberlist.Transport = (*sockets)(nil)

// packetConn is what sockets need of a [net.UDPConn].
type packetConn interface {
	ReadMsgUDPAddrPort(b, oob []byte) (n, oobn, flags int, from netip.AddrPort, err error)
	WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error)
	io.Closer
}

// carry starts to read the sockets into an intake. They are closed by Shutdown.
func carry(udp packetConn, tcp net.Listener, in *intake, log hclog.Logger) *sockets {
	s := &sockets{in: in, udp: udp, tcp: tcp, log: &thinLog{log: log}, closed: make(chan struct{})}
	s.loops.Go(s.readPackets)
	s.loops.Go(s.acceptStreams)
	return s
}

// readPackets reads packets until Shutdown.
func (s *sockets) readPackets() {
	r := newPacketReader(s.udp, s.in)
	s.repeat("read packets", r.next)
}

// acceptStreams accepts streams until Shutdown.
func (s *sockets) acceptStreams() {
	s.repeat("accept streams", func() error {
		c, err := s.tcp.Accept()
		if err == nil {
			s.in.takeStream(c)
		}
		return err
	})
}

// repeat does one thing until Shutdown. After an error it pauses, or it would use up a processor and say so.
func (s *sockets) repeat(what string, do func() error) {
	pause := minPause
	for {
		err := do()
		switch {
		case err == nil:
			pause = minPause
			continue
		case s.isClosed():
			return
		}
		s.log.Error("cannot "+what, "error", err, "again_in", pause)
		select {
		case <-time.After(pause):
		case <-s.closed:
			return
		}
		pause = min(2*pause, maxPause)
	}
}

func (s *sockets) isClosed() bool {
	select {
	case <-s.closed:
		return true
	default:
		return false
	}
}

// packetReader reads one packet after the other into the same buffer. It belongs to one goroutine.
type packetReader struct {
	udp     packetConn
	in      *intake
	buf     []byte
	control []byte // what the system says beside a packet
	lost    uint32 // packets that it has dropped since the socket is open, as it counts them
}

func newPacketReader(udp packetConn, in *intake) *packetReader {
	return &packetReader{udp: udp, in: in, buf: make([]byte, maxDatagram), control: make([]byte, controlSize)}
}

// next waits for the next packet and hands it to the intake, after the number of those that were lost before it came.
func (r *packetReader) next() error {
	n, controls, _, from, err := r.udp.ReadMsgUDPAddrPort(r.buf, r.control)
	if err != nil {
		return err
	}
	if lost, ok := dropsOf(r.control[:controls]); ok {
		r.in.drops.packetKernel.Add(uint64(lost - r.lost)) // of 32 bits: it begins at 0 again
		r.lost = lost
	}
	r.in.takePacket(from, r.buf[:n], time.Now())
	return nil
}

// PacketCh returns the packets that were taken.
func (s *sockets) PacketCh() <-chan *memberlist.Packet { return s.in.packets }

// StreamCh returns the streams that were taken.
func (s *sockets) StreamCh() <-chan net.Conn { return s.in.streams }

// WriteTo sends a packet to an IP and port. Anything else is an error: no name is ever resolved.
func (s *sockets) WriteTo(b []byte, address string) (time.Time, error) {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return time.Time{}, err
	}
	_, err = s.udp.WriteToUDPAddrPort(b, to)
	return time.Now(), err
}

// DialTimeout opens a stream to an IP and port. Anything else is an error.
func (s *sockets) DialTimeout(address string, timeout time.Duration) (net.Conn, error) {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, err
	}
	return (&net.Dialer{Timeout: timeout}).Dial("tcp", to.String())
}

// FinalAdvertiseAddr returns the address that is given, or the one that the sockets listen on.
func (s *sockets) FinalAdvertiseAddr(ip string, port int) (net.IP, int, error) {
	if ip == "" {
		ip, port = s.in.local.Addr().String(), int(s.in.local.Port())
	}
	a, err := netip.ParseAddr(ip)
	switch {
	case err != nil:
		return nil, 0, err
	case a.IsUnspecified():
		return nil, 0, fmt.Errorf("%s means every address of this host: say which one others are told", ip)
	}
	return a.AsSlice(), port, nil
}

// Shutdown closes the sockets and returns when nothing reads them any more. The channels stay open and may hold what
// nobody has read.
func (s *sockets) Shutdown() (err error) {
	s.closing.Do(func() {
		close(s.closed)
		err = errors.Join(s.tcp.Close(), s.udp.Close())
	})
	s.loops.Wait()
	return err
}

// freePortTries is how often a free port is picked: the one that TCP gets may be taken for UDP.
const freePortTries = 16

// openSockets opens both sockets at an address; a test may make that fail.
type openSockets func(bind netip.AddrPort) (*net.UDPConn, *net.TCPListener, error)

// openFree opens sockets at bind, at another free port when it asks for any and UDP has the one that TCP got.
func openFree(bind netip.AddrPort, open openSockets) (*net.UDPConn, *net.TCPListener, error) {
	udp, tcp, err := open(bind)
	for try := 1; bind.Port() == 0 && try < freePortTries && errors.Is(err, syscall.EADDRINUSE); try++ {
		udp, tcp, err = open(bind)
	}
	if err != nil {
		return nil, nil, explainListen(err)
	}
	return udp, tcp, nil
}

// openBoth opens a TCP socket, and a UDP socket at the same port. One at an IPv4 address hears no IPv6, not even one at
// 0.0.0.0.
func openBoth(bind netip.AddrPort) (*net.UDPConn, *net.TCPListener, error) {
	family := ""
	if bind.Addr().Is4() {
		family = "4"
	}
	tcp, err := net.ListenTCP("tcp"+family, net.TCPAddrFromAddrPort(bind))
	if err != nil {
		return nil, nil, err
	}
	bind = netip.AddrPortFrom(bind.Addr(), tcp.Addr().(*net.TCPAddr).AddrPort().Port())
	udp, err := net.ListenUDP("udp"+family, net.UDPAddrFromAddrPort(bind))
	if err != nil {
		_ = tcp.Close()
		return nil, nil, err
	}
	for size := receiveBuffer; size > 0 && udp.SetReadBuffer(size) != nil; { // the system may not give as much
		size /= 2
	}
	countDrops(udp)
	return udp, tcp, nil
}

// explainListen returns what err means for the operator: the system's cause, and what to do when that is known.
func explainListen(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err // without the address, which the caller tells
	}
	for _, known := range []struct {
		cause syscall.Errno
		todo  string
	}{
		{syscall.EADDRINUSE, "choose another port with --bind, or stop what holds it"},
		{syscall.EADDRNOTAVAIL, "this host does not have the address: give one of its own with --bind"},
		{syscall.EACCES, "choose a port above 1023 with --bind"},
	} {
		if errors.Is(err, known.cause) {
			return fmt.Errorf("%w: %s", known.cause, known.todo)
		}
	}
	return err
}
