package transport

import (
	"errors"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"
	"go.uber.org/goleak"
)

// brokenSockets are sockets of a host that has no file to spare: each read and accept is an error at once.
type brokenSockets struct {
	reads, accepts atomic.Int64
}

func (b *brokenSockets) ReadMsgUDPAddrPort(_, _ []byte) (n, oobn, flags int, from netip.AddrPort, err error) {
	b.reads.Add(1)
	return 0, 0, 0, from, syscall.ENOBUFS
}

func (b *brokenSockets) Accept() (net.Conn, error) {
	b.accepts.Add(1)
	return nil, syscall.EMFILE
}

func (b *brokenSockets) WriteToUDPAddrPort([]byte, netip.AddrPort) (int, error) {
	return 0, syscall.ENOBUFS
}
func (b *brokenSockets) Close() error   { return nil }
func (b *brokenSockets) Addr() net.Addr { return nil }

func TestSocketsPauseAfterErrorsAndNoneKeepsThemFromClosing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := new(brokenSockets)
		s := carry(broken, broken, newIntake(netip.MustParseAddrPort("10.0.0.1:4327")), hclog.NewNullLogger())
		time.Sleep(time.Minute) // of virtual time
		for what, n := range map[string]int64{"reads": broken.reads.Load(), "accepts": broken.accepts.Load()} {
			if n < 60 || n > 70 {
				t.Errorf("%d %s in a minute in which each was an error: want one a second, and a few more at first", n, what)
			}
		}
		begin := time.Now()
		if err := s.Shutdown(); err != nil || time.Since(begin) > 0 {
			t.Errorf("shutdown took %s and said %v: want none to wait for a pause", time.Since(begin), err)
		}
	})
}

func TestSocketsShutDownAlthoughNobodyReads(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	s := listenAt(t, "127.0.0.1").carrier.(*sockets)
	to := s.in.local.String()
	for range PacketQueue + 10 {
		if _, err := s.WriteTo([]byte("x"), to); err != nil {
			t.Fatal(err)
		}
	}
	c, err := s.DialTimeout(to, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	await(t, "a queue full of packets, and a stream", func() bool { return len(s.PacketCh()) == PacketQueue && len(s.StreamCh()) == 1 })
	for range 2 {
		if err := s.Shutdown(); err != nil {
			t.Error(err)
		}
	}
	if string((<-s.PacketCh()).Buf) != "x" {
		t.Error("a packet that waited is lost")
	}
	_ = (<-s.StreamCh()).Close()
}

func TestSocketsTakeAddressesAndNoNames(t *testing.T) {
	s := listenAt(t, "127.0.0.1").carrier.(*sockets)
	if ip, port, err := s.FinalAdvertiseAddr("", 0); err != nil || ip.String() != "127.0.0.1" || port != int(s.in.local.Port()) {
		t.Errorf("the own address is told as %s:%d, %v", ip, port, err)
	}
	if ip, port, err := s.FinalAdvertiseAddr("10.0.0.1", 7); err != nil || ip.String() != "10.0.0.1" || port != 7 {
		t.Errorf("10.0.0.1:7 is told as %s:%d, %v", ip, port, err)
	}
	for _, name := range []string{"localhost", "0.0.0.0", "::"} {
		if ip, port, err := s.FinalAdvertiseAddr(name, 7); err == nil {
			t.Errorf("%s is told as %s:%d", name, ip, port)
		}
	}
	for _, to := range []string{"localhost:1", ":1", "127.0.0.1", "127.0.0.1:http", ""} {
		if _, err := s.WriteTo([]byte("x"), to); err == nil {
			t.Errorf("a packet was sent to %q", to)
		}
		if c, err := s.DialTimeout(to, time.Second); err == nil || strings.Contains(err.Error(), "refused") {
			t.Errorf("a stream was opened to %q: %v, %v", to, c, err)
		}
	}
}

func TestSocketsAtAnIPv4AddressHearNoIPv6(t *testing.T) {
	listenAt(t, "::1") // or the test is skipped
	for _, c := range []struct {
		bind  string
		hears map[string]bool
	}{
		{"0.0.0.0", map[string]bool{"127.0.0.1": true, "::1": false}},
		{"::", map[string]bool{"127.0.0.1": true, "::1": true}},
	} {
		tr := listenAt(t, c.bind)
		for ip, want := range c.hears {
			to := netip.AddrPortFrom(netip.MustParseAddr(ip), tr.Local().Port())
			stream, err := net.DialTimeout("tcp", to.String(), 10*time.Second)
			if err == nil {
				_ = stream.Close()
			}
			if got := err == nil; got != want || err != nil && !errors.Is(err, syscall.ECONNREFUSED) {
				t.Errorf("%s at %s: %v, want it to be heard: %t", ip, c.bind, err, want)
			}
			if !want {
				continue
			}
			from := listenAt(t, ip)
			if err := from.Send(to, []byte("hello")); err != nil {
				t.Fatal(err)
			}
			if p := takeWithin(t, tr.packets); p.From.String() != from.Local().String() {
				t.Errorf("a packet of %s seems to come from %s", from.Local(), p.From)
			}
			if err := tr.Send(from.Local(), []byte("hello")); err != nil {
				t.Fatal(err)
			}
			takeWithin(t, from.packets)
		}
	}
}

// unread returns sockets that nobody reads but their test, one packet at a time.
func unread(t testing.TB) (*packetReader, *net.UDPConn) {
	t.Helper()
	udp, tcp, err := openBoth(netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	_ = tcp.Close()
	t.Cleanup(func() { _ = udp.Close() })
	sender, err := net.DialUDP("udp", nil, udp.LocalAddr().(*net.UDPAddr))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sender.Close() })
	return newPacketReader(udp, newIntake(udp.LocalAddr().(*net.UDPAddr).AddrPort())), sender
}

