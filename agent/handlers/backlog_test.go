package handlers

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"heartsay/api"
)

func jobOf(seq uint64, name string) Job {
	return Job{Event: api.Event{Seq: seq, Member: api.Member{Name: name}}}
}

// The model: a job is handed out when no earlier one of the same member waits or is being handled, and a reset when
// nothing at all does; among those it is the first.
func TestBacklogKeepsTheOrderOfEachMemberAndHandsAResetOutAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := newBacklog()
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		last := map[string]uint64{}
		var held []Job
		seq, resetAt := uint64(0), uint64(0)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			switch rapid.IntRange(0, 2).Draw(t, "step") {
			case 0:
				seq++
				name := rapid.SampledFrom([]string{"a", "b", "c", ""}).Draw(t, "member")
				if !b.put(ctx, jobOf(seq, name)) {
					t.Fatal("a backlog with room takes nothing")
				}
			case 1:
				if b.turn() < 0 { // take would wait
					continue
				}
				j, _ := b.take(ctx)
				name := j.Event.Member.Name
				if j.Event.Seq <= last[name] || j.Event.Seq <= resetAt {
					t.Fatalf("event %d of %q comes after event %d and a reset at %d", j.Event.Seq, name, last[name], resetAt)
				}
				last[name] = j.Event.Seq
				for _, h := range held {
					if other := h.Event.Member.Name; other == name || other == "" || name == "" {
						t.Fatalf("event %d of %q is handed out beside event %d of %q", j.Event.Seq, name, h.Event.Seq, other)
					}
				}
				if held = append(held, j); name == "" {
					resetAt = j.Event.Seq
				}
			case 2:
				if len(held) > 0 {
					b.done(held[0])
					held = held[1:]
				}
			}
		}
	})
}

func TestBacklogIsBoundedAndLetsGoWhenTheContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBacklog()
		ctx, cancel := context.WithCancel(t.Context())
		results := make(chan bool, 2)
		go func() {
			for seq := range uint64(backlogSize + 2) {
				if !b.put(ctx, jobOf(seq, fmt.Sprint("m", seq))) {
					results <- false
					return
				}
			}
			results <- true
		}()
		synctest.Wait()
		if n, _ := b.sizes(); n != backlogSize || len(results) != 0 {
			t.Errorf("%d jobs wait, want no more than %d, and the writer to wait for room", n, backlogSize)
		}
		j, _ := b.take(ctx)
		b.done(j)
		synctest.Wait()
		if n, _ := b.sizes(); n != backlogSize || len(results) != 0 {
			t.Errorf("%d jobs wait after one was taken, want the next in its place", n)
		}
		cancel()
		if <-results {
			t.Error("put took all although its context ended")
		}
		if _, ok := b.take(ctx); ok {
			t.Error("take hands a job out although its context ended")
		}
	})
}

func TestBacklogEndsWhenItIsEmptyAndNoMoreCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBacklog()
		b.put(t.Context(), jobOf(1, "a"), jobOf(2, "a"), jobOf(3, "b"))
		b.end()
		var workers sync.WaitGroup
		var mu sync.Mutex
		taken := 0
		for range handlerWidth {
			workers.Go(func() {
				for j, ok := b.take(t.Context()); ok; j, ok = b.take(t.Context()) {
					time.Sleep(time.Second)
					mu.Lock()
					taken++
					mu.Unlock()
					b.done(j)
				}
			})
		}
		begin := time.Now()
		workers.Wait()
		if took := time.Since(begin); taken != 3 || took != 2*time.Second {
			t.Errorf("%d jobs took %s, want 3 in 2s: those of a one after the other, that of b beside them", taken, took)
		}
	})
}
