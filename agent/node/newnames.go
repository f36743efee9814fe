package node

import (
	"net/netip"
	"time"

	"heartsay/agent/internal/ratelimit"
	"heartsay/agent/seal"
	"heartsay/gossip/wire"
)

// Names that nobody here has heard of are taken at these rates when this node has not asked for them. A cluster that heals
// brings thousands at once; a peer that makes names up goes on for ever. A forged address has no rate of its own: all addresses
// that have not proven that they are their senders' own share one. askProof asks for that proof.
const (
	newNamesAtOnce = 4096
	newNamesRate   = 16   // a second after that
	maxSources     = 1024 // sources that are told apart

	unprovenNamesAtOnce = 64
	unprovenNamesRate   = 0.1

	allNamesAtOnce = 8192
	allNamesRate   = 64
)

// errNewNames answers a stream whose opener is one name too many.
var errNewNames = &seal.OpenError{Reason: "strangers", Detail: "its source has told of too many members that nobody here has heard of"}

// newNames bounds how fast the list of members fills with names that are new here, so that a peer that makes them up leaves
// room for others. What this node asked for itself when it joined is not counted.
type newNames struct {
	proven   *ratelimit.Buckets[netip.Addr] // of each address that has proven itself
	unproven *ratelimit.Bucket              // of all others together
	all      *ratelimit.Bucket
}

func newNewNames(now time.Time) newNames {
	return newNames{
		proven:   ratelimit.NewBuckets[netip.Addr](newNamesRate, newNamesAtOnce, maxSources),
		unproven: ratelimit.NewBucket(unprovenNamesRate, unprovenNamesAtOnce, now),
		all:      ratelimit.NewBucket(allNamesRate, allNamesAtOnce, now),
	}
}

// take reports whether one more name may come from an address, and counts it.
func (n *newNames) take(from netip.Addr, proven bool, now time.Time) bool {
	of := n.unproven
	if proven {
		of = n.proven.Of(ratelimit.Source(from), now)
	}
	return of.Take(now) && n.all.Take(now)
}

// admits takes the names that are too many out of a message. It reports false when nothing is left of it: its sender
// itself is one of them.
func (l *loop) admits(from netip.Addr, m wire.Message, now time.Time) bool {
	switch k := m.Kind(); {
	case k == wire.KindPong, k == wire.KindRefused, k == wire.KindEvidence:
		return true // a pong answers a question, a refusal names nobody, evidence is of members that are known
	case k == wire.KindPing && len(m.Records()) == 0:
		return true // it asks whether somebody is here, and makes nobody known
	}
	m.Trim(func(name string) bool { return l.admitsName(from, name, now) })
	return l.admitsName(from, m.Head().From, now)
}

func (l *loop) admitsName(from netip.Addr, name string, now time.Time) bool {
	if l.engine.Knows(name) || l.newNames.take(from, l.node.proven.has(from, now), now) {
		return true
	}
	l.node.counts.drop("strangers")
	return false
}
