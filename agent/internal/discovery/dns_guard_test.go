package discovery

import (
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/miekg/dns"

	"heartsay/agent/ports"
	"heartsay/membership"
)

// asker is a host that asks by UDP or TCP, and the answer that it got last.
type asker struct {
	dns.ResponseWriter
	from net.Addr
	got  *dns.Msg
}

func (a *asker) RemoteAddr() net.Addr { return a.from }

func (a *asker) WriteMsg(m *dns.Msg) error {
	a.got = m
	return nil
}

func udpAsker(ip string) *asker { return &asker{from: &net.UDPAddr{IP: net.ParseIP(ip), Port: 4000}} }

// crowd returns what answers for n members, without a socket.
func crowd(n int) *DNS {
	s := &Snapshot{Self: "w0"}
	for i := range n {
		s.Views = append(s.Views, seen(fmt.Sprintf("w%d", i), fmt.Sprintf("10.0.%d.%d:1", i/256, i%256), membership.Alive, "http", "80"))
	}
	return &DNS{guard: newDNSGuard(), work: ports.NewWork(dnsWork, dnsWork/4), zone: dnsZone{"heartsay.", told{snapshot: s}},
		count: func(string) {}, address: netip.MustParseAddrPort("192.0.2.1:53")}
}

// ask returns the answer and its length on the wire.
func (a *asker) ask(t *testing.T, d *DNS, q *dns.Msg) (*dns.Msg, int) {
	t.Helper()
	a.got = nil
	d.ServeDNS(a, q)
	if a.got == nil {
		t.Fatal("there is no answer")
	}
	b, err := a.got.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return a.got, len(b)
}

func TestHostile19UnprovenAddressGetsThreeTimesWhatCameInItsNameAtMost(t *testing.T) {
	d := crowd(100)
	for _, c := range []struct {
		name  string
		qtype uint16
		edns  bool
	}{
		{"heartsay.", dns.TypeA, false}, {"heartsay.", dns.TypeA, true}, {"_http._tcp.heartsay.", dns.TypeSRV, true},
		{"w1.member.heartsay.", dns.TypeA, false}, {"nosuch.member.heartsay.", dns.TypeA, false}, {"heartsay.", dns.TypeSOA, false},
		{"heartsay.", dns.TypeANY, true}, {"x.heartsay.", dns.TypeTXT, false}, {"example.org.", dns.TypeA, true},
	} {
		q := query(c.name, c.qtype)
		if c.edns {
			q.SetEdns0(65000, false)
		}
		m, size := udpAsker("198.51.100.7").ask(t, d, q)
		if size > dnsGain*q.Len() {
			t.Errorf("%s %s of %d bytes, EDNS %v, is answered with %d bytes", c.name, dns.TypeToString[c.qtype], q.Len(), c.edns, size)
		}
		if c.name == "heartsay." && c.qtype == dns.TypeA && !m.Truncated {
			t.Errorf("100 addresses are said to be %d", len(m.Answer))
		}
	}
	if m, _ := udpAsker("198.51.100.7").ask(t, d, query("w1.member.heartsay.", dns.TypeA)); m.Truncated || len(m.Answer) != 1 {
		t.Errorf("one address does not fit into three times its question: %v", m)
	}
	if m, _ := udpAsker("127.0.0.1").ask(t, d, query("heartsay.", dns.TypeA)); len(m.Answer) < 20 {
		t.Errorf("on loopback an answer is as long as it may be, not %d records", len(m.Answer))
	}
	if got := d.guard.cut.Load(); got == 0 {
		t.Error("answers that were cut are not counted")
	}
}

