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
		packet := e.packetColumns()
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
