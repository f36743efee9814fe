package membership

import "net/netip"

// Tombstone is the memory of a forgotten member. It stops a ghost: the member's old counters that somebody still
// offers, who slept for an hour or was cut off (R10). Its address is kept, since it may lead back to the other side
// of a partition (R11).
type Tombstone struct {
	Name        string
	Address     netip.AddrPort
	Incarnation uint64 // with Heartbeat: the highest counter that does not bring the member back
	Heartbeat   uint64
	Until       Instant // when the tombstone goes

	candidate bool // the counter above was offered after the member was forgotten, and was higher than the one then
}

// admits reports whether a counter brings the member back: it must be strictly higher, and told by the member itself
// or already the second that rose after the member was forgotten. One rise may be the last heartbeat of the dead, heard of late.
func (s *Tombstone) admits(incarnation, heartbeat uint64, direct bool) bool {
	if !After(incarnation, heartbeat, s.Incarnation, s.Heartbeat) {
		return false
	}
	if direct || s.candidate {
		return true
	}
	s.Incarnation, s.Heartbeat, s.candidate = incarnation, heartbeat, true
	return false
}

// tombstones are found by name and, for healing, by position. When there are too many, the one that would go first
// goes.
type tombstones struct {
	capacity int
	list     []Tombstone
	index    map[string]int // position in list
}

func (t *tombstones) find(name string) *Tombstone {
	i, ok := t.index[name]
	if !ok {
		return nil
	}
	return &t.list[i]
}

func (t *tombstones) admits(name string, incarnation, heartbeat uint64, direct bool) bool {
	s := t.find(name)
	return s == nil || s.admits(incarnation, heartbeat, direct)
}

func (t *tombstones) add(s Tombstone) {
	if len(t.list) >= t.capacity {
		t.removeAt(t.first())
	}
	if t.index == nil {
		t.index = map[string]int{}
	}
	t.index[s.Name] = len(t.list)
	t.list = append(t.list, s)
}

// first returns the position of the tombstone that would be the first to expire.
func (t *tombstones) first() int {
	least := 0
	for i, s := range t.list {
		if s.Until < t.list[least].Until {
			least = i
		}
	}
	return least
}

func (t *tombstones) remove(name string) {
	if i, ok := t.index[name]; ok {
		t.removeAt(i)
	}
}

func (t *tombstones) expire(over func(*Tombstone) bool) {
	for i := len(t.list) - 1; i >= 0; i-- {
		if over(&t.list[i]) {
			t.removeAt(i)
		}
	}
}

// removeAt puts the last tombstone in the place of the i-th.
func (t *tombstones) removeAt(i int) {
	last := len(t.list) - 1
	delete(t.index, t.list[i].Name)
	if i != last {
		t.list[i] = t.list[last]
		t.index[t.list[i].Name] = i
	}
	t.list[last] = Tombstone{}
	t.list = t.list[:last]
}
