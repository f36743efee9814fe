package sim

import (
	"fmt"
	"math"
	"time"

	"heartsay/membership"
)

// views are the views of all observers, as their events tell them. There is an entry for each pair of an observer and a
// name, so entries are small: names and records are known by numbers.
type views struct {
	names     map[string]int             // numbers, in the order in which they were first seen
	records   []*membership.Record       // number 0 is none
	numbers   map[*membership.Record]int // of records
	subjects  []int                      // of records: number of the name
	next      []int                      // of records: the record that was looked up after it the last time
	last      int                        // number of the record that was looked up last
	observers []*observerView            // by number of the name
	inView    []int                      // by number of the name: the last view that showed it
	looked    int                        // number of views looked at so far
}

// observerView is the view of one observer.
type observerView struct {
	entries   []viewEntry           // by number of the subject's name
	forgotten map[int]time.Duration // when a subject was forgotten, by number; nil while none was
	unlisted  map[int]bool          // subjects that it was asked to forget before it listed them, by number; nil while none was
	shown     int                   // number of subjects that are listed
}

// viewEntry is what an observer's view shows of a name.
type viewEntry struct {
	record    uint32 // number; 0: none yet
	heartbeat uint32
	state     membership.State
	listed    bool
}

func newViews() views {
	return views{names: map[string]int{}, records: []*membership.Record{nil}, numbers: map[*membership.Record]int{}, subjects: []int{0}, next: []int{0}}
}

// of returns the view of an observer, which is empty at first.
func (s *views) of(observer string) *observerView { return s.observers[s.number(observer)] }

// number returns the number of a name.
func (s *views) number(name string) int {
	n, ok := s.names[name]
	if !ok {
		n = len(s.names)
		s.names[name] = n
		s.observers, s.inView = append(s.observers, &observerView{}), append(s.inView, 0)
	}
	return n
}

// recordNumber returns the number of a record. Views list their members in the same order, so it looks first at the record
// that followed the last one the last time.
func (s *views) recordNumber(r *membership.Record) int {
	if n := s.next[s.last]; s.records[n] == r {
		s.last = n
		return n
	}
	n, ok := s.numbers[r]
	if !ok {
		n = len(s.records)
		s.numbers[r] = n
		s.records, s.subjects = append(s.records, r), append(s.subjects, s.number(r.Name))
		s.next = append(s.next, 0)
	}
	s.next[s.last], s.last = n, n
	return n
}

// subject returns the number of the name that a record is of.
func (s *views) subject(r *membership.Record) int { return s.subjects[s.recordNumber(r)] }

// beginView begins with another view.
func (s *views) beginView() { s.looked++ }

// seenInView reports whether the view at hand has shown a name before.
func (s *views) seenInView(number int) bool {
	seen := s.inView[number] == s.looked
	s.inView[number] = s.looked
	return seen
}

// counter returns the highest counter that was seen.
func (s *views) counter(h *viewEntry) counter {
	if h.record == 0 {
		return counter{}
	}
	return counter{s.records[h.record].Incarnation, uint64(h.heartbeat)}
}

// advance takes what a view shows of a member; its counters never go back, and the address stays within a life. It returns
// what is broken, or "".
func (s *views) advance(h *viewEntry, en membership.Entry) string {
	now, known := counter{en.Record.Incarnation, en.Heartbeat}, s.counter(h)
	switch before := s.records[h.record]; {
	case now.less(known):
		return fmt.Sprintf("the counter goes back from %s to %s", known, now)
	case en.Heartbeat > math.MaxUint32:
		return fmt.Sprintf("the heartbeat %d is higher than any run lasts", en.Heartbeat)
	case before != nil && before.Incarnation == en.Record.Incarnation && before.Address != en.Record.Address:
		return fmt.Sprintf("the address of incarnation %d changes from %s to %s", now.incarnation, before.Address,
			en.Record.Address)
	}
	if s.records[h.record] != en.Record {
		h.record = uint32(s.recordNumber(en.Record))
	}
	h.heartbeat = uint32(en.Heartbeat)
	return ""
}

// entry returns how the view holds a subject. It is valid until the next call.
func (o *observerView) entry(subject int) *viewEntry {
	if more := subject + 1 - len(o.entries); more > 0 {
		o.entries = append(o.entries, make([]viewEntry, more)...)
	}
	return &o.entries[subject]
}

func (o *observerView) show(h *viewEntry, state membership.State) {
	if !h.listed {
		o.shown++
	}
	h.listed, h.state = true, state
}

func (o *observerView) hide(h *viewEntry, subject int, now time.Duration) {
	if h.listed {
		o.shown--
	}
	h.listed = false
	if o.forgotten == nil {
		o.forgotten = map[int]time.Duration{}
	}
	o.forgotten[subject] = now
}

// forget empties the view.
func (o *observerView) forget() { *o = observerView{} }
