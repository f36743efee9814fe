package node

import (
	"net/netip"
	"time"

	"heartsay/agent/internal/ratelimit"
	"heartsay/agent/seal"
	"heartsay/gossip/wire"
)

// Names that nobody here has heard of are taken from one source, unasked, at this rate. A cluster that heals brings
// thousands at once; a peer that makes names up goes on for ever.
const (
	newNamesAtOnce = 4096
	newNamesRate   = 16   // a second after that
	maxSources     = 1024 // sources that are told apart
)

// errNewNames answers a stream whose opener is one name too many.
var errNewNames = &seal.OpenError{Reason: "strangers", Detail: "its source has told of too many members that nobody here has heard of"}

// newNames bounds how fast one source may fill the list of members with names that are new here, so that a peer that
// makes them up leaves room for others. What this node asked for itself, on a stream that it opened, is not counted.
type newNames = ratelimit.Buckets[netip.Addr]

// admits takes the names that are too many out of a message. It reports false when nothing is left of it: its sender
// itself is one of them.
func (l *loop) admits(from netip.Addr, m wire.Message, now time.Time) bool {
	switch m.Kind() {
	case wire.KindPong, wire.KindRefused, wire.KindEvidence:
		return true // a pong answers a question, a refusal names nobody, evidence is of members that are known
	}
	m.Trim(func(name string) bool { return l.admitsName(from, name, now) })
	return l.admitsName(from, m.Head().From, now)
}

func (l *loop) admitsName(from netip.Addr, name string, now time.Time) bool {
	if l.engine.Knows(name) || l.newNames.Of(ratelimit.Source(from), now).Take(now) {
		return true
	}
	l.node.counts.drop("strangers")
	return false
}
