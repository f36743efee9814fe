package transport

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/memberlist"
	"go.uber.org/goleak"

	"heartsay/agent/ports"
)

// listenAt returns a Transport on real sockets, or skips the test when this host has no such address.
func listenAt(t *testing.T, ip string) *Transport {
	t.Helper()
	tr, err := Listen(netip.AddrPortFrom(netip.MustParseAddr(ip), 0), hclog.NewNullLogger())
	if err != nil && ip == "::1" {
		t.Skipf("this host has no IPv6: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tr.Close() })
	return tr
}

// await waits until done reports true. What it waits for happens in other goroutines or in the kernel.
func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !done(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not happen within 10 s", what)
		}
	}
}

// within returns a context that ends after d.
func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// takeWithin returns the next thing from a queue.
func takeWithin[T any](t *testing.T, queue <-chan T) T {
	t.Helper()
	select {
	case v, ok := <-queue:
		if !ok {
			t.Fatal("the queue is closed")
		}
		return v
	case <-time.After(10 * time.Second):
		t.Fatal("nothing came within 10 s")
	}
	panic("unreachable")
}

func TestPacketsAndStreamsTravelOverRealSockets(t *testing.T) {
	for _, ip := range []string{"127.0.0.1", "::1"} {
		t.Run(ip, func(t *testing.T) {
			a, b := listenAt(t, ip), listenAt(t, ip)
			if a.Local().Port() == 0 || a.Local() == b.Local() || a.Local().Addr() != netip.MustParseAddr(ip) {
				t.Fatalf("port 0 was asked for twice: got %s and %s", a.Local(), b.Local())
			}
			before := time.Now()
			if err := a.Send(b.Local(), []byte("hello")); err != nil {
				t.Fatal(err)
			}
			p := takeWithin(t, b.packets)
			if string(p.Buf) != "hello" || p.From.String() != a.Local().String() || p.Timestamp.Before(before) {
				t.Errorf("sent hello from %s, got %q from %s at %s", a.Local(), p.Buf, p.From, p.Timestamp)
			}
			if cap(p.Buf) != len(p.Buf) {
				t.Errorf("a packet of %d bytes keeps %d alive", len(p.Buf), cap(p.Buf))
			}
			exchangeBytes(t, a, b)
		})
	}
}

// exchangeBytes opens a stream from a to b and sends something each way.
func exchangeBytes(t *testing.T, a, b *Transport) {
	t.Helper()
	out, err := a.Dial(within(t, 10*time.Second), b.Local())
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	in := takeWithin(t, b.streams)
	defer in.Close()
	for _, dir := range []struct{ from, to net.Conn }{{out, in}, {in, out}} {
		if _, err := dir.from.Write([]byte("question")); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, len("question"))
		if _, err := io.ReadFull(dir.to, got); err != nil || string(got) != "question" {
			t.Errorf("read %q, %v from the stream", got, err)
		}
	}
}

