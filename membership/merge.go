package membership

import "cmp"

// Entry is one piece of knowledge about a member: its newest known record, and the highest heartbeat seen of that
// record's incarnation.
type Entry struct {
	Record    *Record
	Heartbeat uint64
}

// Merge returns what an observer knows who was told both a and b of the same member (R2). A higher incarnation wins
// whole. Within one incarnation the higher heartbeat and the record changed later are kept, each on its own, because
// a record may travel apart from the counters.
//
// Merge is commutative, associative and idempotent, so the order and number of messages never matter. Both entries
// must hold a record, and of the same name.
func Merge(a, b Entry) Entry {
	switch c := cmp.Compare(a.Record.Incarnation, b.Record.Incarnation); {
	case c > 0:
		return a
	case c < 0:
		return b
	}
	return Entry{Record: newerRecord(a.Record, b.Record), Heartbeat: max(a.Heartbeat, b.Heartbeat)}
}

// newerRecord returns the record of two of one incarnation that its owner made later.
func newerRecord(a, b *Record) *Record {
	if a == b {
		return a
	}
	if cmp.Or(cmp.Compare(a.Version, b.Version), compareContent(a, b)) < 0 {
		return b
	}
	return a
}

// After reports whether (incarnation, heartbeat) is later in a member's history than (i, h), by R2.
func After(incarnation, heartbeat, i, h uint64) bool {
	return cmp.Or(cmp.Compare(incarnation, i), cmp.Compare(heartbeat, h)) > 0
}
