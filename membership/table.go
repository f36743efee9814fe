package membership

import (
	"cmp"
	"slices"
	"strings"
)

// Table is one observer's list of the other members, and of the tombstones of those it has forgotten. A name is in
// at most one of the two. The zero Table is not ready; use [NewTable].
type Table struct {
	capacity   int
	byName     map[string]*Member
	sorted     []*Member // by name, so that nothing depends on the order of a map
	hashed     []*Member // the same by hash of the name, which is the order of digests
	tombstones tombstones
}

// NewTable returns an empty table that holds at most capacity members, and as many tombstones (R15).
func NewTable(capacity int) *Table {
	return &Table{capacity: capacity, byName: map[string]*Member{}, tombstones: tombstones{capacity: capacity}}
}

// Get returns the member of that name, nil when there is none.
func (t *Table) Get(name string) *Member { return t.byName[name] }

// All returns the members sorted by name. The slice is the table's own: it is valid until the next [Table.Learn] or
// [Table.Bury], and must not be changed.
func (t *Table) All() []*Member { return t.sorted }

// ByHash returns the members sorted by the hash of their names. The slice is as short-lived as that of [Table.All].
func (t *Table) ByHash() []*Member { return t.hashed }

// Len returns the number of members.
func (t *Table) Len() int { return len(t.sorted) }

// Change says what [Table.Learn] did with an entry. When Member is nil the entry was refused, for Refused.
type Change struct {
	Member    *Member
	Refused   Refusal
	Learned   bool // the member was not in the table
	Restarted bool // a new incarnation replaced the one known
	Changed   bool // the owner changed its record within the incarnation
	Rose      bool // the heartbeat rose within the incarnation
}

// Refusal is why a table would not take an entry.
type Refusal uint8

const (
	NotRefused Refusal = iota
	Full               // the table is full: the old are kept, the new refused (R15)
	Buried             // the member was forgotten, and this is not news of its return (R10)
)

// Learn merges e into the table (R2). Direct says that the member itself told it, which a forgotten member may use to
// return at once. The entry must be valid. Verdicts and the pulse are the caller's to bring up to date.
func (t *Table) Learn(now Instant, e Entry, direct bool) Change {
	m := t.byName[e.Record.Name]
	if m == nil {
		return t.admit(now, e, direct)
	}
	merged := Merge(m.Entry, e)
	c := Change{
		Member:    m,
		Restarted: merged.Record.Incarnation > m.Record.Incarnation,
	}
	c.Changed = !c.Restarted && merged.Record != m.Record
	c.Rose = !c.Restarted && merged.Heartbeat > m.Heartbeat
	if c.Restarted || c.Changed {
		m.Print = merged.Record.Print()
	}
	m.Entry = merged
	return c
}

func (t *Table) admit(now Instant, e Entry, direct bool) Change {
	name := e.Record.Name
	switch {
	case !t.tombstones.admits(name, e.Record.Incarnation, e.Heartbeat, direct):
		return Change{Refused: Buried}
	case len(t.sorted) >= t.capacity:
		return Change{Refused: Full}
	}
	t.tombstones.remove(name)
	m := &Member{Entry: e, Hash: HashName(name), Print: e.Record.Print(), Since: now}
	t.byName[name] = m
	i, _ := t.search(name)
	t.sorted = slices.Insert(t.sorted, i, m)
	i, _ = t.searchHash(m)
	t.hashed = slices.Insert(t.hashed, i, m)
	return Change{Member: m, Learned: true}
}

// Admits reports whether a counter of a member that is not in the table would let it in: always when the member was
// never forgotten, otherwise by the rule of [Tombstone]. A counter that is refused is remembered, so that the next
// higher one is let in.
func (t *Table) Admits(name string, incarnation, heartbeat uint64, direct bool) bool {
	return t.tombstones.admits(name, incarnation, heartbeat, direct)
}

// Bury removes the member and leaves a tombstone that lasts until the given instant. It reports whether there was a
// member to remove.
func (t *Table) Bury(name string, until Instant) bool {
	m := t.byName[name]
	if m == nil {
		return false
	}
	delete(t.byName, name)
	i, _ := t.search(name)
	t.sorted = slices.Delete(t.sorted, i, i+1)
	i, _ = t.searchHash(m)
	t.hashed = slices.Delete(t.hashed, i, i+1)
	t.tombstones.add(Tombstone{
		Name: name, Address: m.Record.Address, Until: until,
		Incarnation: m.Record.Incarnation, Heartbeat: m.Heartbeat,
	})
	return true
}

// Tombstones returns the tombstones in no particular, but always the same order. The slice is the table's own and must not be changed.
func (t *Table) Tombstones() []Tombstone { return t.tombstones.list }

// Tombstone reports whether the name was forgotten and its tombstone still stands.
func (t *Table) Tombstone(name string) bool { return t.tombstones.find(name) != nil }

// ExpireTombstones removes the tombstones that have stood until now.
func (t *Table) ExpireTombstones(now Instant) { t.tombstones.expire(now) }

func (t *Table) search(name string) (int, bool) {
	return slices.BinarySearchFunc(t.sorted, name, func(m *Member, n string) int {
		return strings.Compare(m.Record.Name, n)
	})
}

func (t *Table) searchHash(m *Member) (int, bool) {
	return slices.BinarySearchFunc(t.hashed, m, func(a, b *Member) int {
		return cmp.Or(cmp.Compare(a.Hash, b.Hash), strings.Compare(a.Record.Name, b.Record.Name))
	})
}
