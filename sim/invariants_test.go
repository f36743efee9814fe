package sim

import (
	"iter"
	"net/netip"
	"strings"
	"testing"
	"time"

	"heartsay/gossip/wire"
	"heartsay/membership"
)

// view returns how a view shows a member.
func view(name string, incarnation, heartbeat uint64, s membership.State) membership.View {
	r := &membership.Record{Name: name, Incarnation: incarnation, Version: 1, Address: Address(1), Interval: time.Second}
	return membership.View{Record: r, Heartbeat: heartbeat, State: s}
}

func moved(v membership.View) membership.View {
	r := *v.Record
	r.Address = Address(2)
	v.Record = &r
	return v
}

const (
	join      = membership.EventJoin
	alive     = membership.EventAlive
	suspect   = membership.EventSuspect
	dead      = membership.EventDead
	left      = membership.EventLeft
	forgotten = membership.EventForgotten
	update    = membership.EventUpdate
)

func TestCheckerFindsBrokenPromisesInEvents(t *testing.T) {
	type step struct {
		event membership.EventType
		view  membership.View
	}
	b := func(inc, hb uint64, s membership.State) membership.View { return view("b", inc, hb, s) }
	const alive0, suspect1, dead2, left3 = membership.Alive, membership.Suspect, membership.Dead, membership.Left
	for _, c := range []struct {
		name  string
		want  string // in the fault that the last step is; "": none of them is one
		steps []step
	}{
		{"a whole life", "", []step{{join, b(1, 1, alive0)}, {suspect, b(1, 1, suspect1)}, {dead, b(1, 1, dead2)},
			{alive, b(1, 2, alive0)}, {update, b(1, 3, alive0)}, {left, b(1, 4, left3)}, {forgotten, b(1, 4, left3)},
			{join, b(1, 5, alive0)}}},
		{"a restart", "", []step{{join, b(1, 9, alive0)}, {alive, b(2, 1, alive0)}}},
		{"a return after a leave", "", []step{{join, b(1, 9, alive0)}, {left, b(1, 9, left3)}, {join, b(2, 1, alive0)}}},
		{"a conflict", "", []step{{join, b(1, 9, alive0)}, {membership.EventConflict, b(1, 9, alive0)}}},
		{"a heartbeat that goes back", "goes back", []step{{join, b(1, 5, alive0)}, {suspect, b(1, 4, suspect1)}}},
		{"an incarnation that goes back", "goes back", []step{{join, b(2, 5, alive0)}, {update, b(1, 9, alive0)}}},
		{"dead without suspicion", "it was alive", []step{{join, b(1, 5, alive0)}, {dead, b(1, 5, dead2)}}},
		{"suspect twice", "it was suspect", []step{{join, b(1, 5, alive0)}, {suspect, b(1, 5, suspect1)}, {suspect, b(1, 5, suspect1)}}},
		{"news of somebody unknown", "not in the view", []step{{suspect, b(1, 5, suspect1)}}},
		{"a second join", "in the view already", []step{{join, b(1, 5, alive0)}, {join, b(1, 6, alive0)}}},
		{"a dead member that has left", "it was left", []step{{join, b(1, 5, alive0)}, {left, b(1, 5, left3)}, {dead, b(1, 5, dead2)}}},
		{"an event with another state", "the member is alive", []step{{join, b(1, 5, alive0)}, {suspect, b(1, 5, alive0)}}},
		{"an address that changes within a life", "the address of incarnation 1 changes",
			[]step{{join, b(1, 5, alive0)}, {update, moved(b(1, 6, alive0))}}},
		{"a ghost", "was forgotten at 1/5 and returns at 1/5",
			[]step{{join, b(1, 5, alive0)}, {forgotten, b(1, 5, alive0)}, {join, b(1, 5, alive0)}}},
		{"oneself suspect", "suspect in its own view", []step{{update, view("a", 1, 1, suspect1)}}},
		{"oneself dead", "dead in its own view", []step{{dead, view("a", 1, 1, dead2)}}},
	} {
		checks := newChecker(time.Hour)
		for i, s := range c.steps {
			got, want := checks.event(time.Duration(i), "a", membership.Event{Type: s.event, Member: s.view}), ""
			if i == len(c.steps)-1 {
				want = c.want
			}
			if want == "" && got != "" || !strings.Contains(got, want) {
				t.Errorf("%s: event %d is found to be %q, want %q", c.name, i, got, want)
			}
		}
	}
}

