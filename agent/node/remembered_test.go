package node

import (
	"testing"
	"time"
)

// TestMemberThatMissesAfterAPowerCutIsDead starts three of four again after all were stopped at once. Then the three are restarted
// one after the other, and still know how long it has been dead.
func TestMemberThatMissesAfterAPowerCutIsDead(t *testing.T) {
	virtually(t, func(c *cluster) {
		begin := func(name string, host int, join ...string) {
			cfg := c.config(name, host, join...)
			cfg.RetainDead = 5 * time.Minute
			c.startWith(cfg)
		}
		begin("a", 1)
		for host, name := range []string{"b", "c", "d"} {
			begin(name, 2+host, at(1).String())
		}
		c.sees("a", 5*time.Second, "b=alive", "c=alive", "d=alive")
		time.Sleep(2 * saveEvery)
		for _, name := range []string{"a", "b", "c", "d"} {
			c.stop(name)
		}
		time.Sleep(time.Hour)
		for host, name := range []string{"a", "b", "c"} {
			begin(name, 1+host)
		}
		time.Sleep(15 * time.Second)
		c.sees("a", 0, "b=alive", "c=alive")
		c.unready("a", "not heard yet of 1 members of the life before")
		for _, name := range []string{"a", "b", "c"} {
			c.readyWithin(name, 10*time.Second)
		}
		c.sees("a", time.Second, "b=alive", "c=alive", "d=dead")
		c.sees("b", time.Second, "a=alive", "c=alive", "d=dead")
		events, _ := c.agents["a"].ring.Read(0)
		if last := events[len(events)-1]; last.Type != "dead" || last.Member.Name != "d" || last.Reason == "" {
			t.Errorf("the last event is %+v, want that d is dead", last)
		}

		time.Sleep(2 * time.Minute)
		c.stop("a")
		begin("a", 1)
		c.sees("a", 5*time.Second, "b=alive", "c=alive")
		c.readyWithin("a", 5*time.Second) // nothing is to be awaited of one that was dead
		c.stop("a")                       // too early to have listed it
		begin("a", 1)
		c.sees("a", 30*time.Second, "b=alive", "c=alive", "d=dead")
		time.Sleep(time.Minute)
		c.sees("a", 0, "b=alive", "c=alive", "d=dead")
		c.sees("a", 2*time.Minute, "b=alive", "c=alive") // its retention has gone on
	})
}