func TestTransportToIPv4WrittenAsIPv6ReachesTheSameMember(t *testing.T) {
	a, b := listenAt(t, "127.0.0.1"), listenAt(t, "127.0.0.1")
	mapped := netip.AddrPortFrom(netip.AddrFrom16(b.Local().Addr().As16()), b.Local().Port())
	if err := a.Send(mapped, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if p := takeWithin(t, b.packets); p.From.String() != a.Local().String() {
		t.Errorf("the packet seems to come from %s: want %s", p.From, a.Local())
	}
}

func TestTransportContactsHostsOnlyByTheirAddress(t *testing.T) {
	tr := listenAt(t, "127.0.0.1")
	for _, s := range []string{"0.0.0.0:1", "[::]:1", "10.0.0.1:0", "224.0.0.1:1", "255.255.255.255:1", ""} {
		to, _ := netip.ParseAddrPort(s)
		if err := tr.Send(to, []byte("x")); err == nil {
			t.Errorf("a packet was sent to %q", s)
		}
		if c, err := tr.Dial(within(t, time.Second), to); err == nil {
			t.Errorf("a stream was opened to %q", s)
			_ = c.Close()
		}
	}
	for what, ctx := range map[string]context.Context{"no deadline": t.Context(), "one that is over": within(t, 0)} {
		if _, err := tr.Dial(ctx, tr.Local()); err == nil {
			t.Errorf("a stream was opened with %s", what)
		}
	}
}

func TestListenErrorsSayWhatToDo(t *testing.T) {
	tr := listenAt(t, "127.0.0.1")
	udp, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	const inUse = "choose another port with --bind, or stop what holds it"
	for _, c := range []struct {
		rule, bind, says string
		cause            error
	}{
		{"another agent's port", tr.Local().String(), inUse, syscall.EADDRINUSE},
		{"a port taken for UDP only", udp.LocalAddr().String(), inUse, syscall.EADDRINUSE},
		{"another host's address", "192.0.2.1:4327", "this host does not have the address", syscall.EADDRNOTAVAIL},
	} {
		_, err := Listen(netip.MustParseAddrPort(c.bind), hclog.NewNullLogger())
		want := fmt.Sprintf("listen on %s: %s: %s", c.bind, c.cause, c.says)
		if !errors.Is(err, c.cause) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v: want %q", c.rule, err, want)
		}
	}
	// The system would listen at every address for some of these.
	for _, bind := range []netip.AddrPort{{}, netip.MustParseAddrPort("[fe80::1%eth0]:1"),
		netip.MustParseAddrPort("224.0.0.1:1")} {
		if tr, err := Listen(bind, hclog.NewNullLogger()); err == nil {
			t.Errorf("bind to %s listens on %s", bind, tr.Local())
			_ = tr.Close()
		}
	}
	unknown := &net.OpError{Op: "listen", Net: "tcp", Addr: tr.carrier.(*sockets).tcp.Addr(), Err: errors.New("disk: on fire")}
	if got := explainListen(unknown).Error(); got != "disk: on fire" {
		t.Errorf("an unknown cause is told as %q", got)
	}
}

func TestListenPicksAnotherFreePortWhenUDPHasItTaken(t *testing.T) {
	tries := 0
	open := func(bind netip.AddrPort) (*net.UDPConn, *net.TCPListener, error) {
		if tries++; tries <= 3 {
			return nil, nil, &net.OpError{Op: "listen", Net: "udp", Err: os.NewSyscallError("bind", syscall.EADDRINUSE)}
		}
		return openBoth(bind)
	}
	bind := netip.MustParseAddrPort("127.0.0.1:0")
	tr, err := listen(bind, hclog.NewNullLogger(), open)
	if err != nil || tr.Local().Port() == 0 || tries != 4 {
		t.Fatalf("after %d tries: %v: want the fourth to succeed", tries, err)
	}
	defer tr.Close()

	tries = -1000
	if _, err = listen(bind, hclog.NewNullLogger(), open); err == nil || tries != -1000+freePortTries {
		t.Errorf("gave up after %d tries with %v: want %d", tries+1000, err, freePortTries)
	}
	tries = 0
	if _, err = listen(tr.Local(), hclog.NewNullLogger(), open); err == nil || tries != 1 {
		t.Errorf("a given port was tried %d times: %v", tries, err)
	}
}

// R15.
func TestPacketsOfNoOrTooManyBytesAreDroppedAndCounted(t *testing.T) {
	a, b := listenAt(t, "127.0.0.1"), listenAt(t, "127.0.0.1")
	send := func(n int) {
		if err := a.Send(b.Local(), make([]byte, n)); err != nil {
			t.Fatal(err)
		}
	}
	send(0)
	send(DefaultMaxPacket + 1)
	send(60_000)
	send(DefaultMaxPacket)
	if p := takeWithin(t, b.packets); len(p.Buf) != DefaultMaxPacket {
		t.Errorf("a packet of %d bytes came: want the one of %d", len(p.Buf), DefaultMaxPacket)
	}
	b.LimitPackets(9000)
	send(9001)
	send(9000)
	if p := takeWithin(t, b.packets); len(p.Buf) != 9000 {
		t.Errorf("a packet of %d bytes came: want the one of 9000", len(p.Buf))
	}
	if d := b.Drops(); d["packet_size"] != 3 || d["packet_empty"] != 1 {
		t.Errorf("counted %v: want three too large and one empty", d)
	}
}

