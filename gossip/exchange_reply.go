package gossip

import (
	"slices"

	"heartsay/gossip/wire"
	"heartsay/membership"
)

// reply gathers a delta and keeps it within one packet (R17). What does not fit is never cut in silence: records that
// wait are announced as More, other parts are counted, and come with another exchange.
type reply struct {
	exchange *exchange
	delta    *wire.Delta
	left     budget // bytes of the packet that are left
	differ   []int  // numbers of the buckets that the two sides list differently
}

// newReply begins the reply to a message. There is one at a time.
func (x *exchange) newReply(to string, wants []string) *reply {
	r := &x.scratch.reply
	*r = reply{exchange: x, delta: x.outbox.spare.delta(), left: x.outbox.budgetTo(to), differ: r.differ[:0]}
	r.delta.Clock, r.delta.Updates, r.delta.Listings = x.clock.unixMilli(), x.scratch.updates[:0], x.scratch.listings[:0]
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

// wantFingerprint asks for a record by its fingerprint. Those that do not fit are missed in the next exchange again.
func (r *reply) wantFingerprint(f uint32) {
	if r.left.take(wire.SizeUint(uint64(f))) {
		r.delta.Fingerprints = append(r.delta.Fingerprints, f)
	} else {
		r.exchange.outbox.drops[Deferred]++
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

// give tells of a member that the peer asked for.
func (r *reply) give(m *membership.Member) {
	if r.exchange.retention.introduced(m) {
		r.record(m.Entry)
	}
}

// differs notes a bucket that the two sides list differently.
func (r *reply) differs(number int) { r.differ = append(r.differ, number) }

// part appends bytes to a field of the delta if they fit, and counts the members whose turn comes later if not.
func (r *reply) part(field *[]byte, bytes []byte, members int) bool {
	if !r.left.take(len(bytes)) {
		r.exchange.outbox.drops[Deferred] += uint64(members)
		return false
	}
	*field = append(*field, bytes...)
	return true
}

// finish returns the delta, with listings of the buckets that differ.
func (r *reply) finish() *wire.Delta {
	r.list()
	d, x := r.delta, r.exchange
	x.scratch.updates, x.scratch.listings = d.Updates, d.Listings
	d.Updates, d.Listings = x.outbox.spare.copyOf(d.Updates), x.outbox.spare.copyOf(d.Listings)
	return d
}
