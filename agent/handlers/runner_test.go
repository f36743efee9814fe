package handlers

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"

	"heartsay/agent/internal/eventlog"
	"heartsay/api"
)

// fakeKind takes a while for each event and writes down which it got.
type fakeKind struct {
	takes  time.Duration // 0: until its context ends
	mu     sync.Mutex
	events []string // "type name seq"
	atOnce int
	most   int
}

func (f *fakeKind) Do(ctx context.Context, j Job, _ func(int, error)) (string, error) {
	f.mu.Lock()
	f.events = append(f.events, fmt.Sprintf("%s %s %s", j.Event.Type, j.Event.Member.Name, strings.TrimPrefix(j.ID, "e1:")))
	f.atOnce++
	f.most = max(f.most, f.atOnce)
	f.mu.Unlock()
	defer func() { f.mu.Lock(); f.atOnce--; f.mu.Unlock() }()
	var over <-chan time.Time
	if f.takes > 0 {
		over = time.After(f.takes)
	}
	select {
	case <-over:
		return outcomeOK, nil
	case <-ctx.Done():
		return outcomeCut, context.Cause(ctx)
	}
}

func (f *fakeKind) got() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.events)
}

// Name returns that of a kind that there is.
func (f *fakeKind) Name() string { return "program" }

func (f *fakeKind) Outcomes() []string { return []string{outcomeOK, outcomeCut} }

func aPlan(key string, k Kind, types ...api.EventType) plan { return planOf(key, key, k, types) }

// stage is a ring with handlers, whose view a test can set.
type stage struct {
	*Runners
	ring    *eventlog.Ring
	mu      sync.Mutex
	members []api.Member
}

// runnerTest runs f with handlers in virtual time.
func runnerTest(t *testing.T, ring int, f func(t *testing.T, s *stage)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &stage{}
		r := eventlog.NewRing(ring, "e1")
		view := func(context.Context) (api.Members, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			return api.Members{Members: slices.Clone(s.members)}, nil
		}
		s.ring, s.Runners = r, NewRunners(eventlog.NewViews(r, view), hclog.NewNullLogger())
		defer s.Close()
		f(t, s)
	})
}

func (s *stage) happen(kind api.EventType, name string) {
	s.ring.Append(api.Event{Type: kind, Member: api.Member{Name: name, State: "alive"}})
}

func TestRunnerHandlesEachMemberInOrderAndMembersSideBySide(t *testing.T) {
	runnerTest(t, 1000, func(t *testing.T, s *stage) {
		f := &fakeKind{takes: time.Second}
		s.Replace(Plans{aPlan("a", f, "dead", "alive")}, eventlog.View{})
		begin := time.Now()
		for range 10 {
			for _, name := range []string{"m1", "m2", "m3"} {
				s.happen("dead", name)
				s.happen("suspect", name)
				s.happen("alive", name)
			}
		}
		s.Finish(time.Hour)
		if took := time.Since(begin); took != 20*time.Second || f.most != 3 {
			t.Errorf("20 events of each of 3 members, 1s each, took %s with %d at once, want 20s with 3", took, f.most)
		}
		for _, name := range []string{"m1", "m2", "m3"} {
			last, n := 0, 0
			for _, e := range f.got() {
				var kind, who string
				var seq int
				fmt.Sscan(e, &kind, &who, &seq)
				if who != name {
					continue
				}
				if n++; seq <= last || kind == "suspect" {
					t.Errorf("%s got %s %d after %d", name, kind, seq, last)
				}
				last = seq
			}
			if n != 20 {
				t.Errorf("%d events of %s were handled, want 20", n, name)
			}
		}
	})
}

func TestRunnerThatHangsHoldsUpNeitherTheRingNorAnother(t *testing.T) {
	runnerTest(t, 100, func(t *testing.T, s *stage) {
		hangs, quick := &fakeKind{}, &fakeKind{takes: time.Millisecond}
		s.Replace(Plans{aPlan("hangs", hangs, "dead"), aPlan("quick", quick, "dead")}, eventlog.View{})
		for n := range 3 * backlogSize {
			s.happen("dead", fmt.Sprint("m", n%50))
			if n%50 == 0 {
				time.Sleep(time.Second) // the quick one keeps up
			}
		}
		synctest.Wait()
		time.Sleep(time.Second)
		if n := len(quick.got()); n != 3*backlogSize {
			t.Errorf("the quick handler got %d of %d events beside one that hangs", n, 3*backlogSize)
		}
		stats := s.Stats()
		if got := stats[0]; got.Waiting != backlogSize || got.Running != handlerWidth || got.Name != "hangs" {
			t.Errorf("the handler that hangs has %+v, want a full backlog and four at work", got)
		}
		if got := stats[1]; got.Outcomes["ok"] != 3*backlogSize || got.Lost != 0 || got.Waiting+got.Running != 0 {
			t.Errorf("the quick handler has %+v, want all handled and none lost", got)
		}
	})
}

