package node

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"heartsay/api"
	"heartsay/membership"
)

// happened returns an event of a member in a state.
func happened(name string, t membership.EventType, s membership.State, version uint64) membership.Event {
	r := &membership.Record{Name: name, Incarnation: 1, Version: version, Address: at(2), Interval: time.Second,
		Tags: membership.Tags{{Key: "v", Value: fmt.Sprint(version)}}}
	return membership.Event{Type: t, Member: membership.View{Record: r, State: s}}
}

// TestHostile17AMemberThatChangesAllTheTimeTellsOfItselfAtARate lets 480 members change their records ten times a second for a
// minute. Before, each of the 288,000 changes was an event.
func TestHostile17AMemberThatChangesAllTheTimeTellsOfItselfAtARate(t *testing.T) {
	const members, seconds = 480, 60
	var p pace
	now := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	passed, merged := 0, 0
	newest := map[string]uint64{}
	count := func(pass []heldEvent) {
		for _, ev := range pass {
			passed++
			merged += ev.merged
			newest[ev.Member.Record.Name] = ev.Member.Record.Version
		}
	}
	for v := range uint64(10 * seconds) {
		for i := range members {
			count(p.take([]membership.Event{happened(fmt.Sprint("m", i), membership.EventUpdate, membership.Alive, v)}, now))
		}
		now = now.Add(100 * time.Millisecond)
		count(p.due(now, false))
	}
	if most := members * (eventsAtOnce + seconds/2 + 1); passed > most {
		t.Errorf("%d events of %d members are published in %d s, want %d at most", passed, members, seconds, most)
	}
	count(p.due(now.Add(time.Minute), false))
	if passed+merged != members*10*seconds {
		t.Errorf("%d events are published and %d merged, want %d together", passed, merged, members*10*seconds)
	}
	for name, v := range newest {
		if v != 10*seconds-1 {
			t.Fatalf("the last version told of %s is %d, want the newest, %d", name, v, 10*seconds-1)
		}
	}
	p.due(now.Add(time.Hour), false)
	if len(newest) != members || len(p.full)+len(p.held) > 0 {
		t.Errorf("%d members were told of; %d are remembered after an hour, want none", len(newest), len(p.full)+len(p.held))
	}
}

// TestViewMadeOfPacedEventsIsRight compares the view that follows the events with the one that knows all of them, once nothing
// is held any more.
func TestViewMadeOfPacedEventsIsRight(t *testing.T) {
	kinds := []struct {
		t membership.EventType
		s membership.State
	}{
		{membership.EventJoin, membership.Alive}, {membership.EventSuspect, membership.Suspect}, {membership.EventDead, membership.Dead},
		{membership.EventAlive, membership.Alive}, {membership.EventUpdate, membership.Alive}, {membership.EventLeft, membership.Left},
		{membership.EventForgotten, membership.Dead},
	}
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 0))
		var p pace
		var all, paced api.View
		all.Reset(nil)
		paced.Reset(nil)
		now := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
		apply := func(v *api.View, ev membership.Event) { v.Apply(apiEvent(now, ev)) }
		for version := range uint64(300) {
			k := kinds[rng.IntN(len(kinds))]
			ev := happened(fmt.Sprint("m", rng.IntN(3)), k.t, k.s, version)
			if _, known := all.Member(ev.Member.Record.Name); known == (k.t == membership.EventJoin) {
				continue // who is known does not join, and of nobody else is there anything else to tell
			}
			apply(&all, ev)
			for _, pass := range p.take([]membership.Event{ev}, now) {
				apply(&paced, pass.Event)
			}
			now = now.Add(time.Duration(rng.Int64N(int64(500 * time.Millisecond))))
			for _, pass := range p.due(now, false) {
				apply(&paced, pass.Event)
			}
		}
		for _, pass := range p.due(now, true) {
			apply(&paced, pass.Event)
		}
		if got, want := fmt.Sprint(paced.Members()), fmt.Sprint(all.Members()); got != want {
			t.Fatalf("seed %d: the view of the paced events is\n%s\nwant\n%s", seed, got, want)
		}
	}
}
