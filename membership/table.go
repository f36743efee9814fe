package membership

import (
	"cmp"
	"slices"
	"strings"
)

// Table is one observer's list of the other members, and of the tombstones of those it has forgotten. A name is in
// at most one of the two. The zero Table is not ready; use [NewTable].
//
// Members are found and listed by the hash of their names (index.go) and live in slabs (slab.go), so that a digest, which
// lists them in that order, mostly walks through memory.
type Table struct {
	capacity   int
	bytes      room // of all records
	index      index
	slabs      slabs
	count      [len(stateNames)]int // members in each state
	gone       []*Member            // those that are not present, in the order in which they went
	byName     []*Member            // sorted by name; nil until asked for, and after each change
	tombstones tombstones
	rebases    rebases
}

// NewTable returns an empty table that holds at most capacity members, and as many tombstones (R15). Room.go says how many
// bytes of records.
func NewTable(capacity int) *Table {
	return &Table{capacity: capacity, bytes: roomFor(capacity), tombstones: tombstones{capacity: capacity}}
}

// Reserve makes room for n members at once, so that learning of them one after the other in the order of their hashes
// copies nothing and leaves no room over.
func (t *Table) Reserve(n int) {
	n = min(n, t.capacity) - t.Len()
	t.index.reserve(n)
	t.slabs.reserve(n)
}

// Get returns the member of that name, nil when there is none. It stays valid until the member is forgotten.
func (t *Table) Get(name string) *Member {
	i, found := t.index.search(HashName(name), name)
	if !found {
		return nil
	}
	return t.index.members[i]
}

// All returns the members sorted by the hash of their names. The slice is the table's own: it is valid until the next
// [Table.Learn] or [Table.Forget], and must not be changed.
func (t *Table) All() []*Member { return t.index.members }

// Hashes returns the hashes of the names of the members in [Table.All]. The slice is as short-lived.
func (t *Table) Hashes() []uint64 { return t.index.hashes }

// ByHash returns a member by the hash of its name, nil when there is none. Of two whose names have one hash, which
// happens by chance to one pair of members in 10¹¹ clusters of 10,000, it is the first by name.
func (t *Table) ByHash(hash uint64) *Member {
	if at := t.index.first(hash); at < t.Len() && t.index.hashes[at] == hash {
		return t.index.members[at]
	}
	return nil
}

// Bucket is the members the hashes of whose names begin with the same bits.
type Bucket struct {
	From         int       // where it begins in [Table.All]
	Members      []*Member // that part of it
	Fingerprints uint32    // sum
	Gone         int       // those that are not present
}

// Bucket returns the members the hashes of whose names begin with a number of so many bits.
func (t *Table) Bucket(number, bits int) Bucket { return t.index.bucket(number, bits) }

// Place returns where in [Table.All] a name of that hash stands, or would stand.
func (t *Table) Place(hash uint64, name string) int {
	at, _ := t.index.search(hash, name)
	return at
}

// ByName returns the members sorted by name, for people. The slice is as short-lived as that of [Table.All].
func (t *Table) ByName() []*Member {
	if t.byName == nil {
		t.byName = slices.Clone(t.index.members)
		slices.SortFunc(t.byName, func(a, b *Member) int { return strings.Compare(a.Record.Name, b.Record.Name) })
	}
	return t.byName
}

// Len returns the number of members.
func (t *Table) Len() int { return len(t.index.members) }

// Full reports whether there is no room for one more member.
func (t *Table) Full() bool { return t.Len() >= t.capacity }

// Count returns the number of members in a state.
func (t *Table) Count(s State) int { return t.count[s] }

// SetState lets a member of the table take a state.
func (t *Table) SetState(m *Member, s State, now Instant) {
	t.count[m.State]--
	t.count[s]++
	if m.State.Present() != s.Present() {
		t.index.changed(HashName(m.Record.Name))
		if s.Present() {
			t.isBack(m)
		} else {
			t.gone = append(t.gone, m)
		}
	}
	m.State, m.Since = s, now
}

func (t *Table) isBack(m *Member) {
	t.gone = slices.DeleteFunc(t.gone, func(other *Member) bool { return other == m })
}

// SortGone puts the members that are not present in the order in which they went, after some were said to have gone in the past.
func (t *Table) SortGone() {
	slices.SortStableFunc(t.gone, func(a, b *Member) int { return cmp.Compare(a.Since, b.Since) })
}

// Replace puts another entry of the same name in the place of what is known of a member, by no rule.
func (t *Table) Replace(m *Member, e Entry) {
	m.Entry, m.Fingerprint = e, e.Record.Fingerprint()
	t.index.changed(HashName(e.Record.Name))
}

// Gone returns the members that are not present, in the order in which they went. The slice is the table's own: it is
// valid until the next change of a state, and must not be changed.
func (t *Table) Gone() []*Member { return t.gone }

