package discovery

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"heartsay/membership"
)

// seen returns a view of a member at an address, with tags as key, value, …
func seen(name, address string, state membership.State, tags ...string) membership.View {
	m := map[string]string{}
	for i := 0; i < len(tags); i += 2 {
		m[tags[i]] = tags[i+1]
	}
	r := membership.Record{Name: name, Address: netip.MustParseAddrPort(address), Tags: membership.NewTags(m)}
	return membership.View{Record: &r, State: state}
}

// told is a source that hands out one snapshot, or says why not.
type told struct {
	snapshot *Snapshot
	err      error
}

func (s told) Snapshot() (*Snapshot, error) { return s.snapshot, s.err }

// zoneOf returns the zone "heartsay." of an agent that sees what s holds.
func zoneOf(s *Snapshot) dnsZone { return dnsZone{"heartsay.", told{snapshot: s}} }

// shop is what an agent "lb" sees.
func shop() *Snapshot {
	return &Snapshot{Cluster: "c", Self: "lb", Seq: 7, Views: []membership.View{
		seen("Web.1", "10.0.0.1:4327", membership.Alive, "role", "Web", "http", "8080"),
		seen("db", "10.0.0.3:4327", membership.Dead, "role", "db", "http", "1"),
		seen("lb", "10.0.0.9:4327", membership.Alive),
		seen("old", "10.0.0.4:4327", membership.Left, "role", "web"),
		seen("w2", "[2001:db8::2]:4328", membership.Suspect, "role", "web", "http", "8081", "v", "2"),
	}}
}

func query(name string, qtype uint16) *dns.Msg {
	return new(dns.Msg).SetQuestion(name, qtype)
}

