package gossip

import (
	"math"
	"slices"
	"time"

	"heartsay/membership"
)

// Pending is what this member has asked for and not been answered yet: four tables of open requests, each with its own
// rule for what happens without a reply.
//
//	digests    of the last round (R5)                     no reply in time: the peer is probed (R8)
//	probes     of members under suspicion (R8)            no reply to enough of them: this member accuses
//	names      probes of who lives under a name (R14)     no reply: the name is free
//	goodbyes   of this member that leaves (R13)           no reply: sent again, for six rounds
//
// The rounds and verdicts fill them; messages that arrive settle their entries; ticks find what is overdue.
type pending struct {
	digests  pendingDigests
	probes   pendingProbes
	names    pendingNames
	goodbyes pendingGoodbyes
}

// endOfTime is later than any instant.
const endOfTime = membership.Instant(math.MaxInt64)

// timer is when something is due. A part that has a reason may bring it forward.
type timer struct{ at membership.Instant }

// by sees to it that it is due at an instant at the latest.
func (t *timer) by(at membership.Instant) { t.at = min(t.at, at) }

// pendingDigests are the digests of the last round that have not been replied to.
type pendingDigests struct {
	silent []string           // receivers that have not been heard since
	since  membership.Instant // when the digests were sent
	due    membership.Instant // when the replies should have come
}

// sent begins to wait for replies of the peers of a round.
func (p *pendingDigests) sent(peers []*membership.Member, now membership.Instant, wait time.Duration) {
	p.silent = p.silent[:0]
	for _, m := range peers {
		p.silent = append(p.silent, m.Record.Name)
	}
	p.since, p.due = now, now.Add(wait)
}

// replied takes note that a member was heard, and reports whether a digest was pending there.
func (p *pendingDigests) replied(name string) bool {
	i := slices.Index(p.silent, name)
	if i >= 0 {
		p.silent = slices.Delete(p.silent, i, i+1)
	}
	return i >= 0
}

// overdue returns those who have not replied in time, once.
func (p *pendingDigests) overdue(now membership.Instant) []string {
	if len(p.silent) == 0 || now < p.due {
		return nil
	}
	p.due = endOfTime
	return p.silent
}

// next returns when the replies are overdue, the end of time when none is awaited.
func (p *pendingDigests) next() membership.Instant {
	if len(p.silent) == 0 {
		return endOfTime
	}
	return p.due
}

// pendingProbes are the series of probes that are under way, each part of a suspicion. verdict_probes.go runs them.
type pendingProbes struct {
	series      []*suspicion // at most maxProbed
	next        timer        // when the next probe of any is sent, or its failure is established
	silenceOnly int          // members that may yet be probed for their silence alone, see maxSilenceOnly
}