func TestCloseUnderFireLeavesNothingBehind(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	tr, err := Listen(netip.MustParseAddrPort("127.0.0.1:0"), hclog.NewNullLogger())
	if err != nil {
		t.Fatal(err)
	}
	var fire sync.WaitGroup
	cease := make(chan struct{})
	for range 4 {
		fire.Go(func() { shoot(t, tr.Local(), cease) })
	}
	await(t, "a full queue and a full house", func() bool {
		d := tr.Drops()
		return d["packet_queue"] > 0 && d["stream_share"] > 0
	})
	taken := <-tr.streams // one is being handled, the others wait; no packet was ever read
	var closers sync.WaitGroup
	for range 3 {
		closers.Go(func() {
			if err := tr.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
		})
	}
	closers.Wait()
	if _, err := taken.Write([]byte("x")); err == nil {
		t.Error("a stream is still open after Close: its handler would never end")
	}
	_ = taken.Close()
	if _, _, _, err := tr.Receive(); err != io.EOF {
		t.Errorf("a closed transport gives a packet, or %v", err)
	}
	if _, err := tr.Accept(); err != io.EOF {
		t.Errorf("a closed transport gives a stream, or %v", err)
	}
	if _, err := tr.Dial(within(t, time.Second), tr.Local()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a closed transport opens a stream, or says %v", err)
	}
	if err := tr.Send(tr.Local(), []byte("x")); err == nil {
		t.Error("a closed transport sends")
	}
	close(cease)
	fire.Wait()
}

// shoot sends packets and opens streams as fast as it can, and never reads.
func shoot(t *testing.T, to netip.AddrPort, cease <-chan struct{}) {
	udp, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to))
	if err != nil {
		t.Error(err)
		return
	}
	defer udp.Close()
	var held []net.Conn
	defer func() {
		for _, c := range held {
			_ = c.Close()
		}
	}()
	for {
		select {
		case <-cease:
			return
		default:
		}
		_, _ = udp.Write([]byte("noise"))
		if len(held) < MaxStreams {
			if c, err := net.DialTimeout("tcp", to.String(), time.Second); err == nil {
				held = append(held, c)
			}
		}
	}
}

// R15.
func TestThe65thStreamIsRefusedUntilAPlaceIsFree(t *testing.T) {
	tr := listenAt(t, "127.0.0.1")
	source := 1 // each has a share of the places
	dial := func() net.Conn {
		source++
		return dialFrom(t, tr, fmt.Sprintf("127.0.0.%d", source))
	}
	var taken []net.Conn
	for range MaxStreams {
		dial()
		taken = append(taken, takeWithin(t, tr.streams))
		ports.Mark(taken[len(taken)-1], ports.Working) // of a member: else it would make way
	}
	if n, err := dial().Read(make([]byte, 1)); err == nil {
		t.Errorf("stream %d was answered with %d bytes: it must be closed", MaxStreams+1, n)
	}
	if got := tr.Drops()["stream_limit"]; got != 1 {
		t.Errorf("%d refused streams were counted: want 1", got)
	}
	_ = taken[0].Close()
	_ = taken[0].Close() // frees one place, not two
	_ = dial()
	again := takeWithin(t, tr.streams)
	ports.Mark(again, ports.Working)
	if _, err := dial().Read(make([]byte, 1)); err == nil || tr.Drops()["stream_limit"] != 2 {
		t.Errorf("one stream was closed, twice, and two new ones were let in")
	}
	_ = again.Close()
}

// fakeTransport is a memberlist.Transport in memory, with channels as unbuffered as those of the real one.
type fakeTransport struct {
	packets chan *memberlist.Packet
	streams chan net.Conn
	sent    []string
	dial    func() (net.Conn, error)
}

func newFakeTransport() *fakeTransport {
	return &fakeTransport{packets: make(chan *memberlist.Packet), streams: make(chan net.Conn)}
}

func (f *fakeTransport) FinalAdvertiseAddr(string, int) (net.IP, int, error) { return nil, 0, nil }
func (f *fakeTransport) PacketCh() <-chan *memberlist.Packet                 { return f.packets }
func (f *fakeTransport) StreamCh() <-chan net.Conn                           { return f.streams }
func (f *fakeTransport) Shutdown() error                                     { return errors.New("already down") }
func (f *fakeTransport) WriteTo(b []byte, addr string) (time.Time, error) {
	f.sent = append(f.sent, fmt.Sprintf("%s %s", addr, b))
	return time.Time{}, nil
}
func (f *fakeTransport) DialTimeout(string, time.Duration) (net.Conn, error) {
	if f.dial == nil {
		return nil, errors.New("nobody is there")
	}
	return f.dial()
}

// addrOf is a net.Addr of a network of its own.
type addrOf string

func (addrOf) Network() string  { return "memory" }
func (a addrOf) String() string { return string(a) }

