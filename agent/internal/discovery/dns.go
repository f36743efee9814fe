package discovery

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/miekg/dns"

	"heartsay/agent/addr"
	"heartsay/agent/internal/ratelimit"
	"heartsay/agent/ports"
)

// Bounds of the DNS server.
const (
	dnsStreams   = 64              // TCP connections at a time
	dnsShare     = 16              // of them, of one source
	dnsWork      = 64              // queries by UDP that are answered at once; those of one source: a quarter
	dnsIdle      = 8 * time.Second // for a connection without a query
	dnsCloseTime = 2 * time.Second // for answers under way at the end
	dnsTime      = 2 * time.Second // for the caller to send a query or take an answer
	dnsLocalUDP  = 8192            // bytes of a UDP answer on loopback, if the caller takes as much
	dnsUDP       = 1232            // bytes of one elsewhere, so that it is never split [https://dnsflagday.net/2020]
)

// DNS answers on one UDP and one TCP port of the same number.
type DNS struct {
	address  netip.AddrPort
	packets  net.PacketConn
	listener *ports.Listener
	guard    *dnsGuard
	work     *ports.Work // for queries by UDP: by TCP, each connection has one under way
	zone     dnsZone
	count    func(rcode string)
	running  []*dns.Server
}

// ListenDNS opens both ports. Port 0 picks one that is free for both.
func ListenDNS(address netip.AddrPort) (*DNS, error) {
	for tries := 0; ; tries++ {
		packets, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(address))
		if err != nil {
			return nil, fmt.Errorf("listen for DNS on %s: %w", address, err)
		}
		bound, _ := addr.Of(packets.LocalAddr())
		listener, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(bound))
		if err == nil {
			bounds := ports.Bounds{Conns: ports.Places(dnsStreams), Share: dnsShare, Idle: dnsIdle}
			return &DNS{address: bound, packets: packets, listener: ports.Listen(listener, bounds), guard: newDNSGuard(),
				work: ports.NewWork(dnsWork, dnsWork/4)}, nil
		}
		_ = packets.Close()
		if address.Port() != 0 || tries == 9 {
			return nil, fmt.Errorf("listen for DNS on %s, TCP: %w", bound, err)
		}
	}
}

// Address returns where it listens.
func (d *DNS) Address() netip.AddrPort { return d.address }

// Serve answers queries for zone, the canonical name of one, from what source hands out, until Close; it returns when
// both ports are served. It calls count with the code of each answer, and failed when it cannot go on.
func (d *DNS) Serve(zone string, source Source, count func(rcode string), failed func(error)) {
	d.zone, d.count = dnsZone{zone, source}, count
	for _, s := range []*dns.Server{{PacketConn: d.packets}, {Listener: d.listener}} {
		s.Handler, s.ReadTimeout, s.WriteTimeout = d, dnsTime, dnsTime
		s.DecorateReader = func(r dns.Reader) dns.Reader { return markingReader{r} }
		s.IdleTimeout = func() time.Duration { return dnsIdle }
		started := make(chan struct{})
		s.NotifyStartedFunc = func() { close(started) }
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			if err := s.ActivateAndServe(); err != nil {
				failed(fmt.Errorf("serve DNS: %w", err))
			}
		}()
		select {
		case <-started:
			d.running = append(d.running, s)
		case <-ended:
		}
	}
}

// markingReader notes which connections have sent a query, and are sent an answer.
type markingReader struct{ dns.Reader }

func (r markingReader) ReadTCP(c net.Conn, timeout time.Duration) ([]byte, error) {
	ports.Mark(c, ports.Resting)
	b, err := r.Reader.ReadTCP(c, timeout)
	if err == nil && new(dns.Msg).Unpack(b) == nil {
		ports.Mark(c, ports.Working)
	}
	return b, err
}

// ServeDNS answers one query.
func (d *DNS) ServeDNS(w dns.ResponseWriter, query *dns.Msg) {
	source, _ := addr.Of(w.RemoteAddr())
	from, now := source.Addr(), time.Now()
	cookie := cookieOf(query)
	trust, size := dnsAnything, dns.MaxMsgSize
	if _, ok := w.RemoteAddr().(*net.UDPAddr); ok {
		done, ok := d.work.Try(ratelimit.Source(from))
		if !ok {
			d.guard.busy.Add(1)
			return // it asks again
		}
		defer done()
		trust, size = d.guard.judge(from, cookie, now), d.udpSize(query)
	} else {
		d.guard.prove(from, now)
	}
	m := d.answer(query, trust, size)
	if m.IsEdns0() != nil && cookie != nil {
		d.guard.addCookie(m, cookie, from, now)
	}
	m.Truncate(size)
	if trust == dnsThrice {
		d.guard.bound(m, query)
	}
	d.count(dns.RcodeToString[m.Rcode])
	_ = w.WriteMsg(m) // the caller is gone
}

// answer returns the answer to a query, with not many more records than fit into size.
func (d *DNS) answer(query *dns.Msg, trust dnsTrust, size int) *dns.Msg {
	m := new(dns.Msg)
	if trust == dnsNothing {
		m.SetReply(query)
		emptied(m)
		m.RecursionAvailable = false
	} else {
		m = d.zone.reply(query, size)
	}
	if opt := query.IsEdns0(); opt != nil {
		if opt.Version() != 0 {
			m.Rcode, m.Answer, m.Ns, m.Extra = dns.RcodeBadVers, nil, nil, nil
		}
		m.SetEdns0(uint16(d.mostUDP()), false)
	}
	return m
}

// Refused returns how many connections and queries were not answered in full, by reason. The caller owns the map. Every
// reason is present, also of a DNS that is nil.
func (d *DNS) Refused() map[string]uint64 {
	all := map[string]uint64{"dns_limit": 0, "dns_share": 0, "dns_rate": 0, "dns_cut": 0, "dns_busy": 0}
	if d != nil {
		crowded := d.listener.Crowded()
		all["dns_limit"], all["dns_share"] = crowded.Full, crowded.Share // connections without a place
		all["dns_rate"] = d.guard.rate.Load()                            // queries of addresses that ask too fast
		all["dns_cut"] = d.guard.cut.Load()                              // answers too long for an unproven address
		all["dns_busy"] = d.guard.busy.Load()                            // queries that came while too many were answered
	}
	return all
}

// udpSize returns how large an answer by UDP may be.
func (d *DNS) udpSize(query *dns.Msg) int {
	if opt := query.IsEdns0(); opt != nil {
		return min(max(int(opt.UDPSize()), dns.MinMsgSize), d.mostUDP())
	}
	return dns.MinMsgSize
}

func (d *DNS) mostUDP() int {
	if d.address.Addr().IsLoopback() {
		return dnsLocalUDP
	}
	return dnsUDP
}

// Close stops answering and returns when the last answer is sent, or after a while.
func (d *DNS) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), dnsCloseTime)
	defer cancel()
	var faults []error
	for _, s := range d.running {
		faults = append(faults, s.ShutdownContext(ctx))
	}
	_ = d.packets.Close() // by then, unless it was never served
	_ = d.listener.Close()
	return errors.Join(faults...)
}
