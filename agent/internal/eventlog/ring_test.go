package eventlog

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"heartsay/api"
)

// readAll reads until nothing follows, and returns the numbers of the events.
func readAll(r *Ring, after uint64) (seqs []uint64, lost bool) {
	for {
		events, l := r.Read(after)
		lost = lost || l
		if len(events) == 0 {
			return seqs, lost
		}
		for _, e := range events {
			after = e.Seq
			seqs = append(seqs, e.Seq)
		}
	}
}

func TestRingNumbersEventsFromOneWithinItsEpoch(t *testing.T) {
	r := NewRing(10, "ab")
	if events, lost := r.Read(0); events != nil || lost || r.Last() != 0 || r.Epoch() != "ab" {
		t.Errorf("a new ring reads %v, %v, last %d, epoch %s", events, lost, r.Last(), r.Epoch())
	}
	r.Append(api.Event{Type: "join", Seq: 99, Epoch: "zz"})
	r.Append(api.Event{Type: "suspect"}, api.Event{Type: "dead"})
	events, lost := r.Read(0)
	if len(events) != 3 || lost || r.Last() != 3 {
		t.Fatalf("three events read as %v, lost %v, last %d", events, lost, r.Last())
	}
	for i, typ := range []api.EventType{"join", "suspect", "dead"} {
		if e := events[i]; e.Type != typ || e.Seq != uint64(i+1) || e.Epoch != "ab" {
			t.Errorf("event %d is %+v: want %s, numbered %d in epoch ab", i, e, typ, i+1)
		}
	}
}

// The model: the newest capacity events are kept. A reader gets exactly those after its place, or is told that it
// lost some, whatever the capacity has to do with the size of a chunk.
func TestRingGivesEveryEventOrSaysThatSomeAreLost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		capacity := rapid.IntRange(1, 3*ringChunk).Draw(t, "capacity")
		r := NewRing(capacity, "ab")
		last := uint64(0)
		for range rapid.IntRange(0, 10).Draw(t, "batches") {
			n := rapid.IntRange(0, 2*ringChunk).Draw(t, "events")
			r.Append(make([]api.Event, n)...)
			last += uint64(n)
			after := rapid.Uint64Range(0, last+3).Draw(t, "after")
			oldest := uint64(1)
			if last > uint64(capacity) {
				oldest = last - uint64(capacity) + 1
			}
			next, wantLost := after+1, after > last || after+1 < oldest
			if wantLost {
				next = oldest
			}
			seqs, lost := readAll(r, after)
			if lost != wantLost || uint64(len(seqs)) != last+1-next {
				t.Fatalf("of %d events the newest %d are kept: after %d come %d, lost %v; want %d, lost %v", last,
					capacity, after, len(seqs), lost, last+1-next, wantLost)
			}
			for i, seq := range seqs {
				if seq != next+uint64(i) {
					t.Fatalf("after %d comes %d in place of %d", after, seq, next+uint64(i))
				}
			}
		}
		if kept := len(r.chunks) * ringChunk; kept > capacity+2*ringChunk {
			t.Fatalf("memory for %d events is kept, for a capacity of %d", kept, capacity)
		}
	})
}

func TestRingNeverChangesWhatAReaderHolds(t *testing.T) {
	r := NewRing(8, "ab")
	r.Append(make([]api.Event, 5)...)
	held, _ := r.Read(0)
	_ = append(held, api.Event{Type: "mine"}) // must not end up in the ring
	r.Append(make([]api.Event, 1000)...)
	for i, e := range held {
		if e.Seq != uint64(i+1) {
			t.Errorf("event %d of a slice that was read long ago is now number %d", i+1, e.Seq)
		}
	}
	if events, _ := r.Read(r.Last() - 1); len(events) != 1 || events[0].Type != "" {
		t.Errorf("a reader's append changed the ring: %+v", events)
	}
}

func TestRingWithManyReadersNeverHasASilentHole(t *testing.T) {
	const total, readers = 5000, 16
	r := NewRing(50, "ab")
	var wg sync.WaitGroup
	for range readers {
		wg.Go(func() {
			for after := uint64(0); after < total; {
				if err := r.Wait(t.Context(), after); err != nil {
					t.Errorf("wait after %d: %v", after, err)
					return
				}
				events, lost := r.Read(after)
				for i, e := range events {
					if e.Seq != after+1 && !(lost && i == 0) {
						t.Errorf("after %d came %d, and nothing said that events were lost", after, e.Seq)
						return
					}
					after = e.Seq
				}
			}
		})
	}
	for range total / 5 {
		r.Append(make([]api.Event, 5)...)
	}
	wg.Wait()
}

func TestRingWakesAllWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const waiters = 5000
		r := NewRing(10, "ab")
		results := make(chan error, waiters)
		for range waiters {
			go func() { results <- r.Wait(t.Context(), 0) }()
		}
		synctest.Wait()
		if len(results) > 0 {
			t.Fatalf("%d of %d did not wait although there is nothing new", len(results), waiters)
		}
		r.Append(api.Event{}, api.Event{})
		synctest.Wait()
		if len(results) != waiters {
			t.Errorf("one append woke %d of %d", len(results), waiters)
		}
		for range len(results) {
			if err := <-results; err != nil {
				t.Fatalf("a waiter was woken with the error %v", err)
			}
		}
		if err := r.Wait(t.Context(), 1); err != nil {
			t.Errorf("wait for what is there already: %v", err)
		}
	})
}

func TestRingWaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewRing(10, "ab")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		if err := r.Wait(ctx, 0); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Minute {
			t.Errorf("wait ended after %s with %v: want the time-out of its context, after a minute", time.Since(start), err)
		}
	})
}

func TestRingCloseEndsWaitingAndKeepsWhatIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewRing(10, "ab")
		r.Append(api.Event{})
		result := make(chan error, 1)
		go func() { result <- r.Wait(t.Context(), 1) }()
		synctest.Wait()
		r.Close()
		r.Close()
		if err := <-result; !errors.Is(err, ErrClosed) {
			t.Errorf("a waiter ended with %v: want ErrClosed", err)
		}
		r.Append(api.Event{})
		if seqs, lost := readAll(r, 0); len(seqs) != 1 || lost {
			t.Errorf("after Close the ring holds %v, lost %v: want the one event from before", seqs, lost)
		}
		if err := r.Wait(t.Context(), 0); err != nil {
			t.Errorf("wait for an event from before Close: %v", err)
		}
	})
}

func BenchmarkRingAppend(b *testing.B) {
	r := NewRing(4096, "ab")
	b.ReportAllocs()
	for b.Loop() {
		r.Append(api.Event{Type: "join"})
	}
}
