package gossip_test

import (
	"net/netip"
	"testing"
	"time"

	"heartsay/gossip/wire"
	"heartsay/membership"
	"heartsay/sim"
)

// fullOfDead returns a cluster of 24 with room for 24 others, 12 of which are dead in all views.
func fullOfDead(t *testing.T) *cluster {
	c := newCluster(t, 5, func(cfg *sim.Config) { cfg.Gossip.MaxMembers = 24 })
	c.boot(24)
	for i := 12; i < 24; i++ {
		c.Crash(sim.Name(i))
	}
	c.Run(time.Minute)
	return c
}

// join lets new members join by the first one, a second apart.
func (c *cluster) join(names ...int) {
	for _, i := range names {
		if err := c.Start(sim.Name(i), sim.Address(i+1), sim.Address(1)); err != nil {
			c.t.Fatal(err)
		}
		c.Run(time.Second)
	}
}

// R10.
func TestFullListOfDeadMakesRoomForTheLiving(t *testing.T) {
	c := fullOfDead(t)
	c.quiet()
	c.join(24, 25, 26, 27, 28, 29)
	c.mustBeWhole(10 * time.Second)
	c.mustAccuseNobody()
	forgotten := c.events(membership.EventForgotten, "")
	if len(forgotten) == 0 || forgotten[0].Reason != "the list is full, and it has been gone for longest" {
		t.Errorf("that the dead make way is told by these events: %v", forgotten)
	}
}

// R5, R15: what a full list refuses is not asked for again and again.
func TestFullListOfLivingCostsFewPackets(t *testing.T) {
	c := newCluster(t, 5, func(cfg *sim.Config) { cfg.Gossip.MaxMembers = 24 })
	c.boot(24)
	c.join(24, 25, 26, 27, 28, 29)
	c.mustCost(4, 30)
}

// R5, R15.
func TestFullListOfDeadCostsFewPackets(t *testing.T) {
	c := fullOfDead(t)
	c.join(24, 25, 26, 27, 28, 29)
	c.mustCost(4, 18)
}

// mustCost fails when the members that run send more packets in an interval than each the number given.
func (c *cluster) mustCost(most float64, running int) {
	c.t.Helper()
	packets := 0
	c.OnMessage = func(_ time.Duration, _, _ netip.AddrPort, m wire.Message, _ bool) { packets++ }
	const intervals = 80
	for range intervals {
		if c.Run(interval); packets > 1_000_000 {
			break
		}
	}
	if each := float64(packets) / intervals / float64(running); each > most {
		c.t.Errorf("a member sends %.1f messages in an interval, want %.0f at most", each, most)
	}
}