// write sends n packets of a size.
func write(t testing.TB, sender *net.UDPConn, n, size int) {
	t.Helper()
	for packet := make([]byte, size); n > 0; n-- {
		if _, err := sender.Write(packet); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWhatTheSystemDropsIsCountedWithTheNextPacket(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells what it drops")
	}
	r, sender := unread(t)
	if err := r.udp.(*net.UDPConn).SetReadBuffer(32 << 10); err != nil {
		t.Fatal(err)
	}
	lost := func() uint64 { return r.in.drops.packetKernel.Load() }
	next := func() (size int) {
		t.Helper()
		_ = r.udp.(*net.UDPConn).SetReadDeadline(time.Now().Add(10 * time.Second))
		if err := r.next(); err != nil {
			t.Fatal(err)
		}
		return len((<-r.in.packets).Buf)
	}
	write(t, sender, 1, 500)
	if next(); lost() != 0 {
		t.Errorf("a socket that got one packet has dropped %d", lost())
	}
	for round := range 2 { // what is lost later is added to what was lost before
		before, came := lost(), uint64(0)
		write(t, sender, 1000, 500) // nobody reads: some wait, the others are dropped
		for ; came < 20; came++ {   // which makes room for another one
			next()
		}
		for write(t, sender, 1, 1); next() != 1; {
			came++
		}
		if got := lost() - before; got == 0 || got != 1000-came {
			t.Errorf("round %d: of 1000 packets that nobody read %d came and %d count as dropped", round, came, got)
		}
	}
}

func TestPacketThatIsRefusedCostsNoMemory(t *testing.T) {
	for what, refuse := range refusals {
		r, sender := unread(t)
		size := refuse(r.in)
		const packets = 100
		write(t, sender, packets+1, size)
		if got := testing.AllocsPerRun(packets, func() {
			if err := r.next(); err != nil {
				t.Fatal(err)
			}
		}); got > 0 || len(r.in.packets) > 0 {
			t.Errorf("%s: %v allocations for each packet that is refused, and %d were taken", what, got, len(r.in.packets))
		}
	}
}

// refusals are ways to refuse a packet, of the size that they return.
var refusals = map[string]func(in *intake) (size int){
	"empty":     func(*intake) int { return 0 },
	"too large": func(*intake) int { return DefaultMaxPacket + 1 },
	"malformed": func(in *intake) int { return refuseAll(in, Malformed) },
	"denied":    func(in *intake) int { return refuseAll(in, Denied) },
	"too fast":  func(in *intake) int { return refuseAll(in, TooFast) },
}

func refuseAll(in *intake, v Verdict) int {
	var f Filter = verdicts(v)
	in.filter.Store(&f)
	return 1400
}

// BenchmarkReadAPacket reads packets that wait in the socket: those that the filter refuses, and those that it takes.
func BenchmarkReadAPacket(b *testing.B) {
	for _, c := range []struct {
		what string
		says Verdict
	}{{"refused", Malformed}, {"taken", Taken}} {
		b.Run(c.what, func(b *testing.B) {
			r, sender := unread(b)
			size := refuseAll(r.in, c.says)
			b.ReportAllocs()
			b.ResetTimer()
			const batch = 500
			for done := 0; done < b.N; done += batch {
				n := min(batch, b.N-done)
				b.StopTimer()
				write(b, sender, n, size)
				b.StartTimer()
				for range n {
					if err := r.next(); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
