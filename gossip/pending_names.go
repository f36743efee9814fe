package gossip

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"heartsay/gossip/wire"
	"heartsay/membership"
)

// nameProbe is a ping to the member that claims a name (R14). It is repeated each round, since packets get lost, until it is
// answered or the patience ends.
type nameProbe struct {
	nonce    uint64 // names the probe in the reply
	to       netip.AddrPort
	name     string
	deadline membership.Instant
	join     *joiner // not nil: somebody waits to join under the name
	above    uint64  // otherwise: the incarnation that somebody else is said to live under this member's own name,
	relayed  bool    // by others, or by itself
}

// maxNameProbes bounds the probes of names that are open at once.
const maxNameProbes = 64

// pendingNames are the probes of names that have not been answered.
type pendingNames struct {
	rng    *rand.Rand
	clock  *clock
	self   *self
	outbox *outbox
	open   []nameProbe
}

// patience is how long a probe of a name waits for its reply: five attempts, but a second at least for slow links.
func (s *self) patience() time.Duration { return max(time.Second, 4*s.record.Interval) }

// probe sends a probe, and reports whether there was room for it.
func (p *pendingNames) probe(q nameProbe) bool {
	if len(p.open) >= maxNameProbes {
		return p.outbox.drop(DropBusy)
	}
	q.nonce, q.deadline = p.rng.Uint64(), p.clock.now.Add(p.self.patience())
	p.open = append(p.open, q)
	p.send(q)
	return true
}

func (p *pendingNames) send(q nameProbe) { p.outbox.send(q.to, q.name, &wire.Ping{Nonce: q.nonce}) }

// repeat sends all open probes again.
func (p *pendingNames) repeat() {
	for _, q := range p.open {
		p.send(q)
	}
}

// probeDuplicate probes directly whether an agent lives under this member's own name where somebody says so. Everybody
// with the key can name any address. So one address is probed at a time of those that others relay, and one of those that send
// under the name themselves, each once a round. What others relay waits as well until a new incarnation could begin, which is
// all that silence there leads to.
func (p *pendingNames) probeDuplicate(q nameProbe) {
	q.name = p.self.record.Name
	open := slices.IndexFunc(p.open, func(o nameProbe) bool { return o.join == nil && o.relayed == q.relayed })
	switch {
	case open >= 0 && p.open[open].to == q.to:
	case open >= 0, q.relayed && p.clock.now < p.self.nextIncarnation:
		p.outbox.drop(DropBusy)
	default:
		p.probe(q)
	}
}

// reply takes the probe that a pong answers out of the table. It reports false when there is none.
func (p *pendingNames) reply(pong *wire.Pong) (nameProbe, bool) {
	i := slices.IndexFunc(p.open, func(q nameProbe) bool { return q.nonce == pong.Nonce && q.name == pong.From })
	if i < 0 {
		return nameProbe{}, false
	}
	q := p.open[i]
	p.open = slices.Delete(p.open, i, i+1)
	return q, true
}

// expired takes the first probe that nobody answered in time out of the table. It reports false when there is none.
func (p *pendingNames) expired() (nameProbe, bool) {
	for i, q := range p.open {
		if p.clock.now >= q.deadline {
			p.open = slices.Delete(p.open, i, i+1)
			return q, true
		}
	}
	return nameProbe{}, false
}

// next returns when the first probe expires, the end of time when none is open.
func (p *pendingNames) next() membership.Instant {
	at := endOfTime
	for _, q := range p.open {
		at = min(at, q.deadline)
	}
	return at
}
