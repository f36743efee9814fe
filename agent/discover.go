package agent

import (
	"slices"
	"strings"

	"heartsay/api"
	"heartsay/membership"
)

// wanted says which members somebody looks for.
type wanted struct {
	name   string             // of one member, whatever its case; "": of any
	states []membership.State // any of them
	tags   []membership.Tag   // all of them
	fold   bool               // tags match whatever their case, as names do in DNS
}

// find returns the members in s that are wanted, sorted by name. An empty list is an answer only from an agent that
// would know better: the error says that it is not ready, or that it sees nobody.
func (w wanted) find(s *Snapshot) ([]membership.View, error) {
	if s.Ready != nil {
		return nil, s.Ready
	}
	var found []membership.View
	for _, v := range s.Views {
		if w.matches(v) {
			found = append(found, v)
		}
	}
	if len(found) == 0 && s.Isolated != "" {
		return nil, notReady("it would list nobody, and %s", s.Isolated)
	}
	return found, nil
}

func (w wanted) matches(v membership.View) bool {
	named := w.name == "" || strings.EqualFold(w.name, v.Record.Name)
	return named && slices.Contains(w.states, v.State) && !slices.ContainsFunc(w.tags, func(t membership.Tag) bool {
		return !w.has(v.Record.Tags, t)
	})
}

func (w wanted) has(tags membership.Tags, t membership.Tag) bool {
	if !w.fold {
		value, ok := tags.Get(t.Key)
		return ok && value == t.Value
	}
	return slices.ContainsFunc(tags, func(own membership.Tag) bool {
		return strings.EqualFold(own.Key, t.Key) && strings.EqualFold(own.Value, t.Value)
	})
}

// present are the states of those who take part in the cluster.
func present() []membership.State { return []membership.State{membership.Alive, membership.Suspect} }

// parseState returns the state that a word names. The error says which there are.
func parseState(word string) (membership.State, error) {
	state, err := api.ParseState(word)
	if err != nil {
		return 0, err
	}
	all := membership.States()
	return all[slices.IndexFunc(all, func(s membership.State) bool { return apiState(s) == state })], nil
}
