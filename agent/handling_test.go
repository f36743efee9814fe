package agent

import (
	"context"
	"errors"
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

// fakeAction takes a while for each event and writes down which it got.
type fakeAction struct {
	takes  time.Duration // 0: until its context ends
	mu     sync.Mutex
	events []string // "type name seq"
	atOnce int
	most   int
}

func (f *fakeAction) do(ctx context.Context, j job, _ func(int, error)) (string, error) {
	f.mu.Lock()
	f.events = append(f.events, fmt.Sprintf("%s %s %s", j.event.Type, j.event.Member.Name, strings.TrimPrefix(j.id, "e1:")))
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

func (f *fakeAction) got() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.events)
}

func fakePlan(key string, a action, types ...api.EventType) handlerPlan {
	return handlerPlan{key: key, kind: "program", name: key, action: a, close: func() {},
		outcomes: []string{outcomeOK, outcomeCut}}.wanting(types)
}

// stage is a ring with handlers, whose view a test can set.
type stage struct {
	*handlers
	ring    *eventlog.Ring
	mu      sync.Mutex
	members []api.Member
}

// handlingTest runs f with handlers in virtual time.
func handlingTest(t *testing.T, ring int, f func(t *testing.T, s *stage)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &stage{}
		r := eventlog.NewRing(ring, "e1")
		view := func(context.Context) (api.Members, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			return api.Members{Members: slices.Clone(s.members)}, nil
		}
		s.ring, s.handlers = r, newHandlers(eventlog.NewViews(r, view), hclog.NewNullLogger())
		defer s.close()
		f(t, s)
	})
}

func (s *stage) happen(kind api.EventType, name string) {
	s.ring.Append(api.Event{Type: kind, Member: api.Member{Name: name, State: "alive"}})
}

