package gossip

import (
	"slices"

	"heartsay/gossip/wire"
	"heartsay/membership"
)

// reply gathers a delta and keeps it within one packet (R17). What does not fit is never cut in silence: records that
// wait are announced as More, other parts are counted, and come with another exchange.
type reply struct {
	engine     *Engine
	delta      *wire.Delta
	left       budget
	mismatches []int // numbers of the buckets that the two sides list differently
}

// newReply begins the reply to a message. There is one at a time.
func (e *Engine) newReply(to string, wants []string) *reply {
	r := &e.scratch.reply
	*r = reply{engine: e, delta: e.spare.delta(), left: e.packetBudget(to), mismatches: r.mismatches[:0]}
	r.delta.Clock, r.delta.Updates, r.delta.Listings = e.clock(), e.scratch.newer[:0], e.scratch.rosters[:0]
	for _, name := range wants {
		r.want(name)
	}
	return r
}

// want asks for the record of a member by name.
func (r *reply) want(name string) {
	if slices.Contains(r.delta.Wants, name) {
		return
	}
	if r.left.take(wire.SizeString(name)) {
		r.delta.Wants = append(r.delta.Wants, name)
	} else {
		r.delta.More = true
	}
}

// wantPrint asks for a record by its print. Those that do not fit are missed in the next exchange again.
func (r *reply) wantPrint(print uint32) {
	if r.left.take(wire.SizeUint(uint64(print))) {
		r.delta.Fingerprints = append(r.delta.Fingerprints, print)
	} else {
		r.engine.drops[Deferred]++
	}
}

// record tells a record that is newer than the peer's, or that it does not know.
func (r *reply) record(en membership.Entry) {
	if r.left.take(wire.SizeEntry(en)) {
		r.delta.Entries = append(r.delta.Entries, en)
	} else {
		r.delta.More = true
	}
}

// part appends bytes to a field of the delta if they fit, and counts the members whose turn comes later if not.
func (r *reply) part(field *[]byte, bytes []byte, members int) bool {
	if !r.left.take(len(bytes)) {
		r.engine.drops[Deferred] += uint64(members)
		return false
	}
	*field = append(*field, bytes...)
	return true
}

// finish returns the delta, with rosters of the buckets that differ.
func (r *reply) finish() *wire.Delta {
	r.rosters()
	d, s := r.delta, &r.engine.scratch
	s.newer, s.rosters = d.Updates, d.Listings
	d.Updates, d.Listings = r.engine.spare.copyOf(d.Updates), r.engine.spare.copyOf(d.Listings)
	return d
}
