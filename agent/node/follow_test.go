package node

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"heartsay/api"
)

// story checks that events are one story: each once, in order, without a hole, and their view the agent's own.
type story struct {
	t     *testing.T
	epoch string
	seq   uint64
	view  api.View
	began int // resets heard
}

func (s *story) hear(e api.Event) {
	s.t.Helper()
	if e.Type != api.EventReset && (e.Epoch != s.epoch || e.Seq != s.seq+1) {
		s.t.Fatalf("after %s:%d comes %s %s:%d, and no reset said so", s.epoch, s.seq, e.Type, e.Epoch, e.Seq)
	}
	if e.Type == api.EventReset {
		s.began++
	}
	s.epoch, s.seq = e.Epoch, e.Seq
	s.view.Apply(e)
}

// states returns the states of the members as the events tell them.
func states(members []api.Member) string {
	var rows []string
	for _, m := range members {
		rows = append(rows, fmt.Sprintf("%s=%s/%d", m.Name, m.State, m.Incarnation))
	}
	return strings.Join(rows, " ")
}

// Members are killed, restarted and leave at random for twenty minutes, on a network that loses packets and splits. Three
// readers follow: one always, one that hangs up and comes back, one that sleeps until the ring has turned.
func TestEventsUnderChurnAreOneStoryThatEndsInTheNodesOwnView(t *testing.T) {
	virtually(t, func(c *cluster) {
		rng := rand.New(rand.NewPCG(7, 7))
		c.net.Lose(0.05)
		defer func(n int) { eventsKept = n }(eventsKept)
		eventsKept = 8 // so that the ring turns
		a := c.start("a", 1)
		ctx, stop := context.WithCancel(c.t.Context())
		stories := make([]*story, 3)
		var readers sync.WaitGroup
		for i := range stories {
			s := &story{t: c.t}
			stories[i] = s
			readers.Go(func() { keepFollowing(ctx, a, s, rand.New(rand.NewPCG(uint64(i), 0)), i) })
		}
		for range 120 {
			churn(c, rng)
			time.Sleep(time.Duration(rng.IntN(20_000)) * time.Millisecond)
		}
		c.net.Split()
		c.net.Lose(0)
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		stop()
		readers.Wait()
		if a.ring.Last() < 100 {
			t.Errorf("the churn made only %d events", a.ring.Last())
		}
		all, err := a.Members(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if stories[0].began != 1 || stories[2].began < 3 {
			t.Errorf("resets: %d for the reader that is always there, want 1; %d for the one that sleeps, want some",
				stories[0].began, stories[2].began)
		}
		for i, s := range stories {
			if got, want := states(s.view.Members()), states(all.Members); got != want {
				t.Errorf("reader %d has the view [%s] from the events, the agent's own is [%s]", i, got, want)
			}
		}
	})
}

// keepFollowing follows a until ctx ends; kind 1 hangs up now and then, kind 2 sleeps now and then.
func keepFollowing(ctx context.Context, a *Node, s *story, rng *rand.Rand, kind int) {
	r := api.EventsRequest{Snapshot: true}
	for ctx.Err() == nil {
		for e, err := range a.Follow(ctx, r) {
			if err != nil {
				break
			}
			s.hear(e)
			r = api.EventsRequest{After: e.Cursor()}
			if kind == 1 && rng.IntN(5) == 0 {
				break
			}
			if kind == 2 && rng.IntN(15) == 0 {
				select {
				case <-time.After(3 * time.Minute):
				case <-ctx.Done(): // it catches up after that
				}
			}
		}
	}
	if s.seq == a.ring.Last() {
		return
	}
	for e, err := range a.Follow(context.Background(), r) { // what it slept over
		if err != nil {
			return
		}
		if s.hear(e); s.seq == a.ring.Last() {
			return
		}
	}
}

// churn does something to the cluster beside a.
func churn(c *cluster, rng *rand.Rand) {
	n := rng.IntN(6) + 2
	name := string(rune('a' + n - 1))
	running := c.agents[name] != nil
	switch k := rng.IntN(10); {
	case k == 0:
		c.net.Split(at(1), at(n))
	case k < 3:
		c.net.Split()
	case !running:
		c.start(name, n, "10.0.0.1")
	case k < 6:
		if _, err := c.agents[name].Leave(context.Background()); err != nil {
			c.t.Errorf("%s cannot leave: %v", name, err)
		}
		c.stop(name)
	default:
		c.stop(name)
	}
}

func TestFollowEndsWithTheNodeAndWithItsContext(t *testing.T) {
	virtually(t, func(c *cluster) {
		a := c.start("a", 1)
		var ends []error
		var mu sync.Mutex
		var readers sync.WaitGroup
		ctx, cancel := context.WithCancel(c.t.Context())
		for _, ctx := range []context.Context{ctx, c.t.Context()} {
			readers.Go(func() {
				for _, err := range a.Follow(ctx, api.EventsRequest{}) {
					mu.Lock()
					ends = append(ends, err)
					mu.Unlock()
				}
			})
		}
		synctest.Wait()
		cancel()
		synctest.Wait()
		c.stop("a")
		readers.Wait()
		if len(ends) != 2 || !errors.Is(ends[0], context.Canceled) || !errors.Is(ends[1], ErrClosed) {
			t.Errorf("the readers ended with %v, want the context's end and that of the ring", ends)
		}
		if err := a.Err(); err == nil {
			t.Error("a closed agent gives no reason for its end")
		}
	})
}

func TestFollowRefusesARequestThatMakesNoSense(t *testing.T) {
	virtually(t, func(c *cluster) {
		a := c.start("a", 1)
		for _, r := range []api.EventsRequest{{Types: []api.EventType{"murder"}}} {
			pairs := 0
			for _, err := range a.Follow(c.t.Context(), r) {
				if pairs++; err == nil {
					t.Errorf("%+v is followed", r)
				}
			}
			if pairs != 1 {
				t.Errorf("%+v is refused %d times, want once", r, pairs)
			}
		}
	})
}
