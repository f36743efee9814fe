package agent

import (
	"net/netip"
	"time"

	"heartsay/agent/internal/ratelimit"
	"heartsay/gossip"
	"heartsay/gossip/wire"
)

// Names that nobody here has heard of are taken from one source, unasked, at this rate. A cluster that heals brings
// thousands at once; a peer that makes names up goes on for ever.
const (
	newNames     = 4096 // at once
	newNamesRate = 16   // a second after that
	maxSources   = 1024 // sources that are told apart
)

// errStrangers answers a stream whose opener is one name too many.
var errStrangers = &OpenError{"strangers", "its source has told of too many members that nobody here has heard of"}

// strangers bounds how fast one source may fill the list of members with names that are new here, so that a peer that
// makes them up leaves room for others. What this agent asked for itself, on a stream that it opened, is not counted.
//
// It belongs to the loop. [newStrangers] makes it.
type strangers struct {
	sources *ratelimit.Buckets[netip.Addr]
	dropped uint64
}

func newStrangers() strangers {
	return strangers{sources: ratelimit.NewBuckets[netip.Addr](newNamesRate, newNames, maxSources)}
}

// admit takes the names that are too many out of a message. It reports false when nothing is left of it: its sender
// itself is one of them.
func (s *strangers) admit(e *gossip.Engine, from netip.Addr, m wire.Message, now time.Time) bool {
	switch m.Kind() {
	case wire.KindPong, wire.KindRefused, wire.KindEvidence:
		return true // a pong answers a question, a refusal names nobody, evidence is of members that are known
	}
	m.Trim(func(name string) bool { return s.admitName(e, from, name, now) })
	return s.admitName(e, from, m.Head().From, now)
}

func (s *strangers) admitName(e *gossip.Engine, from netip.Addr, name string, now time.Time) bool {
	if e.Knows(name) || s.sources.Of(ratelimit.Source(from), now).Take(now) {
		return true
	}
	s.dropped++
	return false
}
