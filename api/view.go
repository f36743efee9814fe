package api

import (
	"maps"
	"slices"
	"strings"
)

// View is who the members are, as the events of a stream tell it. It begins with the first reset; until then it is
// not valid. The zero value is ready for use. It is not safe for concurrent use.
//
// What an event does to a view is said here, and by the table of event types, for all who keep one.
type View struct {
	members map[string]Member // nil until the first reset
}

// Apply changes the view as e says. Before the first reset nothing does. A type that is not known tells of a member as
// it is now, as most do.
func (v *View) Apply(e Event) {
	i := e.Type.row()
	switch {
	case v.members == nil && e.Type != EventReset: // nothing to change yet
	case i < 0:
		v.put(e)
	default:
		eventTypes[i].apply(v, e)
	}
}

// put takes the member as the event shows it.
func (v *View) put(e Event) { v.members[e.Member.Name] = e.Member }

// remove drops the member.
func (v *View) remove(e Event) { delete(v.members, e.Member.Name) }

// keep changes nothing: the event is about a name, and no change of a member.
func (v *View) keep(Event) {}

// replace makes the view that of a reset.
func (v *View) replace(e Event) { v.Reset(e.Members) }

// Reset makes the view members.
func (v *View) Reset(members []Member) {
	v.members = make(map[string]Member, len(members))
	for _, m := range members {
		v.members[m.Name] = m
	}
}

// Valid reports whether the view was seen as a whole.
func (v *View) Valid() bool { return v.members != nil }

// Member returns the member called name as it was at its last event, and whether there is one.
func (v *View) Member(name string) (Member, bool) {
	m, ok := v.members[name]
	return m, ok
}

// Members returns all members as they were at their last events, sorted by name. The slice is the caller's.
func (v *View) Members() []Member {
	return slices.SortedFunc(maps.Values(v.members), func(a, b Member) int { return strings.Compare(a.Name, b.Name) })
}

// Changes returns what must have happened to the members between the view and now, at most one event for each: its type,
// and the member as it is now, or as it was when it is gone. It stands for events that were lost; how things came to be
// so, it cannot tell. Those who are gone come last. The view stays as it is.
func (v *View) Changes(now []Member) []Event {
	var changes []Event
	present := make(map[string]bool, len(now))
	for _, m := range now {
		present[m.Name] = true
		was, known := v.Member(m.Name)
		if t := change(was, m, known); t != "" {
			changes = append(changes, Event{Type: t, Member: m})
		}
	}
	for _, m := range v.Members() {
		if !present[m.Name] {
			changes = append(changes, Event{Type: EventForgotten, Member: m})
		}
	}
	return changes
}

// change returns the type of the event that leads from one view of a member to another, "" when nothing happened.
func change(was, is Member, known bool) EventType {
	switch {
	case !known && is.State == Alive, was.State == Left && is.State == Alive:
		return EventJoin
	case !known, was.State != is.State, was.Incarnation != is.Incarnation:
		return is.State.Event()
	case !was.SaysSame(is):
		return EventUpdate
	}
	return ""
}