// entriesOf returns what an engine tells of the members of a view.
func entriesOf(views []membership.View) iter.Seq2[membership.Entry, membership.State] {
	return func(yield func(membership.Entry, membership.State) bool) {
		for _, v := range views {
			if !yield(membership.Entry{Record: v.Record, Heartbeat: v.Heartbeat}, v.State) {
				return
			}
		}
	}
}

func TestCheckerFindsBrokenPromisesInViews(t *testing.T) {
	for _, c := range []struct {
		name, want string
		views      []membership.View
	}{
		{"as the events say", "", []membership.View{view("a", 1, 9, membership.Alive), view("b", 1, 9, membership.Alive)}},
		{"one too few", "1 members fewer", []membership.View{view("a", 1, 9, membership.Alive)}},
		{"a name twice", "shows b twice", []membership.View{view("b", 1, 9, membership.Alive), view("b", 2, 9, membership.Alive)}},
		{"somebody else", "no event said", []membership.View{view("b", 1, 9, membership.Alive), view("c", 1, 9, membership.Alive)}},
		{"another state", "no event said", []membership.View{view("b", 1, 9, membership.Dead)}},
		{"an older heartbeat", "goes back", []membership.View{view("b", 1, 4, membership.Alive)}},
		{"oneself dead", "in its own view", []membership.View{view("a", 1, 9, membership.Dead)}},
	} {
		checks := newChecker(time.Hour)
		checks.event(0, "a", membership.Event{Type: join, Member: view("b", 1, 5, membership.Alive)})
		if got := checks.view("a", entriesOf(c.views)); c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("a view that shows %s is found to be %q, want %q", c.name, got, c.want)
		}
	}
}

func TestCheckerFindsACounterThatGoesBack(t *testing.T) {
	checks := newChecker(time.Hour)
	say := func(from netip.AddrPort, inc, hb uint64) string {
		return checks.message(from, &wire.Ping{Header: wire.Header{From: "a", Incarnation: inc, Heartbeat: hb}})
	}
	for _, ok := range []string{say(Address(1), 1, 7), say(Address(1), 1, 7), say(Address(1), 2, 1), say(Address(2), 1, 1)} {
		if ok != "" {
			t.Errorf("an honest sender is found to be %q", ok)
		}
	}
	if got := say(Address(1), 1, 9); !strings.Contains(got, "after 2/1") {
		t.Errorf("a counter that goes back is found to be %q", got)
	}
}

func TestRunStopsAtABrokenPromiseAndTellsTheSeed(t *testing.T) {
	s := lan(3, 42)
	r := NewRun(s)
	r.Cluster.After(2*time.Second, func() {
		r.event(r.Cluster.Now(), Name(1), membership.Event{Type: dead, Member: view(Name(1), 1, 1, membership.Dead)})
	})
	_, err := r.Play()
	if err == nil || !strings.Contains(err.Error(), "at 2s, seed 42") || !strings.Contains(err.Error(), "dead in its own view") {
		t.Errorf("the run ends with %v, want the seed, the time and the promise", err)
	}
	if r.Cluster.Now() != 2*time.Second {
		t.Errorf("the run ends at %s, want 2s, where it broke", r.Cluster.Now())
	}
}

func TestCheckerFindsAPreloadedMemberThatIsMissing(t *testing.T) {
	checks := newChecker(time.Hour)
	var all []membership.Entry
	for _, name := range []string{"a", "b", "c"} {
		all = append(all, membership.Entry{Record: view(name, 1, 5, membership.Alive).Record, Heartbeat: 5})
	}
	checks.preloaded(all)
	views := []membership.View{view("a", 1, 5, membership.Alive), view("b", 1, 5, membership.Alive), view("c", 1, 5, membership.Alive)}
	if got := checks.view("a", entriesOf(views)); got != "" {
		t.Errorf("the view of a member that was told of all others is found to be %q", got)
	}
	if got := checks.view("b", entriesOf(views[:2])); !strings.Contains(got, "1 members fewer") {
		t.Errorf("a view without c is found to be %q", got)
	}
	if got := checks.event(0, "b", membership.Event{Type: join, Member: views[2]}); !strings.Contains(got, "already") {
		t.Errorf("a join of a member that was told of is found to be %q", got)
	}
	if got := checks.view("a", entriesOf([]membership.View{view("b", 1, 1<<40, membership.Alive)})); !strings.Contains(got, "higher than any run lasts") {
		t.Errorf("a heartbeat of 2^40 is found to be %q", got)
	}
}