func overFake(t *testing.T) (*fakeTransport, *Transport) {
	f := newFakeTransport()
	tr := New(f, netip.MustParseAddrPort("10.0.0.1:4327"))
	t.Cleanup(func() { _ = tr.Close() })
	return f, tr
}

// R15.
func TestFullQueueDropsTheOldestPacket(t *testing.T) {
	f, tr := overFake(t)
	const extra = 10
	from := addrOf("10.0.0.2:4327")
	for i := range uint64(PacketQueue + extra) { // nobody reads, and yet every one is taken
		f.packets <- &memberlist.Packet{Buf: binary.BigEndian.AppendUint64(nil, i), From: from}
	}
	f.packets <- nil // taken only after the last packet is queued; worth nothing itself
	if got := tr.Drops()["packet_queue"]; got != extra {
		t.Errorf("%d dropped packets were counted: want %d", got, extra)
	}
	for i := range uint64(PacketQueue) {
		p := takeWithin(t, tr.packets)
		if got := binary.BigEndian.Uint64(p.Buf); got != i+extra {
			t.Fatalf("packet %d is number %d: want the newest %d, in order", i, got, PacketQueue)
		}
	}
}

func TestTransportHearsOnlyWhomItCanAnswer(t *testing.T) {
	f, tr := overFake(t)
	f.packets <- &memberlist.Packet{From: addrOf("10.0.0.2:7")}
	for _, from := range []net.Addr{nil, addrOf("@"), addrOf("example.com:1"), &net.UDPAddr{}, addrOf("[2001:db8::1]:1"),
		&net.UDPAddr{IP: net.IPv6loopback, Port: 1}} {
		f.packets <- &memberlist.Packet{Buf: []byte("lost"), From: from}
	}
	buf := append(make([]byte, 0, 1<<16), "good"...)
	f.packets <- &memberlist.Packet{Buf: buf, From: &net.UDPAddr{IP: net.ParseIP("::ffff:10.0.0.2"), Port: 7}}
	p := takeWithin(t, tr.packets)
	copy(buf, "evil") // the transport may use its buffer again
	if string(p.Buf) != "good" || p.From.String() != "10.0.0.2:7" || cap(p.Buf) != 4 {
		t.Errorf("got %q of capacity %d from %s: want a copy of its own, from 10.0.0.2:7", p.Buf, cap(p.Buf), p.From)
	}
	if d := tr.Drops(); d["packet_source"] != 6 || d["packet_empty"] != 1 {
		t.Errorf("six packets without a usable source and an empty one were counted as %v", d)
	}
	a, b := net.Pipe()
	f.streams <- fakeConn{a, &net.TCPAddr{IP: net.IPv6loopback, Port: 1}}
	if _, err := b.Read(make([]byte, 1)); err != io.EOF || tr.Drops()["stream_source"] != 1 {
		t.Errorf("a stream over IPv6 to an IPv4 address: %v, counted %v", err, tr.Drops())
	}
	c, d := net.Pipe() // whose ends have no address: a network in memory may be like that
	defer d.Close()
	f.streams <- c
	_ = takeWithin(t, tr.streams).Close()
}

// fakeConn is a stream from anywhere.
type fakeConn struct {
	net.Conn
	from net.Addr
}

func (c fakeConn) RemoteAddr() net.Addr { return c.from }

func TestDialGivesUpWithItsContextAndClosesWhatIsOpenedLater(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	f, tr := overFake(t)
	near, far := net.Pipe()
	opened, reached := make(chan struct{}), make(chan struct{})
	f.dial = func() (net.Conn, error) {
		close(reached)
		<-opened
		return near, nil
	}
	stopping := errors.New("stopping")
	ctx, cancel := context.WithCancelCause(within(t, time.Minute))
	go func() {
		<-reached
		cancel(stopping)
	}()
	if _, err := tr.Dial(ctx, netip.MustParseAddrPort("10.0.0.2:7")); !errors.Is(err, stopping) {
		t.Errorf("dial: %v: want why its context ended", err)
	}
	close(opened)
	_ = tr.Close()
	if _, err := far.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("a stream for which nobody waited is left open: %v", err)
	}
}