// fallBehind makes a handler lose events: bob died, cat restarted, dan is new, eve left, fay is forgotten, gus is as he was.
func fallBehind(t *testing.T, s *stage, f *fakeKind, types ...api.EventType) []string {
	m := func(name string, state api.State, incarnation uint64) api.Member {
		return api.Member{Name: name, State: state, Incarnation: incarnation, Tags: map[string]string{}}
	}
	before := []api.Member{m("bob", "alive", 1), m("cat", "alive", 1), m("eve", "alive", 1), m("fay", "dead", 1), m("gus", "alive", 1)}
	s.members = []api.Member{m("bob", "dead", 1), m("cat", "alive", 2), m("dan", "alive", 1), m("eve", "left", 1), m("gus", "alive", 1)}
	for n := range 10 { // more than the ring holds, before the handler begins
		s.happen("update", fmt.Sprint("m", n))
	}
	s.Replace(Plans{aPlan("a", f, types...)}, eventlog.View{Members: before})
	synctest.Wait()
	s.happen("dead", "gus")
	s.Finish(time.Hour)
	if lost := s.Stats()[0].Lost; lost != 10 {
		t.Errorf("%d events count as lost, want 10", lost)
	}
	return f.got()
}

func TestRunnerThatFellBehindIsToldHowThingsAreNow(t *testing.T) {
	runnerTest(t, 4, func(t *testing.T, s *stage) {
		got := fallBehind(t, s, &fakeKind{takes: time.Second}, "dead", "left", "join", "forgotten", "alive")
		slices.Sort(got)
		want := []string{"alive cat 10/cat", "dead bob 10/bob", "dead gus 11", "forgotten fay 10/fay", "join dan 10/dan", "left eve 10/eve"}
		if !slices.Equal(got, want) {
			t.Errorf("the handler got %q, want %q", got, want)
		}
	})
}

func TestRunnerThatListsResetGetsOneInPlaceOfWhatItLost(t *testing.T) {
	runnerTest(t, 4, func(t *testing.T, s *stage) {
		got := fallBehind(t, s, &fakeKind{takes: time.Second}, "dead", "reset")
		if want := []string{"reset  10/reset", "dead gus 11"}; !slices.Equal(got, want) {
			t.Errorf("the handler got %q, want %q", got, want)
		}
	})
}

