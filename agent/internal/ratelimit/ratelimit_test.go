package ratelimit

import (
	"context"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// taken returns how many of n may be taken at once.
func taken(b *Bucket, n int, now time.Time) (passed int) {
	for range n {
		if b.Take(now) {
			passed++
		}
	}
	return passed
}

func TestBucketHoldsSoMuchAndFillsAtItsRate(t *testing.T) {
	b := NewBucket(2, 10, noon)
	for _, c := range []struct {
		after time.Duration
		want  int
		why   string
	}{
		{0, 10, "it is full at the start"}, {0, 0, "nothing is left"}, {time.Second, 2, "it fills at its rate"},
		{1250 * time.Millisecond, 0, "half a token is none"}, {1500 * time.Millisecond, 1, "halves add up"},
		{time.Second, 0, "a clock that goes back fills nothing"}, {time.Hour, 10, "it never holds more than it is made for"},
	} {
		if got := taken(b, 100, noon.Add(c.after)); got != c.want {
			t.Errorf("%s later %d are taken, want %d: %s", c.after, got, c.want, c.why)
		}
	}
}

func TestBucketsKeepSourcesApartAndAreBounded(t *testing.T) {
	b := NewBuckets[int](1, 3, 8)
	if b.Find(1) != nil {
		t.Error("a source that never came has a bucket")
	}
	if first, second := taken(b.Of(1, noon), 10, noon), taken(b.Of(2, noon), 10, noon); first != 3 || second != 3 {
		t.Errorf("two sources take %d and %d, want 3 each", first, second)
	}
	if b.Of(1, noon) != b.Find(1) || taken(b.Of(1, noon), 1, noon) != 0 {
		t.Error("a source has another bucket the second time")
	}
	for source := range 1000 {
		b.Of(source, noon)
		if b.Len() > 8 || b.Find(source) == nil {
			t.Fatalf("%d sources are remembered, the last one: %v; want at most 8", b.Len(), b.Find(source) != nil)
		}
	}
}

func TestHostOfIPv6IsOneSourceWhateverAddressItTakes(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"2001:db8::1", "2001:db8::ffff:1", true}, {"2001:db8::1", "2001:db8:0:1::1", false},
		{"10.0.0.1", "10.0.0.2", false}, {"10.0.0.1", "10.0.0.1", true},
	} {
		if got := Source(netip.MustParseAddr(c.a)) == Source(netip.MustParseAddr(c.b)); got != c.same {
			t.Errorf("%s and %s are one source: %v, want %v", c.a, c.b, got, c.same)
		}
	}
}

func TestSharedResultIsOneForAllWhoAskWhileAnotherIsMade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var made atomic.Int64
		shared := NewShared(func(context.Context) (int64, error) {
			time.Sleep(time.Second)
			return made.Add(1), nil
		})
		var all sync.WaitGroup
		for i := range 100 {
			all.Go(func() {
				if i > 0 {
					time.Sleep(time.Duration(i) * time.Millisecond) // the first is being made
				}
				if n, err := shared.Get(t.Context()); err != nil || n != min(2, int64(i)+1) {
					t.Errorf("caller %d gets result %d, %v: want one that was begun after it asked", i, n, err)
				}
			})
		}
		all.Wait()
		hurry, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := shared.Get(hurry); err != context.DeadlineExceeded {
			t.Errorf("a caller in a hurry gets %v", err)
		}
		time.Sleep(time.Minute)
		if made.Load() != 3 {
			t.Errorf("%d results were made for 101 callers, want 3", made.Load())
		}
	})
}
