package ui

import (
	"context"
	"iter"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"heartsay/api"
)

// scripted is an agent without a socket, for tests in virtual time.
type scripted struct {
	mu     sync.Mutex
	polls  []time.Duration // when it was asked for its members, since the start
	takes  time.Duration   // how long an answer takes
	begin  time.Time
	events chan api.Event
}

func newScripted() *scripted {
	return &scripted{begin: time.Now(), events: make(chan api.Event, 100)}
}

func (s *scripted) change(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

func (s *scripted) Members(ctx context.Context) (api.Members, error) {
	s.mu.Lock()
	s.polls = append(s.polls, time.Since(s.begin))
	takes := s.takes
	s.mu.Unlock()
	select {
	case <-time.After(takes):
	case <-ctx.Done():
		return api.Members{}, context.Cause(ctx)
	}
	return api.Members{Cluster: "c", Members: []api.Member{aMember("a", "alive", 1)}}, nil
}

func (s *scripted) Self(context.Context) (api.Self, error) { return api.Self{Name: "a"}, nil }

func (s *scripted) Follow(ctx context.Context, _ api.EventsRequest) iter.Seq2[api.Event, error] {
	return func(yield func(api.Event, error) bool) {
		for {
			select {
			case e := <-s.events:
				if !yield(e, nil) {
					return
				}
			case <-ctx.Done():
				yield(api.Event{}, ctx.Err())
				return
			}
		}
	}
}

// followScripted follows s in virtual time while test runs.
func followScripted(t *testing.T, test func(t *testing.T, s *scripted, b *board)) {
	synctest.Test(t, func(t *testing.T) {
		s := newScripted()
		u := newServer(s)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { u.follow.run(ctx); close(ended) }()
		synctest.Wait()
		test(t, s, u.board)
		cancel()
		<-ended
	})
}

func sleep(d time.Duration) { time.Sleep(d); synctest.Wait() }

func TestTheAgentIsAskedOnceASecondAndSoonAfterAnEvent(t *testing.T) {
	followScripted(t, func(t *testing.T, s *scripted, b *board) {
		sleep(2500 * time.Millisecond)
		for range 50 {
			s.events <- stateEvent("dead", "b")
		}
		sleep(2 * time.Second)
		want := []time.Duration{0, 1000, 2000, 2500, 2600, 3000, 4000}
		for i := range want {
			want[i] *= time.Millisecond
		}
		s.change(func() {
			if !slices.Equal(s.polls, want) {
				t.Errorf("it is asked at %v, want %v: fifty events at 2.5s cost two questions", s.polls, want)
			}
		})
		var place boardReader
		if f := read(b, &place); len(f.Lines) != 50 || len(f.Members) != 1 {
			t.Errorf("the board has %d lines and %d members, want 50 and 1", len(f.Lines), len(f.Members))
		}
	})
}

func TestAgentThatIsSlowIsAskedLess(t *testing.T) {
	followScripted(t, func(t *testing.T, s *scripted, _ *board) {
		s.change(func() { s.takes = 900 * time.Millisecond })
		sleep(31 * time.Second)
		s.change(func() {
			if n := len(s.polls); n < 5 || n > 8 {
				t.Errorf("an agent that takes 0.9s is asked %d times in 31s (%v), want a fifth of the time at most", n, s.polls)
			}
		})
	})
}

func TestAgentThatTakesTheRequestAndIsSilentIsUnreachable(t *testing.T) {
	followScripted(t, func(t *testing.T, s *scripted, b *board) {
		s.change(func() { s.takes = time.Hour })
		sleep(5 * time.Second)
		var place boardReader
		f := read(b, &place)
		if f.Agent.Reachable || f.Agent.Error != errSilent.Error() || f.Agent.Since != s.begin.Add(4*time.Second).UnixMilli() {
			t.Errorf("after 5s the status is %+v, want unreachable 3s after the question at 1s", *f.Agent)
		}
		s.change(func() { s.takes = 0 })
		sleep(4 * time.Second)
		if f := read(b, &place); !f.Agent.Reachable {
			t.Errorf("when it answers again the status is %+v, want reachable", *f.Agent)
		}
	})
}
