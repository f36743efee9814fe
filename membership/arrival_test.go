package membership_test

import (
	"math/rand/v2"
	"testing"
	"time"
	"unsafe"

	"pgregory.net/rapid"

	"heartsay/membership"
)

const (
	interval = 250 * time.Millisecond
	limit    = 2500 * time.Millisecond // beyond which a heartbeat is not fresh
)

// subject is a member as one observer hears of it: the heartbeat h is bumped at began + h·interval of the observer's
// clock, wherever the subject's own clock stands.
type subject struct {
	began membership.Instant
	table *membership.Table
	*membership.Member
}

// learned returns a subject whose first counter arrives now.
func learned(began, now membership.Instant, h uint64) *subject {
	e := entry("a", 0, h)
	e.Record.Interval = interval
	t := membership.NewTable(1)
	m := t.Learn(now, e, false).Member
	t.Begin(now, m)
	return &subject{began, t, m}
}

// bumped returns when a heartbeat was bumped.
func (s *subject) bumped(h uint64) membership.Instant {
	return s.began.Add(time.Duration(h) * interval)
}

// hear lets the heartbeat arrive with the given age.
func (s *subject) hear(h uint64, age time.Duration) membership.Arrival {
	return s.arrive(s.bumped(h).Add(age), h)
}

// arrive lets the heartbeat arrive.
func (s *subject) arrive(now membership.Instant, h uint64) membership.Arrival {
	was := s.Heartbeat
	s.Heartbeat = h
	return s.table.Arrive(now, s.Member, was, limit)
}

// known returns a subject that was heard of from heartbeat 100 to 200, one interval old each time. It began long
// before or after the observer's origin: counters say nothing about clocks.
func known(began time.Duration) *subject {
	first := membership.Instant(began).Add(100 * interval)
	s := learned(membership.Instant(began), first.Add(interval), 100)
	for h := uint64(101); h <= 200; h++ {
		s.hear(h, interval)
	}
	return s
}

// R7.
func TestMemberTakesAtMost64BytesOfATable(t *testing.T) {
	if size := unsafe.Sizeof(membership.Member{}); size > 64 {
		t.Errorf("a member takes %d bytes, want at most 64, as slabs are measured by", size)
	}
	s, h := known(0), uint64(200)
	if n := testing.AllocsPerRun(1000, func() { h++; s.hear(h, interval) }); n != 0 {
		t.Errorf("an arrival allocates %v times, want none", n)
	}
}

// R6.
func TestArrivalIsNotTheFirstCounter(t *testing.T) {
	s := learned(0, membership.Instant(8*interval), 7)
	if got := s.Bumped(); got != s.bumped(7).Add(interval) {
		t.Errorf("a first counter is taken to be bumped at %v, want when it was heard of: nothing better is known", got)
	}
	if a := s.hear(8, interval); !a.Fresh || a.Counted {
		t.Errorf("the first rise is %+v, want it fresh, and no wait: it began with a counter of unknown age", a)
	}
	if a := s.hear(9, interval); !a.Counted || a.Wait != 1 {
		t.Errorf("the second rise is %+v, want a wait of 1 interval: the first had that age", a)
	}
	if a := s.hear(12, interval); !a.Counted || a.Wait != 3 {
		t.Errorf("a rise by 3 is %+v, want a wait of 3 intervals", a)
	}
}

// R7.
func TestWaitIsTheAgeOfTheNewsBeforeNotTheGap(t *testing.T) {
	s := known(0)
	s.hear(201, 0) // straight from its owner: every age is told from here
	s.hear(202, 3*interval)
	if a := s.hear(203, 2*interval); a.Wait != 3 {
		t.Errorf("heartbeat 202, bumped at 0, was replaced at 3 intervals: its age is %v, want 3", a.Wait)
	}
}

// R8.
func TestArrivalOfALateCounterIsNotFreshAtAnyClockSkew(t *testing.T) {
	for _, began := range []time.Duration{0, -time.Hour, time.Hour, -10 * 365 * 24 * time.Hour} {
		s := known(began)
		// The subject died at heartbeat 201, which somebody held back for ten seconds.
		if a := s.hear(201, 10*time.Second); a.Fresh || a.Counted {
			t.Errorf("began at %s: a heartbeat that is 10 s old is %+v, want it not fresh", began, a)
		}
		if got, want := s.Bumped(), s.bumped(201).Add(interval); got != want {
			t.Errorf("began at %s: it is taken to be bumped %s off", began, got.Sub(want))
		}
		if a := s.hear(202, interval); !a.Fresh || a.Counted {
			t.Errorf("began at %s: a young heartbeat after an old one is %+v, want it fresh, and no wait", began, a)
		}
	}
}