func TestAHandlerGetsWhatItWantsInTheOrderOfEachMemberAndMembersSideBySide(t *testing.T) {
	handlingTest(t, 1000, func(t *testing.T, s *stage) {
		f := &fakeAction{takes: time.Second}
		s.set([]handlerPlan{fakePlan("a", f, "dead", "alive")}, eventlog.View{})
		begin := time.Now()
		for range 10 {
			for _, name := range []string{"m1", "m2", "m3"} {
				s.happen("dead", name)
				s.happen("suspect", name)
				s.happen("alive", name)
			}
		}
		s.finish(time.Hour)
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

func TestAHandlerThatHangsHoldsUpNeitherTheRingNorAnotherHandler(t *testing.T) {
	handlingTest(t, 100, func(t *testing.T, s *stage) {
		hangs, quick := &fakeAction{}, &fakeAction{takes: time.Millisecond}
		s.set([]handlerPlan{fakePlan("hangs", hangs, "dead"), fakePlan("quick", quick, "dead")}, eventlog.View{})
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
		stats := s.stats()
		if got := stats[0]; got.Waiting != backlogSize || got.Running != handlerWidth || got.Name != "hangs" {
			t.Errorf("the handler that hangs has %+v, want a full backlog and four at work", got)
		}
		if got := stats[1]; got.Outcomes["ok"] != 3*backlogSize || got.Lost != 0 || got.Waiting+got.Running != 0 {
			t.Errorf("the quick handler has %+v, want all handled and none lost", got)
		}
	})
}

// fallBehind makes a handler lose events: bob died, cat restarted, dan is new, eve left, fay is forgotten, gus is as he was.
func fallBehind(t *testing.T, s *stage, f *fakeAction, types ...api.EventType) []string {
	m := func(name string, state api.State, incarnation uint64) api.Member {
		return api.Member{Name: name, State: state, Incarnation: incarnation, Tags: map[string]string{}}
	}
	before := []api.Member{m("bob", "alive", 1), m("cat", "alive", 1), m("eve", "alive", 1), m("fay", "dead", 1), m("gus", "alive", 1)}
	s.members = []api.Member{m("bob", "dead", 1), m("cat", "alive", 2), m("dan", "alive", 1), m("eve", "left", 1), m("gus", "alive", 1)}
	for n := range 10 { // more than the ring holds, before the handler begins
		s.happen("update", fmt.Sprint("m", n))
	}
	s.set([]handlerPlan{fakePlan("a", f, types...)}, eventlog.View{Members: before})
	synctest.Wait()
	s.happen("dead", "gus")
	s.finish(time.Hour)
	if lost := s.stats()[0].Lost; lost != 10 {
		t.Errorf("%d events count as lost, want 10", lost)
	}
	return f.got()
}

func TestAHandlerThatFellBehindIsToldHowThingsAreNow(t *testing.T) {
	handlingTest(t, 4, func(t *testing.T, s *stage) {
		got := fallBehind(t, s, &fakeAction{takes: time.Second}, "dead", "left", "join", "forgotten", "alive")
		slices.Sort(got)
		want := []string{"alive cat 10/cat", "dead bob 10/bob", "dead gus 11", "forgotten fay 10/fay", "join dan 10/dan", "left eve 10/eve"}
		if !slices.Equal(got, want) {
			t.Errorf("the handler got %q, want %q", got, want)
		}
	})
}

func TestAHandlerThatListsResetGetsOneInPlaceOfWhatItLost(t *testing.T) {
	handlingTest(t, 4, func(t *testing.T, s *stage) {
		got := fallBehind(t, s, &fakeAction{takes: time.Second}, "dead", "reset")
		if want := []string{"reset  10/reset", "dead gus 11"}; !slices.Equal(got, want) {
			t.Errorf("the handler got %q, want %q", got, want)
		}
	})
}

func TestReplacedHandlersMissNothingAndDoubleNothing(t *testing.T) {
	handlingTest(t, 1000, func(t *testing.T, s *stage) {
		stays, goes, comes := &fakeAction{takes: time.Second}, &fakeAction{takes: time.Second}, &fakeAction{takes: time.Second}
		s.set([]handlerPlan{fakePlan("stays", stays, "dead"), fakePlan("goes", goes, "dead")}, eventlog.View{})
		for range 20 {
			s.happen("dead", "bob")
		}
		time.Sleep(5500 * time.Millisecond)
		from, err := s.views.Get(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		s.set([]handlerPlan{fakePlan("comes", comes, "dead"), fakePlan("stays", &fakeAction{takes: 1}, "dead")}, from)
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
		if stats := s.stats(); len(stats) != 2 || stats[0].Name != "comes" || stats[1].Outcomes["ok"] != 30 {
			t.Errorf("the counts are %+v, want those of comes and stays", stats)
		}
	})
}

func TestAReplacedHandlerThatHangsIsEndedAfterAMinute(t *testing.T) {
	handlingTest(t, 1000, func(t *testing.T, s *stage) {
		f := &fakeAction{}
		s.set([]handlerPlan{fakePlan("a", f, "dead")}, eventlog.View{})
		s.happen("dead", "bob")
		s.happen("dead", "bob")
		synctest.Wait()
		old := s.all()[0]
		s.set(nil, eventlog.View{Seq: 2})
		time.Sleep(retireTime)
		<-old.done
		if got := old.snapshot().Outcomes["cut"]; got != 2 || len(f.got()) != 1 {
			t.Errorf("%d events count as cut and %d were begun, want 2 and 1", got, len(f.got()))
		}
		s.set(nil, eventlog.View{Seq: 2})
		if n := len(s.all()); n != 0 {
			t.Errorf("%d handlers are remembered after all ended", n)
		}
	})
}

func TestFinishGivesUpOnAHandlerThatHangsAndCloseEndsIt(t *testing.T) {
	handlingTest(t, 1000, func(t *testing.T, s *stage) {
		s.set([]handlerPlan{fakePlan("hangs", &fakeAction{}, "dead"), fakePlan("well", &fakeAction{takes: time.Second}, "dead")}, eventlog.View{})
		s.happen("dead", "bob")
		begin := time.Now()
		s.finish(finishTime)
		if took := time.Since(begin); took != finishTime {
			t.Errorf("finishing took %s, want %s", took, finishTime)
		}
		s.close()
		stats := s.stats()
		if stats[0].Outcomes["cut"] != 1 || stats[1].Outcomes["ok"] != 1 {
			t.Errorf("the counts are %+v, want one cut and one ok", stats)
		}
		if time.Since(begin) != finishTime {
			t.Error("closing took time")
		}
	})
}

func TestHandlersOfAnAgentHearItsWholeLifeAndItsGoodbye(t *testing.T) {
	virtually(t, func(c *cluster) {
		f := &fakeAction{takes: time.Millisecond}
		a := c.start("a", 1)
		a.handlers.set([]handlerPlan{fakePlan("x", f, "join", "left")}, eventlog.View{})
		c.start("b", 2, "10.0.0.1")
		c.sees("a", 2*time.Second, "b=alive")
		if _, err := a.Leave(context.Background()); err != nil {
			t.Fatal(err)
		}
		a.handlers.finish(finishTime)
		got := strings.Join(f.got(), ", ")
		if !strings.Contains(got, "join a") || !strings.Contains(got, "join b") || !strings.Contains(got, "left a") {
			t.Errorf("the handler got [%s], want that a and b joined and a left", got)
		}
		if n := a.HandlerStats()[0].Outcomes["ok"]; n != 3 {
			t.Errorf("%d events were handled, want 3", n)
		}
	})
}

func TestSetHandlersIsAllOrNothing(t *testing.T) {
	virtually(t, func(c *cluster) {
		a := c.start("a", 1)
		cfg := c.config("a", 1)
		cfg.OnEvent = []Handler{{[]api.EventType{"dead"}, []string{"/bin/true"}}}
		if err := a.SetHandlers(context.Background(), cfg); err != nil || len(a.HandlerStats()) != 1 {
			t.Fatalf("one handler is set with %v", err)
		}
		bad := cfg
		bad.Webhooks = []Webhook{{[]api.EventType{"dead"}, "https://host/"}}
		bad.WebhookSecretFile = "/no/such/file"
		var fault *ConfigError
		if err := a.SetHandlers(context.Background(), bad); err == nil || !errors.As(err, &fault) || len(a.HandlerStats()) != 1 {
			t.Errorf("a secret that is not there gives %v and %d handlers, want an error and the one from before", err,
				len(a.HandlerStats()))
		}
		cfg.OnEvent = nil
		if err := a.SetHandlers(context.Background(), cfg); err != nil || len(a.HandlerStats()) != 0 {
			t.Errorf("no handlers are set with %v", err)
		}
	})
}