func TestDNSAddressProvesItselfByACookieOrByTCP(t *testing.T) {
	d := crowd(100)
	client := udpAsker("198.51.100.7")
	ask := func(cookie string) *dns.Msg {
		q := query("heartsay.", dns.TypeA)
		q.SetEdns0(1232, false)
		q.IsEdns0().Option = []dns.EDNS0{&dns.EDNS0_COOKIE{Code: dns.EDNS0COOKIE, Cookie: cookie}}
		m, _ := client.ask(t, d, q)
		return m
	}
	first := ask("0102030405060708")
	cookie := cookieOf(first)
	if len(first.Answer) != 0 || !first.Truncated || len(cookie) != clientCookie+serverCookie {
		t.Fatalf("the first query with a cookie of the client is answered with %v", first)
	}
	if second := ask(hex.EncodeToString(cookie)); len(second.Answer) < 60 {
		t.Errorf("with its cookie, an address is told %d records", len(second.Answer))
	}
	cookie[clientCookie+serverCookie-1] ^= 1
	if forged := ask(hex.EncodeToString(cookie)); len(forged.Answer) != 0 {
		t.Error("a forged cookie is as good as a real one")
	}
	now := time.Now()
	real := d.guard.cookie(cookie, netip.MustParseAddr("198.51.100.7"), now)
	for _, c := range []struct {
		from  string
		after time.Duration
		want  bool
	}{{"198.51.100.7", 0, true}, {"198.51.100.7", dnsCookie + time.Minute, false}, {"198.51.100.8", 0, false}, {"198.51.100.7", -time.Hour, false}} {
		if got := d.guard.made(real, netip.MustParseAddr(c.from), now.Add(c.after)); got != c.want {
			t.Errorf("the cookie of 198.51.100.7 is good for %s after %s: %v", c.from, c.after, got)
		}
	}
	byTCP := &asker{from: &net.TCPAddr{IP: net.ParseIP("198.51.100.9"), Port: 4000}}
	if m, _ := byTCP.ask(t, d, query("heartsay.", dns.TypeA)); len(m.Answer) != 100 {
		t.Errorf("by TCP %d of 100 records are told", len(m.Answer))
	}
	if m, _ := udpAsker("198.51.100.9").ask(t, d, query("heartsay.", dns.TypeA)); len(m.Answer) < 20 {
		t.Errorf("an address that asked by TCP is told %d records by UDP", len(m.Answer))
	}
}

func TestDNSAddressThatAsksTooFastIsToldToAskByTCP(t *testing.T) {
	d := crowd(1)
	fast, empty := udpAsker("198.51.100.7"), 0
	for range 2 * dnsAtOnce {
		m, size := fast.ask(t, d, query("w0.member.heartsay.", dns.TypeA))
		if len(m.Answer) == 0 {
			empty++
			if !m.Truncated || size > query("w0.member.heartsay.", dns.TypeA).Len() {
				t.Fatalf("beyond its rate an address gets %d bytes, %v", size, m)
			}
		}
	}
	if empty == 0 || d.guard.rate.Load() != uint64(empty) {
		t.Errorf("%d of %d queries at once were answered with nothing, %d counted", empty, 2*dnsAtOnce, d.guard.rate.Load())
	}
	if m, _ := udpAsker("198.51.100.8").ask(t, d, query("w0.member.heartsay.", dns.TypeA)); len(m.Answer) != 1 {
		t.Error("another address suffers for one that asks too fast")
	}
}

func TestShuffledYieldsEachNumberOnceAndAnyFirst(t *testing.T) {
	first := map[int]int{}
	for range 1000 {
		seen := map[int]bool{}
		for i := range shuffled(5) {
			if len(seen) == 0 {
				first[i]++
			}
			seen[i] = true
		}
		if len(seen) != 5 {
			t.Fatalf("%d numbers of 5", len(seen))
		}
	}
	for i := range 5 {
		if first[i] < 100 {
			t.Errorf("%d came first %d times of 1000", i, first[i])
		}
	}
}

func BenchmarkDNSAnswer4000Members(b *testing.B) {
	d := crowd(4000)
	client := udpAsker("127.0.0.1")
	q := query("heartsay.", dns.TypeA)
	b.ReportAllocs()
	for b.Loop() {
		d.ServeDNS(client, q)
	}
}
