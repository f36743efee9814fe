package doctor

import (
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"time"

	"heartsay/api"
)

const (
	maxProbed = 20 // peers asked at most
	atOnce    = 8  // of them at a time
	ipHeaders = 48 // bytes of IPv6 and UDP around a packet; IPv4 has 20 less
)

// How far clocks may stand apart. Gossip works with any clock that is off by less than a day, but times in events and
// logs of different hosts cannot be compared any more.
const (
	clockWarn = 2 * time.Second
	clockFail = time.Hour
)

// peer is somebody to ask.
type peer struct {
	name, address string
	gone          bool // dead here: that it does not answer is no news
}

// checkPeers makes the agent ask others in all the ways in which it talks to them.
func (d *doctor) checkPeers() {
	if d.self == nil {
		if len(d.call.Args) > 0 {
			d.warn("peers", "start the agent", "no peer was asked, since the agent asks them")
		}
		return
	}
	peers, all, err := d.peers()
	if err != nil {
		d.fail("peers", "", "%v", err)
		return
	}
	results := make([]api.ProbeResult, len(peers))
	faults := make([]error, len(peers))
	var wait sync.WaitGroup
	places := make(chan struct{}, atOnce)
	for i, p := range peers {
		wait.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			results[i], faults[i] = d.client.Probe(d.ctx, p.address)
		})
	}
	wait.Wait()
	for i, p := range peers {
		if faults[i] != nil {
			d.fail("peer", "", "%s: %v", p.address, faults[i])
			continue
		}
		d.judgePeer(p, results[i])
	}
	if len(peers) < all {
		d.ok("peers", "%d of %d were asked; name others to ask them", len(peers), all)
	} else if all == 0 {
		d.warn("peers", "join with heartsay join ADDRESS, or name a PEER to ask", "the agent knows no other member")
	}
}

// peers returns whom to ask: those on the command line, or else members, the doubtful first.
func (d *doctor) peers() (peers []peer, all int, err error) {
	for _, address := range d.call.Args {
		peers = append(peers, peer{name: address, address: address})
	}
	if len(peers) > 0 {
		return peers, len(peers), nil
	}
	view, err := d.client.Members(d.ctx)
	if err != nil {
		return nil, 0, err
	}
	for _, state := range []api.State{api.Suspect, api.Dead, api.Alive} {
		for _, m := range view.Members {
			if m.Name != view.Self && m.State == state {
				peers = append(peers, peer{m.Name, m.Address, state == api.Dead})
			}
		}
	}
	return peers[:min(len(peers), maxProbed)], len(peers), nil
}

// judgePeer notes what asking a peer showed.
func (d *doctor) judgePeer(p peer, r api.ProbeResult) {
	who := p.name + " at " + r.Address
	port := ""
	if at, err := netip.ParseAddrPort(r.Address); err == nil {
		port = fmt.Sprint(at.Port())
	}
	switch {
	case r.PacketError != "" && r.StreamError != "" && p.gone:
		d.warn("peer", "", "%s is dead, and answers neither packets nor streams", who)
		return
	case r.PacketError != "" && r.StreamError != "":
		d.fail("peer", d.blame("start the agent there, or let UDP and TCP pass the firewalls between"),
			"%s answers neither packets nor streams (%s)", who, lastCause(r.StreamError))
		return
	case r.PacketError != "":
		d.fail("udp", d.blame("let UDP port "+port+" pass the firewalls between, in both directions"),
			"%s answers streams, but no packets", who)
		return
	case r.StreamError != "":
		d.fail("tcp", d.blame("let TCP port "+port+" pass the firewalls between, in both directions"),
			"%s answers packets, but no streams (%s)", who, lastCause(r.StreamError))
	case r.PassedBytes < r.FullBytes:
		d.fail("mtu", fmt.Sprintf("raise the MTU on the way to %d, or let ICMP through that tells it", r.FullBytes+ipHeaders),
			"packets to %s get lost above %d bytes, and gossip sends %d", who, r.PassedBytes, r.FullBytes)
	default:
		d.ok("peer", "%s answers packets in %s, full ones too, and streams in %s%s", r.Name+" at "+r.Address,
			milliseconds(r.PacketTime), milliseconds(r.StreamTime), clockWords(r.ClockAhead))
	}
	d.judgeClock(who, r.ClockAhead)
}

func (d *doctor) judgeClock(who string, ahead *time.Duration) {
	if ahead == nil {
		return
	}
	const todo = "set both by NTP"
	switch off := ahead.Abs(); {
	case off > clockFail:
		d.fail("clock", todo, "the clock of %s is %s", who, clockWords(ahead)[len(", clock "):])
	case off > clockWarn:
		d.warn("clock", todo, "the clock of %s is %s", who, clockWords(ahead)[len(", clock "):])
	}
}

// clockWords returns how the clock of a peer stands, for people.
func clockWords(ahead *time.Duration) string {
	switch {
	case ahead == nil:
		return ""
	case *ahead < 0:
		return fmt.Sprintf(", clock %.1f s behind", -ahead.Seconds())
	}
	return fmt.Sprintf(", clock %.1f s ahead", ahead.Seconds())
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%.1f ms", d.Seconds()*1000) }

// lastCause returns the end of a chain of causes, which is what a person can act on.
func lastCause(text string) string {
	parts := strings.Split(text, ": ")
	return strings.Join(parts[max(0, len(parts)-2):], ": ")
}
