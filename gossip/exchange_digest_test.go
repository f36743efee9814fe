package gossip

import "testing"

// TestDigestOfALargeViewTakesTurns holds that a digest costs the same however many members there are, and what the operator says
// if he does, and that it tells of all in turn. (R17)
func TestDigestOfALargeViewTakesTurns(t *testing.T) {
	for _, c := range []struct{ members, budget, columns int }{
		{100, 0, 256},
		{1000, 0, 256},
		{10_000, 0, 256},
		{10_000, 64, 64},
		{10_000, 900, 900},
		{10_000, 5000, 0}, // a whole packet
	} {
		e, _ := crowd(t, c.members)
		e.cfg.Budget, e.cfg.MaxPayload = c.budget, DefaultConfig().MaxPayload
		if c.columns == 0 {
			c.columns = int(e.outbox.budget())
		}
		if got := int(e.exchange.columnsBudget()); got != c.columns {
			t.Errorf("of %d members, with a budget of %d, a digest may have %d bytes, want %d", c.members, c.budget, got, c.columns)
		}
		buckets := 1 << bucketBits(e.exchange.countListed())
		for told := 0; told < buckets; {
			d := e.exchange.digest()
			if len(d.Columns) > c.columns {
				t.Fatalf("of %d members, with a budget of %d, a digest has %d bytes", c.members, c.budget, len(d.Columns))
			}
			if int(d.First) != told%buckets || d.Count == 0 {
				t.Fatalf("of %d members, the digest after bucket %d tells %d buckets from %d on", c.members, told, d.Count, d.First)
			}
			told += int(d.Count)
		}
	}
}

// TestDigestTellsABucketThatExceedsItsBudget holds that a small budget makes all wait longer, but nobody for ever. (R17)
func TestDigestTellsABucketThatExceedsItsBudget(t *testing.T) {
	e, _ := crowd(t, 1000)
	e.cfg.Budget, e.cfg.MaxPayload = 64, DefaultConfig().MaxPayload
	for i, m := range e.table.All() { // lags that no column packs well
		m.Heartbeat += uint64(i%7) << (5 * (i % 5))
	}
	told, above := map[int]bool{}, 0
	for range 100 {
		d := e.exchange.digest()
		for i := range int(d.Count) {
			told[(int(d.First)+i)%(1<<d.Bits)] = true
		}
		if len(d.Columns) > e.cfg.Budget {
			above++
		}
	}
	if all := 1 << bucketBits(e.exchange.countListed()); len(told) != all {
		t.Errorf("%d of %d buckets are told of", len(told), all)
	}
	if above == 0 {
		t.Error("no bucket exceeds the budget: the test is void")
	}
}