func TestTransportTellsWhatWaitsAndWhatWasLost(t *testing.T) {
	f, tr := overFake(t)
	f.packets <- &memberlist.Packet{Buf: []byte("x"), From: addrOf("10.0.0.2:4327"), Timestamp: time.Unix(7, 0)}
	f.packets <- nil
	if tr.Waiting() != 1 || tr.Lost() != 0 {
		t.Errorf("%d packets wait and %d were lost, want 1 and 0", tr.Waiting(), tr.Lost())
	}
	b, from, at, err := tr.Receive()
	if string(b) != "x" || from.String() != "10.0.0.2:4327" || !at.Equal(time.Unix(7, 0)) || err != nil {
		t.Errorf("received %q from %s of %s, %v", b, from, at, err)
	}
	tr.drops.packetQueue.Add(1)
	tr.drops.packetKernel.Add(10)
	counting := New(struct {
		*fakeTransport
		lossy
	}{newFakeTransport(), 100}, tr.Local())
	defer counting.Close()
	if tr.Lost() != 11 || counting.Lost() != 100 {
		t.Errorf("%d and %d packets were lost, want 11 and 100", tr.Lost(), counting.Lost())
	}
}

// lossy makes a carrier one that counts what it drops.
type lossy uint64

func (l lossy) Lost() uint64 { return uint64(l) }

func TestTransportOutlivesATransportThatClosesItsChannels(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	f, tr := overFake(t)
	close(f.packets)
	close(f.streams)
	if err := tr.Send(netip.MustParseAddrPort("[::ffff:10.0.0.2]:7"), []byte("x")); err != nil || f.sent[0] != "10.0.0.2:7 x" {
		t.Errorf("sent %q, %v: names and other ways to write an address must never reach the transport", f.sent, err)
	}
	if _, err := tr.Dial(within(t, time.Second), netip.MustParseAddrPort("10.0.0.2:7")); err == nil ||
		!strings.HasPrefix(err.Error(), "open stream to 10.0.0.2:7: ") {
		t.Errorf("dial: %v: want the cause, and to whom", err)
	}
	first, second := tr.Close(), tr.Close()
	if first == nil || first != second {
		t.Errorf("close: %v, then %v: want what the transport said, both times", first, second)
	}
}

// verdicts is a filter that says of everything what it is.
type verdicts Verdict

func (v verdicts) Packet(netip.AddrPort, []byte, time.Time) Verdict { return Verdict(v) }
func (v verdicts) Stream(netip.Addr) Verdict                        { return Verdict(v) }

func TestWhatTheFilterRefusesIsCountedUnderItsReason(t *testing.T) {
	f, tr := overFake(t)
	from := addrOf("10.0.0.2:4327")
	for _, c := range []struct {
		says    Verdict
		counter string
	}{{Malformed, "packet_format"}, {Denied, "packet_denied"}, {TooFast, "packet_rate"}} {
		tr.SetFilter(verdicts(c.says))
		f.packets <- &memberlist.Packet{Buf: []byte("x"), From: from}
		f.packets <- nil // taken only after the packet is judged
		if d := tr.Drops(); d[c.counter] != 1 || len(tr.packets) != 0 {
			t.Errorf("a packet that is judged %d is counted as %v", c.says, d)
		}
		f.packets <- &memberlist.Packet{Buf: make([]byte, DefaultMaxPacket+1), From: from}
		f.packets <- &memberlist.Packet{Buf: []byte("x"), From: addrOf("[2001:db8::1]:1")}
	}
	f.packets <- nil
	if d := tr.Drops(); d["packet_size"] != 3 || d["packet_source"] != 3 {
		t.Errorf("what is too large, or from whom nobody can answer, is the filter's business: %v", d)
	}
	near, far := net.Pipe()
	f.streams <- fakeConn{near, &net.TCPAddr{IP: net.IPv4(10, 0, 0, 2), Port: 1}}
	if _, err := far.Read(make([]byte, 1)); err != io.EOF || tr.Drops()["stream_denied"] != 1 {
		t.Errorf("a stream that the filter refuses: %v, counted %v", err, tr.Drops())
	}
	tr.SetFilter(verdicts(Taken))
	f.packets <- &memberlist.Packet{Buf: []byte("x"), From: from}
	takeWithin(t, tr.packets)
}

func TestTransportLogIsThinned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		l := &thinLog{log: hclog.New(&hclog.LoggerOptions{Output: &out})}
		for range 1000 {
			l.Error("complaint")
		}
		time.Sleep(logEvery)
		l.Error("complaint")
		if n := strings.Count(out.String(), "\n"); n != 2 || !strings.Contains(out.String(), "suppressed=999") {
			t.Errorf("a thousand complaints at once and one a second later became %d lines: want one a second\n%s", n, out.String())
		}
	})
}
