package gossip

import "testing"

// TestR17DigestsTellHalfOfALargeView holds that news stays young however many members there are, unless the operator says
// what a digest may cost.
func TestR17DigestsTellHalfOfALargeView(t *testing.T) {
	for _, c := range []struct{ members, budget, columns, fanout int }{
		{100, 0, 256, 1},
		{1000, 0, 256, 1},
		{2000, 0, 500, 1},
		{3900, 0, 975, 1},
		{4000, 0, 0, 2}, // whole packets
		{10_000, 0, 0, 3},
		{10_000, 64, 64, 1},
	} {
		e, _ := crowd(t, c.members)
		e.cfg.Budget, e.cfg.MaxPayload = c.budget, DefaultConfig().MaxPayload
		packet := e.anyPacketBudget()
		if c.columns == 0 {
			c.columns = int(packet)
		}
		if got, fanout := int(e.columnsBudget()), e.fanout(); got != c.columns || fanout != c.fanout {
			t.Errorf("of %d members, with a budget of %d, a round tells %d bytes to %d, want %d to %d", c.members, c.budget, got,
				fanout, c.columns, c.fanout)
		}
		told := 0
		for range e.fanout() {
			d := e.digest()
			told += len(d.Columns)
			if len(d.Columns) > c.columns {
				t.Errorf("of %d members, with a budget of %d, a digest has %d bytes", c.members, c.budget, len(d.Columns))
			}
		}
		if c.budget == 0 && told < min(c.members/halfListed, leastColumns)*9/10 {
			t.Errorf("of %d members, a round tells %d bytes", c.members, told)
		}
	}
}

// TestR17NoBucketStarvesForABudgetThatItExceeds holds that a small budget makes all wait longer, but nobody for ever.
func TestR17NoBucketStarvesForABudgetThatItExceeds(t *testing.T) {
	e, _ := crowd(t, 1000)
	e.cfg.Budget, e.cfg.MaxPayload = 64, DefaultConfig().MaxPayload
	for i, m := range e.table.All() { // lags that no column packs well
		m.Heartbeat += uint64(i%7) << (5 * (i % 5))
	}
	told, above := map[int]bool{}, 0
	for range 100 {
		d := e.digest()
		for i := range int(d.Count) {
			told[(int(d.First)+i)%(1<<d.Bits)] = true
		}
		if len(d.Columns) > e.cfg.Budget {
			above++
		}
	}
	if all := 1 << bucketBits(e.countListed()); len(told) != all {
		t.Errorf("%d of %d buckets are told of", len(told), all)
	}
	if above == 0 {
		t.Error("no bucket exceeds the budget: the test is void")
	}
}
