package membership

// What a table holds is bounded in two ways: by the number of members and by the bytes of their records, since a record may
// carry 4 KiB of tags. When it is full, somebody makes way, in this order:
//
//	1. those who are gone, dead or left, the longest gone first
//	2. those who are present and of whom no message of their own has come, the latest learned of first
//
// The second make way only for somebody who tells of itself: what others tell can be invented, and so can those of whom
// nobody has heard but by others. A member that was heard directly and is present stays. One that makes way leaves a tombstone, which
// keeps its address.

const (
	meanRecord = 2 << 10 // bytes that a table has for the record of each member of a full one
	leastRoom  = 1 << 20
	tagHead    = 32 // bytes that a tag takes beside its texts
)

// room is how many bytes of records a table may hold and does.
type room struct{ most, used int }

func roomFor(members int) room { return room{most: max(members*meanRecord, leastRoom)} }

// replace counts one record in place of another, of which one may be nil. It reports false when there is no room; then
// nothing changed. There always is for a record that is not larger.
func (r *room) replace(old, by *Record) bool {
	if !r.fits(old, by) {
		return false
	}
	r.used += by.size() - old.size()
	return true
}

func (r *room) fits(old, by *Record) bool {
	more := by.size() - old.size()
	return more <= 0 || r.used+more <= r.most
}

// size returns about how many bytes the texts of a record take, 0 for nil.
func (r *Record) size() int {
	if r == nil {
		return 0
	}
	n := len(r.Name) + len(r.Zone) + len(r.Build)
	for _, tag := range r.Tags {
		n += tagHead + len(tag.Key) + len(tag.Value)
	}
	return n
}

// Fits reports whether there is room for an entry. M is what is known of that member, nil for nothing.
func (t *Table) Fits(m *Member, e Entry) bool {
	if m == nil {
		return !t.Full() && t.bytes.fits(nil, e.Record)
	}
	return t.bytes.fits(m.Record, Merge(m.Entry, e).Record)
}

// MakesWay returns the member other than m that is to be forgotten first for the sake of m, nil when all stay. Direct says that
// m itself tells what there is no room for; m is nil when nothing is known of it.
func (t *Table) MakesWay(m *Member, direct bool) *Member {
	for _, other := range t.gone {
		if other != m {
			return other
		}
	}
	if !direct {
		return nil
	}
	var latest *Member
	for _, other := range t.index.members {
		if _, heard := other.Direct(); !heard && other != m && (latest == nil || other.Since > latest.Since) {
			latest = other
		}
	}
	return latest
}
