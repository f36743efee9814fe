package api

import (
	"maps"
	"slices"
	"strings"
)

// View is who the members are, as the events of a stream tell it. It begins with the first reset; until then it is
// not valid. The zero value is ready for use. It is not safe for concurrent use.
type View struct {
	members map[string]Member // nil until the first reset
}

// Apply changes the view as e says.
func (v *View) Apply(e Event) {
	switch {
	case e.Type == EventReset:
		v.Reset(e.Members)
	case v.members == nil, e.Type == "conflict": // nothing to change yet; about a name, and no change of a state
	case e.Type == "forgotten":
		delete(v.members, e.Member.Name)
	default:
		v.members[e.Member.Name] = e.Member
	}
}

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
