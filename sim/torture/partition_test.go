package torture

import (
	"errors"
	"testing"
	"time"

	"heartsay/gossip"
	"heartsay/sim"
)

// Cut in two for so long, somebody ends on each side. When the links work again the views are equal within ten rounds of
// contact, and nobody who ended comes back: [Torture.Run] checks both.
func TestPartitionsOfAnyLengthHealWithinTenRoundsOfContact(t *testing.T) {
	lan, memory := gossip.DefaultConfig(), gossip.DefaultConfig()
	slow := lan // an interval of a minute makes days of rounds affordable; what happens in rounds stays the same
	slow.Suspect.Min, slow.Suspect.Max = 10*time.Minute, 20*time.Minute
	slow.Dead.Min, slow.Dead.Max = 10*time.Minute, 20*time.Minute
	for _, x := range []struct {
		what     string
		lasts    time.Duration
		interval time.Duration
		gossip   gossip.Config
		shown    string // how each side shows the other one at the end
	}{
		{"10 s", 10 * time.Second, 250 * time.Millisecond, lan, "dead"},
		{"10 minutes", 10 * time.Minute, 250 * time.Millisecond, lan, "dead"},
		{"longer than the dead are listed", memory.DeadRetention + time.Hour, time.Minute, slow, "forgotten"},
		{"longer than tombstones stand", memory.DeadRetention + memory.TombstoneRetention + 2*time.Hour, time.Minute, slow, "unknown"},
	} {
		t.Run(x.what, func(t *testing.T) {
			t.Parallel()
			if (testing.Short() || raced) && x.interval > time.Second {
				t.Skip("takes days of virtual time")
			}
			tt := Case{Core: 4, Scenario: sim.Scenario{
				Members: 8, Seed: 5, Interval: x.interval, Gossip: x.gossip, For: x.lasts + 20*x.interval,
				Network: sim.Network{Latency: 3 * time.Millisecond},
				Faults: []sim.Fault{
					{Kind: sim.Partition, At: 20 * x.interval, For: x.lasts, Members: []int{0, 1, 4, 5}},
					{Kind: sim.Crash, At: 25 * x.interval, Members: []int{5, 7}},
				},
			}}
			apart := false
			tt.tamper = func(r *sim.Run, f sim.Fault) {
				apart = f.Kind == sim.Partition
				for _, pair := range [][2]int{{0, 2}, {2, 0}, {0, 6}, {3, 4}} {
					if got := shown(r.Cluster, pair[0], pair[1]); got != x.shown {
						t.Errorf("at the end %s shows %s %s, want %s: the test is void", sim.Name(pair[0]), sim.Name(pair[1]), got, x.shown)
					}
				}
			}
			rec, err := tt.Run()
			if err != nil {
				t.Error(err)
			}
			if !apart || rec.Equal > Rounds*x.interval {
				t.Errorf("it was apart: %t; the views were equal %s after contact, want %d rounds at most", apart, rec.Equal, Rounds)
			}
			t.Logf("contact after %s, equal views %s after that", rec.Contact, rec.Equal)
		})
	}
}

// shown returns how one member shows another: its state, forgotten, or unknown once no tombstone stands.
func shown(c *sim.Cluster, observer, subject int) string {
	o := c.Member(sim.Name(observer))
	for _, v := range o.Engine.Snapshot(c.ClockOf(o)) {
		if v.Record.Name == sim.Name(subject) {
			return v.State.String()
		}
	}
	if _, err := c.Forget(o.Name, sim.Name(subject), false); err != nil {
		if errors.Is(err, gossip.ErrUnknown) {
			return "unknown"
		}
		return err.Error()
	}
	return "forgotten"
}
