// Package discovery answers programs that look for members: by DNS, as targets of Prometheus, and in a file that is
// rewritten when something changes.
//
// All of it reads a [Snapshot], a copy of the view at one moment, which a [Source] hands out: asking costs the member
// nothing. The source says when there is none to rely on, and then nobody is told anything: DNS fails, Prometheus keeps
// the list that it has, the file stays as it is. The same holds for a list that would be empty because this agent may
// be cut off itself. A [DNS] and a [File] have goroutines of their own until they are closed, or their context ends;
// targets are computed by who asks.
package discovery

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"heartsay/api"
	"heartsay/membership"
)

// Snapshot is what answers are made of: the members at one moment. It never changes, so that what was found in it is kept
// for those who ask the same. It must not be copied.
type Snapshot struct {
	Cluster, Self string // names of the cluster and of the agent's own member
	Seq           uint64 // of the newest event whose effect it holds for certain
	Views         []membership.View
	Isolated      string // who all are gone, when the agent sees nobody else present although it should; else ""

	mu    sync.Mutex
	found map[string][]membership.View // by name of DNS: what was found, and was not empty
}

// maxFound is for how many names a snapshot keeps what was found.
const maxFound = 64

// named returns the members that are wanted by a name of DNS. The caller must not change the list.
func (s *Snapshot) named(name string, w wanted) ([]membership.View, error) {
	s.mu.Lock()
	found, ok := s.found[name]
	s.mu.Unlock()
	if ok {
		return found, nil
	}
	found, err := w.find(s)
	if err != nil || len(found) == 0 {
		return found, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.found == nil {
		s.found = map[string][]membership.View{}
	}
	if len(s.found) < maxFound {
		s.found[name] = found
	}
	return found, nil
}

// Source hands out the newest snapshot. Its error, an [*api.Error], says why none can be relied on: the agent is not
// ready, or its loop stands still.
type Source interface {
	Snapshot() (*Snapshot, error)
}

// wanted says which members somebody looks for.
type wanted struct {
	name   string             // of one member, whatever its case; "": of any
	states []membership.State // any of them
	tags   []membership.Tag   // all of them
	fold   bool               // tags match whatever their case, as names do in DNS
}

// find returns the members in s that are wanted, sorted by name. An empty list is an answer only from an agent that
// would know better: the error says that it sees nobody.
func (w wanted) find(s *Snapshot) ([]membership.View, error) {
	var found []membership.View
	for _, v := range s.Views {
		if w.matches(v) {
			found = append(found, v)
		}
	}
	if len(found) == 0 && s.Isolated != "" {
		return nil, &api.Error{Code: api.CodeUnavailable,
			Message: fmt.Sprintf("the agent is not ready: it would list nobody, and %s", s.Isolated)}
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
	return all[slices.IndexFunc(all, func(s membership.State) bool { return s.String() == string(state) })], nil
}

// self returns the agent's view of its own member.
func (s *Snapshot) self() membership.View {
	i := slices.IndexFunc(s.Views, func(v membership.View) bool { return v.Record.Name == s.Self })
	if i < 0 {
		panic("discovery: the agent's own member is not in the view")
	}
	return s.Views[i]
}