// Change says what [Table.Learn] did with an entry. When Member is nil the entry was refused, for Refused.
type Change struct {
	Member    *Member
	Refused   Refusal
	Learned   bool   // the member was not in the table
	Restarted bool   // a new incarnation replaced the one known
	Changed   bool   // the owner changed its record within the incarnation
	Rose      bool   // the heartbeat rose within the incarnation
	Was       uint64 // the heartbeat from which it rose; only when Rose
}

// Refusal is why a table would not take an entry.
type Refusal uint8

const (
	NotRefused Refusal = iota
	Full               // the table is full, or has no room for the record: the old are kept, the new refused (R15)
	Forgotten          // the member was forgotten, and this is not news of its return (R10)
)

// Learn merges e into the table (R2). Direct says that the member itself told it, which a forgotten member may use to
// return at once. The entry must be valid. Verdicts and arrivals are the caller's to bring up to date.
func (t *Table) Learn(now Instant, e Entry, direct bool) Change {
	hash := HashName(e.Record.Name)
	i, found := t.index.search(hash, e.Record.Name)
	if !found {
		return t.admit(now, i, hash, e, direct)
	}
	m := t.index.members[i]
	merged := Merge(m.Entry, e)
	c := Change{Member: m, Restarted: merged.Record.Incarnation > m.Record.Incarnation}
	if !c.Restarted {
		c.Changed = merged.Record != m.Record
		if merged.Heartbeat > m.Heartbeat {
			c.Rose, c.Was = true, m.Heartbeat
		}
	}
	if c.Restarted || c.Changed {
		if !t.bytes.replace(m.Record, merged.Record) {
			return Change{Refused: Full}
		}
		m.Fingerprint = merged.Record.Fingerprint()
		t.index.changed(hash)
	}
	m.Entry = merged
	return c
}

// admit takes a new member in, at a place of the index.
func (t *Table) admit(now Instant, at int, hash uint64, e Entry, direct bool) Change {
	name := e.Record.Name
	switch {
	case !t.tombstones.admits(name, e.Record.Incarnation, e.Heartbeat, direct):
		return Change{Refused: Forgotten}
	case t.Full() || !t.bytes.replace(nil, e.Record):
		return Change{Refused: Full}
	}
	t.tombstones.remove(name)
	m := t.slabs.take()
	*m = Member{Entry: e, Fingerprint: e.Record.Fingerprint(), State: Alive, Since: now}
	t.count[Alive]++
	t.index.insert(at, hash, m)
	t.byName = nil
	return Change{Member: m, Learned: true}
}

// Admits reports whether a counter of a member that is not in the table would admit it: always when the member was
// never forgotten, otherwise by the rule of [Tombstone]. A counter that is refused is remembered, so that the next
// higher one is let in.
func (t *Table) Admits(name string, incarnation, heartbeat uint64, direct bool) bool {
	return t.tombstones.admits(name, incarnation, heartbeat, direct)
}

// Forget removes the member and leaves a tombstone that lasts until the given instant. It reports whether there was a
// member to remove.
func (t *Table) Forget(name string, until Instant) bool {
	i, found := t.index.search(HashName(name), name)
	if !found {
		return false
	}
	m := t.index.members[i]
	t.tombstones.add(Tombstone{
		Name: name, Address: m.Record.Address, Until: until,
		Incarnation: m.Record.Incarnation, Heartbeat: m.Heartbeat,
	})
	t.count[m.State]--
	if !m.State.Present() {
		t.isBack(m)
	}
	t.bytes.replace(m.Record, nil)
	t.index.remove(i)
	t.byName = nil
	t.rebases.end(m)
	t.slabs.put(m)
	return true
}

// Tombstones returns the tombstones in no particular, but always the same order. The slice is the table's own and must not be changed.
func (t *Table) Tombstones() []Tombstone { return t.tombstones.list }

// Tombstone reports whether the name was forgotten and its tombstone still stands.
func (t *Table) Tombstone(name string) bool { return t.tombstones.find(name) != nil }

// TombstoneOf returns the tombstone of a name, and whether there is one.
func (t *Table) TombstoneOf(name string) (Tombstone, bool) {
	if s := t.tombstones.find(name); s != nil {
		return *s, true
	}
	return Tombstone{}, false
}

// ExpireTombstones removes the tombstones that have stood until now.
func (t *Table) ExpireTombstones(now Instant) {
	t.tombstones.expire(func(s *Tombstone) bool { return s.Until <= now })
}

// DropTombstonesBeyond removes the tombstones of lives that cannot have begun by now: they would keep out a life that can.
func (t *Table) DropTombstonesBeyond(h Horizon) {
	t.tombstones.expire(func(s *Tombstone) bool { return !h.Reaches(s.Incarnation) })
}