// answers returns the answer section in short, sorted, or the code when it is not NOERROR.
func answers(m *dns.Msg) string {
	if m.Rcode != dns.RcodeSuccess {
		return dns.RcodeToString[m.Rcode]
	}
	var all []string
	for _, rr := range m.Answer {
		all = append(all, strings.Join(strings.Fields(strings.TrimPrefix(rr.String(), rr.Header().String())), " "))
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

func TestDNSNamesChooseMembers(t *testing.T) {
	z := zoneOf(shop())
	for _, c := range []struct {
		name  string
		qtype uint16
		want  string
	}{
		{"heartsay.", dns.TypeA, "10.0.0.1, 10.0.0.9"},
		{"heartsay.", dns.TypeAAAA, "2001:db8::2"},
		{"HeartSay.", dns.TypeAAAA, "2001:db8::2"},
		{"web.1.member.heartsay.", dns.TypeA, "10.0.0.1"},
		{"WEB.1.MEMBER.heartsay.", dns.TypeA, "10.0.0.1"},
		{"web.1.member.heartsay.", dns.TypeAAAA, ""},
		{"1.member.heartsay.", dns.TypeA, "NXDOMAIN"},
		{"db.member.heartsay.", dns.TypeA, "NXDOMAIN"},
		{"db.member.dead.state.heartsay.", dns.TypeA, "10.0.0.3"},
		{"web.role.tag.heartsay.", dns.TypeA, "10.0.0.1"},
		{"web.role.tag.heartsay.", dns.TypeAAAA, "2001:db8::2"},
		{"web.role.tag.alive.state.heartsay.", dns.TypeAAAA, ""},
		{"alive.state.web.role.tag.heartsay.", dns.TypeA, "10.0.0.1"},
		{"web.role.tag.2.v.tag.heartsay.", dns.TypeAAAA, "2001:db8::2"},
		{"mail.role.tag.heartsay.", dns.TypeA, ""},
		{"left.state.heartsay.", dns.TypeA, "10.0.0.4"},
		{"dead.state.left.state.heartsay.", dns.TypeA, "10.0.0.3, 10.0.0.4"},
		{"_http._tcp.heartsay.", dns.TypeSRV, "1 1 8080 Web.1.member.heartsay., 2 1 8081 w2.member.heartsay."},
		{"_HTTP._tcp.alive.state.heartsay.", dns.TypeSRV, "1 1 8080 Web.1.member.heartsay."},
		{"_http._tcp.web.role.tag.dead.state.heartsay.", dns.TypeSRV, ""},
		{"_heartsay._udp.alive.state.heartsay.", dns.TypeSRV,
			"1 1 4327 Web.1.member.heartsay., 1 1 4327 lb.member.heartsay."},
		{"_http._tcp.heartsay.", dns.TypeA, ""},
		{"web.role.tag.heartsay.", dns.TypeSRV, ""},
		{"0a000007.addr.heartsay.", dns.TypeA, "10.0.0.7"},
		{"0a000007.addr.heartsay.", dns.TypeAAAA, ""},
		{"0a00.addr.heartsay.", dns.TypeA, "NXDOMAIN"},
		{"nobody.heartsay.", dns.TypeA, "NXDOMAIN"},
		{"well.state.heartsay.", dns.TypeA, "NXDOMAIN"},
		{"role.tag.heartsay.", dns.TypeA, "NXDOMAIN"},
		{"member.heartsay.", dns.TypeA, "NXDOMAIN"},
		{"heartsay.", dns.TypeMX, ""},
		{"heartsay.", dns.TypeNS, "lb.member.heartsay."},
		{"heartsay.", dns.TypeSOA, "lb.member.heartsay. hostmaster.heartsay. 7 1 1 60 1"},
		{"heartsay.", dns.TypeANY, `"RFC8482" ""`},
		{"example.com.", dns.TypeA, "REFUSED"},
		{".", dns.TypeNS, "REFUSED"},
		{"notheartsay.", dns.TypeA, "REFUSED"},
	} {
		m := z.reply(query(c.name, c.qtype), dns.MaxMsgSize)
		if got := answers(m); got != c.want {
			t.Errorf("%s %s is [%s], want [%s]", c.name, dns.TypeToString[c.qtype], got, c.want)
		}
		if denied := len(m.Answer) == 0 && m.Rcode != dns.RcodeRefused; denied && (len(m.Ns) != 1 || m.Ns[0].Header().Rrtype != dns.TypeSOA) {
			t.Errorf("%s is denied without the SOA that says for how long: %v", c.name, m.Ns)
		}
		for _, rr := range slices.Concat(m.Answer, m.Ns, m.Extra) {
			if rr.Header().Ttl != 1 {
				t.Errorf("%s may be kept for %d s, want 1: %s", c.name, rr.Header().Ttl, rr)
			}
		}
	}
}

func TestDNSServicesComeWithAddresses(t *testing.T) {
	m := zoneOf(shop()).reply(query("_http._tcp.heartsay.", dns.TypeSRV), dns.MaxMsgSize)
	var got []string
	for _, rr := range m.Extra {
		got = append(got, rr.String())
	}
	slices.Sort(got)
	want := []string{"Web.1.member.heartsay.\t1\tIN\tA\t10.0.0.1", "w2.member.heartsay.\t1\tIN\tAAAA\t2001:db8::2"}
	if !slices.Equal(got, want) {
		t.Errorf("the additional section is %q, want %q", got, want)
	}
}

func TestDNSGivesAMemberWithAnAwkwardNameTheNameOfItsAddress(t *testing.T) {
	for _, name := range []string{strings.Repeat("x", 64), "a..b", ".a"} {
		s := &Snapshot{Views: []membership.View{seen(name, "10.0.0.1:4327", membership.Alive, "http", "80")}}
		z := zoneOf(s)
		m := z.reply(query("_http._tcp.heartsay.", dns.TypeSRV), dns.MaxMsgSize)
		if got := answers(m); got != "1 1 80 0a000001.addr.heartsay." {
			t.Errorf("%q is told as [%s]", name, got)
		}
		if _, err := m.Pack(); err != nil {
			t.Errorf("the answer with %q cannot be sent: %v", name, err)
		}
	}
}

func TestDNSFailsRatherThanTellNothingByAccident(t *testing.T) {
	s := shop()
	s.Isolated = "all are dead"
	for name, want := range map[string]string{
		"mail.role.tag.heartsay.": "SERVFAIL", "db.member.heartsay.": "SERVFAIL", "lb.member.heartsay.": "10.0.0.9",
	} {
		if got := answers(zoneOf(s).reply(query(name, dns.TypeA), dns.MaxMsgSize)); got != want {
			t.Errorf("an isolated agent answers %s with [%s], want [%s]", name, got, want)
		}
	}
	unready := dnsZone{"heartsay.", told{err: errors.New("it has not joined")}}
	if got := answers(unready.reply(query("heartsay.", dns.TypeA), dns.MaxMsgSize)); got != "SERVFAIL" {
		t.Errorf("an agent that is not ready answers [%s], want SERVFAIL", got)
	}
}

func TestDNSRefusesWhatIsNoQuestion(t *testing.T) {
	z := zoneOf(shop())
	update, chaos, two, none := query("heartsay.", dns.TypeA), query("heartsay.", dns.TypeA), query("heartsay.", dns.TypeA), new(dns.Msg)
	update.Opcode = dns.OpcodeUpdate
	chaos.Question[0].Qclass = dns.ClassCHAOS
	two.Question = append(two.Question, two.Question[0])
	for want, m := range map[string]*dns.Msg{"NOTIMP": update, "REFUSED": chaos, "FORMERR": two} {
		if got := answers(z.reply(m, dns.MaxMsgSize)); got != want {
			t.Errorf("the answer is %s, want %s", got, want)
		}
	}
	if got := answers(z.reply(none, dns.MaxMsgSize)); got != "FORMERR" {
		t.Errorf("no question is answered with %s, want FORMERR", got)
	}
}

// serveDNS answers for a crowd of n web servers on real ports until the test ends.
func serveDNS(t *testing.T, n int) (address string, rcodes map[string]int) {
	t.Helper()
	d, err := ListenDNS(netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	s := &Snapshot{Self: "w0"}
	for i := range n {
		s.Views = append(s.Views, seen(fmt.Sprintf("w%d", i), fmt.Sprintf("10.0.%d.%d:1", i/256, i%256), membership.Alive, "http", "80"))
	}
	rcodes = map[string]int{}
	counted := make(chan string, 100)
	d.Serve("heartsay.", told{snapshot: s}, func(rcode string) { counted <- rcode }, func(err error) { t.Error(err) })
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		for len(counted) > 0 {
			rcodes[<-counted]++
		}
		if rcodes["NOERROR"] == 0 {
			t.Errorf("the answers were not counted: %v", rcodes)
		}
	})
	return d.Address().String(), rcodes
}

func TestDNSTruncatesByUDPAndTellsAllByTCP(t *testing.T) {
	address, _ := serveDNS(t, 500)
	for _, c := range []struct {
		net       string
		size      uint16 // of EDNS; 0: without
		truncated bool
	}{{"udp", 0, true}, {"udp", 1232, true}, {"udp", 65000, true}, {"tcp", 0, false}} {
		q := query("_http._tcp.heartsay.", dns.TypeSRV)
		client := dns.Client{Net: c.net, Timeout: 10 * time.Second, UDPSize: c.size}
		if c.size > 0 {
			q.SetEdns0(c.size, false)
		}
		m, _, err := client.Exchange(q, address)
		if err != nil {
			t.Fatalf("%s with %d bytes: %v", c.net, c.size, err)
		}
		if m.Truncated != c.truncated || c.truncated == (len(m.Answer) == 500) {
			t.Errorf("%s with %d bytes: %d answers of 500, truncated %v", c.net, c.size, len(m.Answer), m.Truncated)
		}
		m.Compress = true // as it came
		packed, _ := m.Pack()
		if limit := max(512, min(int(c.size), dnsLocalUDP)); c.net == "udp" && len(packed) > limit {
			t.Errorf("an answer by UDP has %d bytes, want %d at most", len(packed), limit)
		}
		if (m.IsEdns0() != nil) != (c.size > 0) {
			t.Errorf("%s with %d bytes: the answer has EDNS %v", c.net, c.size, m.IsEdns0())
		}
	}
}

func TestDNSRefusesAnUnknownVersionOfEDNS(t *testing.T) {
	address, _ := serveDNS(t, 1)
	q := query("heartsay.", dns.TypeA)
	q.SetEdns0(1232, false)
	q.IsEdns0().SetVersion(1)
	client := dns.Client{Timeout: 10 * time.Second}
	if m, _, err := client.Exchange(q, address); err != nil || m.Rcode != dns.RcodeBadVers || len(m.Answer) > 0 {
		t.Errorf("EDNS version 1 is answered with %v, %v, want BADVERS", m, err)
	}
	if m, _, err := client.Exchange(query("heartsay.", dns.TypeA), address); err != nil || answers(m) != "10.0.0.0" {
		t.Errorf("a plain query is answered with %v, %v", m, err)
	}
}

func FuzzDNSReply(f *testing.F) {
	for _, name := range []string{"heartsay.", "_http._tcp.web.role.tag.heartsay.", "a.member.heartsay.", "0a.addr.heartsay."} {
		b, _ := query(name, dns.TypeSRV).Pack()
		f.Add(b)
	}
	z := zoneOf(shop())
	f.Fuzz(func(t *testing.T, b []byte) {
		q := new(dns.Msg)
		if q.Unpack(b) != nil {
			return
		}
		m := z.reply(q, dns.MaxMsgSize)
		m.Truncate(dns.MinMsgSize)
		packed, err := m.Pack()
		if err != nil {
			t.Fatalf("the answer to %v cannot be sent: %v", q, err)
		}
		if len(q.Question) == 1 && len(packed) > dns.MinMsgSize {
			t.Fatalf("the answer to %v has %d bytes after it was cut to %d", q, len(packed), dns.MinMsgSize)
		}
	})
}
