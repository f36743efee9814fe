package gossip

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"slices"
	"testing"
	"time"
	"unsafe"

	"heartsay/gossip/wire"
	"heartsay/membership"
)

// crowd returns an engine that knows n others, each of whose heartbeats is some intervals old, and the time.
func crowd(tb testing.TB, n int) (*Engine, time.Time) {
	tb.Helper()
	self := membership.Record{Name: "self", Incarnation: uint64(began.UnixMilli()), Interval: time.Second, Address: liar}
	cfg := DefaultConfig()
	cfg.MaxMembers, cfg.MaxPayload, cfg.Budget = max(cfg.MaxMembers, n), 1<<16, 1<<16 // so that a digest tells all
	e, err := New(began, self, cfg, rand.New(rand.NewPCG(1, 1)))
	if err != nil {
		tb.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(uint64(n), 2))
	now := began.Add(time.Minute)
	e.Tick(now)
	sync := &wire.Sync{Header: liarsHeader(), Last: true}
	for i := range n {
		sync.Entries = append(sync.Entries, membership.Entry{Heartbeat: 50 + rng.Uint64N(8), Record: &membership.Record{
			Name: fmt.Sprintf("host-%05d.example", i), Incarnation: uint64(began.UnixMilli()) + rng.Uint64N(1000), Version: 1,
			Interval: time.Second, Address: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)}), 4327),
		}})
	}
	slices.SortFunc(sync.Entries, func(a, b membership.Entry) int { // as syncs do
		return cmp.Compare(membership.HashName(a.Record.Name), membership.HashName(b.Record.Name))
	})
	e.Receive(now, liar, sync)
	now = now.Add(time.Second)
	e.Tick(now) // a round, in which the detector is told how many they are
	return e, now
}

func sizes(b *testing.B, f func(b *testing.B, n int)) {
	for _, n := range []int{100, 1000, 10000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			f(b, n)
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/member")
		})
	}
}

// BenchmarkDigestWrite measures what a round writes.
func BenchmarkDigestWrite(b *testing.B) {
	sizes(b, func(b *testing.B, n int) {
		e, _ := crowd(b, n)
		for b.Loop() {
			e.exchange.digest()
		}
	})
}

// told returns the digest of a peer that knows the same, as one that is known sends it.
func told(tb testing.TB, n int) (e *Engine, now time.Time, d *wire.Digest) {
	peer, now := crowd(tb, n)
	e, _ = crowd(tb, n)
	digest := peer.exchange.digest()
	first := e.table.All()[0]
	digest.From, digest.Incarnation, digest.Heartbeat = first.Record.Name, first.Record.Incarnation, first.Heartbeat
	return e, now, &digest
}

// BenchmarkDigestRead measures what a member does with the digest of a peer that knows the same.
func BenchmarkDigestRead(b *testing.B) {
	sizes(b, func(b *testing.B, n int) {
		e, now, d := told(b, n)
		for b.Loop() {
			e.Reuse(e.Receive(now, liar, d))
		}
	})
}

// BenchmarkDigestMerge measures it when all heartbeats have risen.
func BenchmarkDigestMerge(b *testing.B) {
	sizes(b, func(b *testing.B, n int) {
		e, now, d := told(b, n)
		merge := func() {
			now = now.Add(time.Second)
			d.Clock += 1000
			e.self.heartbeat++
			e.Reuse(e.Receive(now, liar, d))
		}
		for range 100 { // so that the detector draws its curve no more often than it does in the long run
			merge()
		}
		for b.Loop() {
			merge()
		}
		if m := e.table.All()[n/2]; m.Heartbeat < uint64(b.N) {
			b.Fatalf("after %d digests the heartbeat of %s is %d", b.N, m.Record.Name, m.Heartbeat)
		}
	})
}

// BenchmarkDigestAnswer measures it when the peer knows older heartbeats alone, and is told all.
func BenchmarkDigestAnswer(b *testing.B) {
	sizes(b, func(b *testing.B, n int) {
		e, now, d := told(b, n)
		d.Clock -= 1000
		for b.Loop() {
			e.Reuse(e.Receive(now, liar, d))
		}
	})
}

// TestExchangesAllocateNothing holds that a member whose caller gives back the outputs runs in the memory it has: in a
// round, and when it reads, merges and answers a digest and a delta.
func TestExchangesAllocateNothing(t *testing.T) {
	for _, n := range []int{10, 1000} {
		e, now, digest := told(t, n)
		older := *digest
		older.Clock -= 1000
		newer := e.Receive(now, liar, &older).Messages[0].Message.(*wire.Delta)
		newer.Header = wire.Header{From: digest.From, Incarnation: digest.Incarnation, Heartbeat: digest.Heartbeat}
		if told, _ := HeartbeatsOf(newer); told < n-1 {
			t.Fatalf("the delta tells %d heartbeats, want those of %d members", told, n)
		}
		later := func() {
			now = now.Add(time.Second)
			digest.Clock, newer.Clock = digest.Clock+1000, newer.Clock+1000 // so all that they tell has risen
			e.self.heartbeat++
		}
		hear := func(m wire.Message) { e.Reuse(e.Receive(now, liar, m)) }
		round := func() {
			later()
			hear(newer)
			e.pending.digests.silent = e.pending.digests.silent[:0] // all have replied
			e.Reuse(e.Tick(now))
		}
		for _, c := range []struct {
			what string
			do   func()
		}{
			{"a digest of no news", func() { hear(digest) }},
			{"an older digest", func() { hear(&older) }},
			{"a newer digest", func() { later(); hear(digest) }},
			{"a delta", func() { later(); hear(newer) }},
			{"a round", round},
		} {
			for range 200 { // until there is as much memory as it takes
				c.do()
			}
			if allocs := testing.AllocsPerRun(100, c.do); allocs > 0 {
				t.Errorf("among %d members, %s takes %v allocations, want 0", n, c.what, allocs)
			}
		}
	}
}

// TestMemberTakesAtMost512Bytes measures all that an engine keeps of a member, its record included. (R15)
func TestMemberTakesAtMost512Bytes(t *testing.T) {
	const n = 10000
	heap := func() uint64 {
		runtime.GC()
		var s runtime.MemStats
		runtime.ReadMemStats(&s)
		return s.HeapAlloc
	}
	before := heap()
	e, now := crowd(t, n)
	for range 20 {
		now = now.Add(time.Second)
		e.Tick(now)
	}
	each := (heap() - before) / n
	t.Logf("%d B a member, of which %d B are its row", each, unsafe.Sizeof(membership.Member{}))
	runtime.KeepAlive(e)
	if each > 512 {
		t.Errorf("at %d members the engine takes %d B for each, want at most 512", n, each)
	}
}
