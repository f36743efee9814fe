package discovery

import (
	"iter"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"

	"github.com/miekg/dns"

	"heartsay/membership"
)

// dnsTTL is how long an answer may be kept, in seconds: as short as DNS can say without forbidding it.
const dnsTTL = 1

// dnsZone answers the queries for the names of one zone.
type dnsZone struct {
	name   string // canonical
	source Source
}

// leastRecord is the fewest bytes of a record in an answer.
const leastRecord = 16

// reply returns the answer to a query, whatever it is. More records than could fit into size bytes are left out, but for
// one, which shows that it is not all.
func (z dnsZone) reply(query *dns.Msg, size int) *dns.Msg {
	m := new(dns.Msg)
	m.SetReply(query)
	m.RecursionAvailable = false
	if len(query.Question) != 1 {
		return m.SetRcode(query, dns.RcodeFormatError)
	}
	question := query.Question[0]
	name := dns.CanonicalName(question.Name)
	switch {
	case query.Opcode != dns.OpcodeQuery:
		return m.SetRcode(query, dns.RcodeNotImplemented)
	case question.Qclass != dns.ClassINET, !dns.IsSubDomain(z.name, name):
		return m.SetRcode(query, dns.RcodeRefused)
	}
	s, err := z.source.Snapshot()
	if err != nil {
		return m.SetRcode(query, dns.RcodeServerFailure)
	}
	m.Authoritative = true
	z.fill(m, question, name, s, size/leastRecord+1)
	return m
}

// fill writes the answer to a question for a name of the zone, of so many records at most.
func (z dnsZone) fill(m *dns.Msg, question dns.Question, name string, s *Snapshot, most int) {
	q, ok := parseDNSName(name, z.name)
	if !ok {
		z.deny(m, dns.RcodeNameError, s)
		return
	}
	views, err := s.named(name, q.wanted)
	if q.address.IsValid() {
		views, err = nil, nil
	}
	switch {
	case err != nil:
		m.Rcode, m.Authoritative = dns.RcodeServerFailure, false
		return
	case q.name != "" && len(views) == 0:
		z.deny(m, dns.RcodeNameError, s)
		return
	}
	switch question.Qtype {
	case dns.TypeA, dns.TypeAAAA:
		z.addresses(m, question, q, views, most)
	case dns.TypeSRV:
		z.services(m, question, q, views, most)
	case dns.TypeSOA, dns.TypeNS:
		z.authority(m, question, q, s)
	case dns.TypeANY:
		m.Answer = []dns.RR{&dns.HINFO{Hdr: header(question.Name, dns.TypeHINFO), Cpu: "RFC8482"}} // [RFC 8482, 4.2]
	}
	if len(m.Answer) == 0 {
		z.deny(m, dns.RcodeSuccess, s)
	}
}

// deny says that there is nothing, in a way that resolvers keep for no longer than an answer [RFC 2308].
func (z dnsZone) deny(m *dns.Msg, rcode int, s *Snapshot) {
	m.Rcode, m.Ns = rcode, []dns.RR{z.soa(s)}
}

func (z dnsZone) addresses(m *dns.Msg, question dns.Question, q dnsQuery, views []membership.View, most int) {
	if q.address.IsValid() {
		m.Answer = appendAddress(m.Answer, question.Name, q.address, question.Qtype)
	}
	if q.service != "" {
		return
	}
	seen := map[netip.Addr]bool{}         // several members may share a host
	for i := range shuffled(len(views)) { // who takes the first takes any
		if ip := views[i].Record.Address.Addr(); !seen[ip] {
			seen[ip] = true
			m.Answer = appendAddress(m.Answer, question.Name, ip, question.Qtype)
		}
		if len(m.Answer) >= most {
			return
		}
	}
}

// shuffled yields the numbers below n, each once and in any order. To begin costs nothing, however large n is.
func shuffled(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		moved := map[int]int{} // numbers that are not in their own place
		at := func(i int) int {
			if v, ok := moved[i]; ok {
				return v
			}
			return i
		}
		for i := range n {
			j := i + rand.IntN(n-i)
			v := at(j)
			moved[j] = at(i)
			if !yield(v) {
				return
			}
		}
	}
}

// services answers with the ports of a service, the alive before the suspect, and with the addresses of those hosts.
func (z dnsZone) services(m *dns.Msg, question dns.Question, q dnsQuery, views []membership.View, most int) {
	if q.service == "" {
		return
	}
	for i := range shuffled(len(views)) {
		if len(m.Answer) >= most {
			return
		}
		v := views[i]
		port, ok := q.servicePort(v)
		if !ok {
			continue
		}
		target, priority := dnsTarget(v, z.name), uint16(1)
		if v.State != membership.Alive {
			priority = 2
		}
		m.Answer = append(m.Answer, &dns.SRV{Hdr: header(question.Name, dns.TypeSRV), Priority: priority, Weight: 1,
			Port: port, Target: target})
		ip := v.Record.Address.Addr()
		m.Extra = appendAddress(m.Extra, target, ip, dns.TypeA)
		m.Extra = appendAddress(m.Extra, target, ip, dns.TypeAAAA)
	}
}

func (z dnsZone) authority(m *dns.Msg, question dns.Question, q dnsQuery, s *Snapshot) {
	switch {
	case !q.apex:
	case question.Qtype == dns.TypeSOA:
		m.Answer = []dns.RR{z.soa(s)}
	default:
		m.Answer = []dns.RR{&dns.NS{Hdr: header(question.Name, dns.TypeNS), Ns: z.server(s)}}
	}
}

// soa returns the start of the zone. Its serial number is that of the newest event.
func (z dnsZone) soa(s *Snapshot) dns.RR {
	return &dns.SOA{Hdr: header(z.name, dns.TypeSOA), Ns: z.server(s), Mbox: "hostmaster." + z.name,
		Serial: uint32(s.Seq), Refresh: dnsTTL, Retry: dnsTTL, Expire: 60, Minttl: dnsTTL}
}

// server returns the name of the agent's own host.
func (z dnsZone) server(s *Snapshot) string {
	return dnsTarget(s.self(), z.name)
}

// appendAddress appends the record of an address, if it is of the type asked for.
func appendAddress(to []dns.RR, name string, ip netip.Addr, qtype uint16) []dns.RR {
	switch {
	case qtype == dns.TypeA && ip.Is4():
		return append(to, &dns.A{Hdr: header(name, qtype), A: net.IP(ip.AsSlice())})
	case qtype == dns.TypeAAAA && ip.Is6():
		return append(to, &dns.AAAA{Hdr: header(name, qtype), AAAA: net.IP(ip.AsSlice())})
	}
	return to
}

func header(name string, rtype uint16) dns.RR_Header {
	return dns.RR_Header{Name: name, Rrtype: rtype, Class: dns.ClassINET, Ttl: dnsTTL}
}

// CheckZone returns the canonical form of the name of a zone, and whether it is one: not the root, which is everybody's.
func CheckZone(zone string) (string, bool) {
	if zone == "" || strings.Trim(zone, ".") == "" || strings.ContainsAny(zone, " \\\t\n") {
		return "", false
	}
	_, ok := dns.IsDomainName(zone)
	return dns.CanonicalName(zone), ok
}
