package agent

import (
	"bytes"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/hashicorp/memberlist"

	"heartsay/agent/internal/clustertest"
	"heartsay/agent/internal/ratelimit"
	"heartsay/agent/seal"
	"heartsay/agent/transport"
)

func TestHostile1OnlyWhatCanBeAnEnvelopeOfAnAllowedSourceIsQueued(t *testing.T) {
	own := netip.MustParseAddrPort("[2001:db8::5]:4327")
	fake := newMemNet(1).listen(own)
	w := transport.New(fake, own)
	t.Cleanup(func() { _ = w.Close() })
	w.SetFilter(newPacketFilter([]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32")}, time.Now()))
	good := seal.NewEnvelope("prod", 1).Seal(nil, seal.ClassPacket, []byte("hello"))
	for _, c := range []struct {
		what, from string
		bytes      []byte
		counter    string // "": it is queued
	}{
		{"a good one", "10.1.2.3:4", good, ""},
		{"a good one over IPv6", "[2001:db8::1]:4", good, ""},
		{"a good one from IPv4 written as IPv6", "[::ffff:10.1.2.3]:4", good, ""},
		{"from outside", "192.0.2.1:4", good, "packet_denied"},
		{"from outside over IPv6", "[2001:db9::1]:4", good, "packet_denied"},
		{"one byte", "10.1.2.3:4", []byte("h"), "packet_format"},
		{"HTTP", "10.1.2.3:4", []byte("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n"), "packet_format"},
		{"TLS", "10.1.2.3:4", append([]byte("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), make([]byte, 40)...), "packet_format"},
		{"SSH", "10.1.2.3:4", []byte("SSH-2.0-OpenSSH_9.6 and the rest of it"), "packet_format"},
		{"DNS", "10.1.2.3:4", []byte("\xab\xcd\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x03org\x00\x00\x01\x00\x01"), "packet_format"},
		{"64 KiB of noise", "10.1.2.3:4", make([]byte, 64<<10), "packet_size"},
	} {
		before := w.Drops()[c.counter]
		fake.packets <- &memberlist.Packet{Buf: c.bytes, From: net.UDPAddrFromAddrPort(netip.MustParseAddrPort(c.from))}
		if c.counter == "" {
			if b, _, _, err := w.Receive(); err != nil || !bytes.Equal(b, good) {
				t.Errorf("%s: received %q, %v", c.what, b, err)
			}
			continue
		}
		await(t, c.what+" is counted as "+c.counter, func() bool { return w.Drops()[c.counter] == before+1 })
	}
	if w.Waiting() > 0 {
		t.Error("something that was counted was queued as well")
	}
	near, far := net.Pipe()
	defer near.Close()
	fake.streams <- clustertest.Conn{Conn: far, Remote: netip.MustParseAddrPort("192.0.2.1:4")}
	if _, err := near.Read(make([]byte, 1)); err == nil || w.Drops()["stream_denied"] != 1 {
		t.Errorf("a stream from outside is not closed and counted: %v, %v", err, w.Drops())
	}
}

func TestFloodOfStrangersLeavesMembersTheirRate(t *testing.T) {
	f := newPacketFilter(nil, midday)
	member := netip.MustParseAddrPort("10.0.0.1:4327")
	f.know(member, midday)
	passed := 0
	for i := range 100_000 { // within one moment
		from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, byte(i >> 8), byte(i)}), uint16(i))
		if f.paces(from, midday) {
			passed++
		}
	}
	if passed != unknownRate {
		t.Errorf("%d of 100,000 packets of unknown ones pass at once, want %d", passed, unknownRate)
	}
	if !f.paces(member, midday) {
		t.Error("a member's packet is refused because unknown ones sent too many")
	}
	passed = 0
	for range 100_000 {
		if f.paces(member, midday) {
			passed++
		}
	}
	if passed >= memberRate+1 {
		t.Errorf("%d packets of a member pass at once, want at most %d", passed, memberRate)
	}
	if !f.paces(member, midday.Add(time.Second)) {
		t.Error("a second later a member's packet is still refused")
	}
	for i := range 3 * maxKnown {
		f.know(netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 1), midday)
	}
	if f.known.Len() > maxKnown {
		t.Errorf("%d addresses are remembered, want at most %d", f.known.Len(), maxKnown)
	}
}

func TestPacketIsCountedUnderTheFirstCheckThatItFails(t *testing.T) {
	f := newPacketFilter([]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, midday)
	f.unknown = ratelimit.NewBucket(0, 0, midday)
	outside := netip.MustParseAddrPort("192.0.2.1:1")
	good := seal.NewEnvelope("prod", 1).Seal(nil, seal.ClassPacket, nil)
	for _, c := range []struct {
		what  string
		from  netip.AddrPort
		bytes []byte
		want  transport.Verdict
	}{
		{"no envelope, from outside, too fast", outside, make([]byte, 100), transport.Malformed},
		{"from outside, too fast", outside, good, transport.Denied},
		{"too fast", at(1), good, transport.TooFast},
	} {
		if got := f.Packet(c.from, c.bytes, midday); got != c.want {
			t.Errorf("a packet that is %s is judged %d, want %d", c.what, got, c.want)
		}
	}
}
