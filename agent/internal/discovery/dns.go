package discovery

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/net/netutil"

	"heartsay/agent/addr"
)

// Bounds of the DNS server.
const (
	dnsStreams   = 64              // TCP connections at a time
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
	listener net.Listener
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
			return &DNS{address: bound, packets: packets, listener: netutil.LimitListener(listener, dnsStreams)}, nil
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

// ServeDNS answers one query.
func (d *DNS) ServeDNS(w dns.ResponseWriter, query *dns.Msg) {
	m := d.zone.reply(query)
	size := dns.MaxMsgSize
	if _, ok := w.RemoteAddr().(*net.UDPAddr); ok {
		size = d.udpSize(query)
	}
	if opt := query.IsEdns0(); opt != nil {
		if opt.Version() != 0 {
			m.Rcode, m.Answer, m.Ns, m.Extra = dns.RcodeBadVers, nil, nil, nil
		}
		m.SetEdns0(uint16(d.mostUDP()), false)
	}
	m.Truncate(size)
	d.count(dns.RcodeToString[m.Rcode])
	_ = w.WriteMsg(m) // the caller is gone
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