// R8.
func TestArrivalIsFreshUpToTheLimit(t *testing.T) {
	for _, c := range []struct {
		age  time.Duration // beyond that of the fastest heartbeat known
		want bool
	}{{0, true}, {limit, true}, {limit + 1, false}, {time.Hour, false}} {
		s := known(0)
		if a := s.hear(201, interval+c.age); a.Fresh != c.want {
			t.Errorf("a heartbeat that took %s longer than the fastest is fresh: %v, want %v", c.age, a.Fresh, c.want)
		}
	}
}

// R8.
func TestRebaseAfterTheOwnersClockStoodStill(t *testing.T) {
	s := known(0)
	s.began = s.began.Add(time.Hour) // suspended for an hour: its monotonic clock did not run
	for i := range uint64(4) {
		a := s.hear(201+i, interval)
		if want := i == 3; a.Fresh != want {
			t.Fatalf("heartbeat %d after the suspension is fresh: %v, want %v", i+1, a.Fresh, want)
		}
	}
	if got := s.Bumped(); got != s.bumped(204).Add(interval) {
		t.Errorf("then it is taken to be bumped %s off, want its new pace to be known", got.Sub(s.bumped(204).Add(interval)))
	}
	if a := s.hear(205, interval); !a.Fresh || !a.Counted || a.Wait != 1 {
		t.Errorf("the next is %+v, want all to be as before", a)
	}
}

// R8.
func TestRebaseIgnoresADrainedQueue(t *testing.T) {
	// The subject died at heartbeat 400; a relay was stuck for 50 s, and now sends what it had, faster than it came.
	for _, pace := range []time.Duration{2, 3, 10, 1000} {
		s := known(0)
		now := s.bumped(400)
		for h := uint64(201); h <= 400; h++ {
			now = now.Add(interval / pace)
			age := now.Sub(s.bumped(h)) - interval
			if a := s.arrive(now, h); a.Fresh && age > limit {
				t.Fatalf("at %d times the pace: heartbeat %d is fresh, though it is %s old", pace, h, age)
			}
		}
	}
}

// R8.
func TestRebaseIgnoresCountersThatRiseAllAtOnce(t *testing.T) {
	s := known(0)
	at := s.bumped(300)
	for h := uint64(201); h <= 220; h++ {
		if a := s.arrive(at, h); a.Fresh {
			t.Fatalf("heartbeat %d of 20 that came at one instant, all over 20 s old, is fresh", h)
		}
	}
}

// R7.
func TestArrivalsStayFreshWhenClocksDriftApart(t *testing.T) {
	for _, ppm := range []float64{-1000, -100, 0, 100, 1000} {
		for _, gap := range []uint64{1, 5} { // heartbeats between two that are heard of, on average 1 or 3
			rng := rand.New(rand.NewPCG(1, gap))
			bumped := func(h uint64) membership.Instant {
				return membership.Instant(float64(h) * float64(interval) * (1 + ppm/1e6))
			}
			s := learned(0, bumped(1), 1)
			for h := uint64(2); bumped(h) < membership.Instant(6*time.Hour); h += 1 + rng.Uint64N(gap) {
				if h/200 > s.Heartbeat/200 { // a walk through 200 members is over
					s.table.EndBatch()
				}
				age := time.Duration(rng.Int64N(int64(4 * interval)))
				now := bumped(h).Add(age)
				if a := s.arrive(now, h); !a.Fresh {
					t.Fatalf("at %v ppm, after %s: heartbeat %d is not fresh at an age of %s", ppm, time.Duration(now), h, age)
				}
				if off := bumped(h).Sub(s.Bumped()); off > interval/2 || off < -4*interval {
					t.Fatalf("at %v ppm, after %s: its age is off by %s", ppm, time.Duration(now), off)
				}
			}
		}
	}
}

// R8.
func TestOriginFollowsAPathThatBecameSlower(t *testing.T) {
	s := known(0)
	const more = 2 * time.Second
	for h := uint64(201); h <= 328; h++ {
		if h == 250 || h == 300 {
			s.table.EndBatch()
		}
		if a := s.hear(h, interval+more); !a.Fresh {
			t.Fatalf("heartbeat %d is not fresh, though the path took less than the limit longer", h)
		}
	}
	if off := s.bumped(328).Add(interval + more).Sub(s.Bumped()); off != 0 {
		t.Errorf("after two batches the fastest heartbeat of old still counts: ages are %s too high", off)
	}
}

// R8.
func TestBatchWithoutArrivalsChangesNothing(t *testing.T) {
	s := known(0)
	was := s.Bumped()
	for range 3 {
		s.table.EndBatch()
	}
	if s.Bumped() != was {
		t.Errorf("after three batches without a heartbeat the newest one is taken to be bumped %s later", s.Bumped().Sub(was))
	}
	s.hear(201, 4*interval)
	if off := s.Bumped().Sub(was) - interval; off != 0 {
		t.Errorf("a slow heartbeat after them moves the origin by %s", off)
	}
}