func TestRunnersThatAreReplacedMissNothingAndDoubleNothing(t *testing.T) {
	runnerTest(t, 1000, func(t *testing.T, s *stage) {
		stays, goes, comes := &fakeKind{takes: time.Second}, &fakeKind{takes: time.Second}, &fakeKind{takes: time.Second}
		s.Replace(Plans{aPlan("stays", stays, "dead"), aPlan("goes", goes, "dead")}, eventlog.View{})
		for range 20 {
			s.happen("dead", "bob")
		}
		time.Sleep(5500 * time.Millisecond)
		from, err := s.views.Get(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		s.Replace(Plans{aPlan("comes", comes, "dead"), aPlan("stays", &fakeKind{takes: 1}, "dead")}, from)
		for range 10 {
			s.happen("dead", "bob")
		}
		time.Sleep(time.Minute)
		counts := map[string]int{"stays": len(stays.got()), "goes": len(goes.got()), "comes": len(comes.got())}
		if want := map[string]int{"stays": 30, "goes": 20, "comes": 10}; !maps.Equal(counts, want) {
			t.Errorf("the handlers got %v events, want %v", counts, want)
		}
		if first := comes.got()[0]; first != "dead bob 21" {
			t.Errorf("the new handler begins with %s, want event 21", first)
		}
		if stats := s.Stats(); len(stats) != 2 || stats[0].Name != "comes" || stats[1].Outcomes["ok"] != 30 {
			t.Errorf("the counts are %+v, want those of comes and stays", stats)
		}
	})
}

func TestRunnersThatAreReplacedEndAfterAMinute(t *testing.T) {
	runnerTest(t, 1000, func(t *testing.T, s *stage) {
		f := &fakeKind{}
		s.Replace(Plans{aPlan("a", f, "dead")}, eventlog.View{})
		s.happen("dead", "bob")
		s.happen("dead", "bob")
		synctest.Wait()
		old := s.all()[0]
		s.Replace(nil, eventlog.View{Seq: 2})
		time.Sleep(retireTime)
		<-old.done
		if got := old.snapshot().Outcomes["cut"]; got != 2 || len(f.got()) != 1 {
			t.Errorf("%d events count as cut and %d were begun, want 2 and 1", got, len(f.got()))
		}
		s.Replace(nil, eventlog.View{Seq: 2})
		if n := len(s.all()); n != 0 {
			t.Errorf("%d handlers are remembered after all ended", n)
		}
	})
}

func TestRunnersFinishGivesUpOnAHandlerThatHangsAndCloseEndsIt(t *testing.T) {
	runnerTest(t, 1000, func(t *testing.T, s *stage) {
		s.Replace(Plans{aPlan("hangs", &fakeKind{}, "dead"), aPlan("well", &fakeKind{takes: time.Second}, "dead")}, eventlog.View{})
		s.happen("dead", "bob")
		begin := time.Now()
		s.Finish(5 * time.Second)
		if took := time.Since(begin); took != 5*time.Second {
			t.Errorf("finishing took %s, want %s", took, 5*time.Second)
		}
		s.Close()
		stats := s.Stats()
		if stats[0].Outcomes["cut"] != 1 || stats[1].Outcomes["ok"] != 1 {
			t.Errorf("the counts are %+v, want one cut and one ok", stats)
		}
		if time.Since(begin) != 5*time.Second {
			t.Error("closing took time")
		}
	})
}

// TestHostile17AHandlerRunsAtABoundedRate lets 480 members change their records every two seconds, which is what package node lets
// through, for a minute. A handler that takes a millisecond was run 240 times a second.
func TestHostile17AHandlerRunsAtABoundedRate(t *testing.T) {
	runnerTest(t, 4096, func(t *testing.T, s *stage) {
		f := &fakeKind{takes: time.Millisecond}
		s.Replace(Plans{aPlan("a", f)}, eventlog.View{})
		const members, seconds = 480, 60
		for range seconds / 2 {
			for i := range members {
				s.happen(api.EventUpdate, fmt.Sprint("m", i))
			}
			time.Sleep(2 * time.Second)
		}
		if n := len(f.got()); n > runsAtOnce+runsRate*seconds+handlerWidth || n < runsRate*seconds {
			t.Errorf("a handler was run %d times in %d s, want at most %d", n, seconds, runsAtOnce+runsRate*seconds)
		}
		time.Sleep(members * time.Second / runsRate)
		newest := map[string]string{}
		for _, e := range f.got() {
			var kind, who, seq string
			fmt.Sscan(e, &kind, &who, &seq)
			newest[who] = seq
		}
		for i := range members {
			if want := fmt.Sprint(members*(seconds/2-1) + i + 1); newest[fmt.Sprint("m", i)] != want {
				t.Fatalf("the last update of m%d that the handler got is number %s, want the newest, %s", i, newest[fmt.Sprint("m", i)], want)
			}
		}
		if lost := s.Stats()[0].Lost; lost > 0 {
			t.Errorf("%d events were lost to the handler, want them merged", lost)
		}
	})
}

func TestBacklogPutsAnUpdateInThePlaceOfTheOneBeforeIt(t *testing.T) {
	b := newBacklog()
	job := func(seq uint64, name string, k api.EventType) Job {
		return Job{Event: api.Event{Seq: seq, Type: k, Member: api.Member{Name: name}}}
	}
	b.put(t.Context(), job(1, "a", api.EventUpdate), job(2, "b", api.EventJoin), job(3, "a", api.EventUpdate), job(4, "b", api.EventUpdate),
		job(5, "a", api.EventDead), job(6, "a", api.EventUpdate), job(7, "", api.EventReset), job(8, "b", api.EventUpdate))
	var got []uint64
	for range b.waiting {
		got = append(got, b.waiting[len(got)].Event.Seq)
	}
	if want := []uint64{3, 2, 4, 5, 6, 7, 8}; !slices.Equal(got, want) {
		t.Errorf("these wait: %v, want %v", got, want)
	}
}
