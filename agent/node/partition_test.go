package node

import (
	"testing"
	"time"

	"heartsay/gossip"
)

// TestPartitionsLongerThanAnyMemoryHealAndBringNobodyBack (R11) cuts a cluster in two for longer than the dead are listed,
// and for longer than their tombstones stand. An agent that ends meanwhile is forgotten everywhere, and must not come
// back with the other half; the others must find each other again, by tombstones or by their seeds.
func TestPartitionsLongerThanAnyMemoryHealAndBringNobodyBack(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	memory := gossip.DefaultConfig()
	for _, length := range []time.Duration{
		10 * time.Minute,
		memory.DeadRetention + time.Hour,
		memory.DeadRetention + memory.TombstoneRetention + time.Hour,
	} {
		t.Run(length.String(), func(t *testing.T) {
			virtually(t, func(c *cluster) {
				// An interval of a minute makes days of rounds affordable; what happens in rounds stays the same.
				begin := func(name string, host int, join ...string) {
					cfg := c.config(name, host, join...)
					cfg.Interval = time.Minute
					cfg.Suspect = Threshold{Phi: 8, Min: 10 * time.Minute, Max: 20 * time.Minute}
					cfg.Dead = Threshold{Phi: 12, Min: 10 * time.Minute, Max: 20 * time.Minute}
					c.startWith(cfg)
				}
				begin("a", 1)
				begin("b", 2, "10.0.0.1")
				begin("c", 3, "10.0.0.1")
				begin("d", 4, "10.0.0.1")
				begin("e", 5, "10.0.0.1")
				c.sees("d", 10*time.Minute, "a=alive", "b=alive", "c=alive", "e=alive")
				time.Sleep(20 * time.Minute)

				c.net.Split(at(1), at(2))
				c.sees("a", 30*time.Minute, "b=alive", "c=dead", "d=dead", "e=dead")
				c.stop("e")
				c.sees("d", 30*time.Minute, "a=dead", "b=dead", "c=alive", "e=dead")
				time.Sleep(length)
				listed := length < memory.DeadRetention
				ghost := ""
				if listed {
					ghost = "e=dead"
				}
				lost := c.agents["a"].ring.Last()
				c.net.Split()
				for name, others := range map[string][]string{
					"a": {"b=alive", "c=alive", "d=alive"}, "d": {"a=alive", "b=alive", "c=alive"},
				} {
					if listed {
						others = append(others, ghost)
					}
					c.sees(name, 40*time.Minute, others...)
				}
				time.Sleep(time.Hour)
				events, _ := c.agents["a"].ring.Read(lost)
				for _, e := range events {
					if e.Member.Name == "e" && e.Type != "dead" && e.Type != "forgotten" {
						t.Errorf("after the partition a tells of e, which ended during it: %s", e.Type)
					}
				}
				if listed == (c.view("a") == "b=alive c=alive d=alive") {
					t.Errorf("an hour after the partition a sees [%s]", c.view("a"))
				}
			})
		})
	}
}