func TestAgesAreNeverBelowTheGapAndNeverInTheFuture(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now, h := membership.Instant(0), uint64(1)
		s := learned(0, now, h)
		for range rapid.IntRange(1, 300).Draw(t, "arrivals") {
			rise := rapid.Uint64Range(1, 5).Draw(t, "rise")
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(5*interval)).Draw(t, "wait")))
			h += rise
			a := s.arrive(now, h)
			if a.Counted && a.Wait < float64(rise) {
				t.Fatalf("a heartbeat that was followed by %d more was only %v intervals old", rise, a.Wait)
			}
			if a.Counted && !a.Fresh {
				t.Fatal("a wait is counted that ended with an old heartbeat")
			}
			if s.Bumped() > now {
				t.Fatalf("a heartbeat is taken to be bumped %s after it arrived", s.Bumped().Sub(now))
			}
		}
	})
}

// TestArriveAllIsArriveOfEach compares members that are taken as usual with others that are taken one by one.
func TestArriveAllIsArriveOfEach(t *testing.T) {
	const members, seed = 8, 1
	rng := rand.New(rand.NewPCG(seed, 0))
	upTo := func(intervals int64) time.Duration { return time.Duration(rng.Int64N(intervals * int64(interval))) }
	one, all := membership.NewTable(members), membership.NewTable(members)
	both := []*membership.Table{one, all}
	now := membership.Instant(0)
	for i := range members {
		e := entry(string(rune('a'+i)), 0, 10)
		e.Record.Interval = interval
		for _, table := range both {
			table.Begin(now, table.Learn(now, e, false).Member)
		}
	}
	heartbeats := make([]int64, members)
	usual, skipped := 0, 0
	for n := range 20_000 {
		if n%10 == 0 { // another life begins
			for _, table := range both {
				table.Begin(now, table.All()[n/10%members])
			}
		}
		now = now.Add(upTo(6))
		u := membership.FastPath{
			Horizon: membership.HorizonAt(time.UnixMilli(1 << 41)), Interval: interval, Limit: limit, Age: upTo(16),
			CountFrom: now.Add(-upTo(16)), Most: rng.IntN(members + 1),
		}
		for i := range heartbeats {
			heartbeats[i] = 10 + int64(now)/int64(interval) - rng.Int64N(16)
		}
		done, waits := all.ArriveAll(now, u, all.All(), heartbeats, nil)
		if len(waits) > u.Most {
			t.Fatalf("seed %d: of %d waits at most, there are %d", seed, u.Most, len(waits))
		}
		for i, m := range one.All() {
			was, other := m.Heartbeat, all.All()[i]
			if heartbeats[i] <= int64(was) {
				skipped++
				continue
			}
			m.Heartbeat = uint64(heartbeats[i])
			a := one.Arrive(now, m, was, u.Limit)
			if i >= done { // the rest is for the caller
				other.Heartbeat = m.Heartbeat
				if b := all.Arrive(now, other, was, u.Limit); a != b {
					t.Fatalf("seed %d: one of the rest is %+v, and by itself %+v", seed, b, a)
				}
				continue
			}
			m.Stats.Add(a.Wait)
			if !a.Counted || waits[0] != a.Wait || a.Wait*float64(interval) > float64(u.Limit) || a.Since < u.CountFrom || m.Late(now) > u.Age {
				t.Fatalf("seed %d: what is taken as usual with a wait of %v is by itself %+v, %s old", seed, waits[0], a, m.Late(now))
			}
			if m.Bumped() != other.Bumped() || m.Stats != other.Stats {
				t.Fatalf("seed %d: taken as usual it is bumped at %s with %+v, by itself at %s with %+v", seed,
					time.Duration(other.Bumped()), other.Stats, time.Duration(m.Bumped()), m.Stats)
			}
			waits = waits[1:]
			usual++
		}
	}
	if usual < 1000 || skipped < 1000 {
		t.Errorf("%d heartbeats were taken as usual and %d not at all: the test is void", usual, skipped)
	}
}

// R9.
func TestSilenceCountsFromTheInstantGiven(t *testing.T) {
	s := known(0)
	heard := s.bumped(200).Add(interval)
	for _, c := range []struct {
		now, countFrom membership.Instant
		want           time.Duration
	}{
		{heard.Add(time.Minute), 0, time.Minute},
		{heard.Add(time.Minute), heard.Add(50 * time.Second), 10 * time.Second},
		{heard, heard.Add(time.Second), 0},
	} {
		if got := s.Silence(c.now, c.countFrom); got != c.want {
			t.Errorf("%s after its last heartbeat, counted from %s: the silence is %s, want %s",
				c.now.Sub(heard), c.countFrom.Sub(heard), got, c.want)
		}
	}
}
