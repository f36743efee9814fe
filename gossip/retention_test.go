package gossip_test

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"heartsay/gossip"
	"heartsay/gossip/wire"
	"heartsay/membership"
	"heartsay/sim"
)

// forgetful has retentions that a test can wait for.
func forgetful(cfg *sim.Config) {
	g := &cfg.Gossip
	g.DeadGrace, g.LeftGrace = 5*time.Second, 5*time.Second
	g.DeadRetention, g.LeftRetention, g.TombstoneRetention = time.Minute, 20*time.Second, 10*time.Minute
}

// digested returns the most members that a digest lists, from now on.
func digested(c *cluster) *int {
	n := new(int)
	c.OnMessage = func(_ time.Duration, _, _ netip.AddrPort, m wire.Message, _ bool) {
		if d, ok := m.(*wire.Digest); ok {
			*n = max(*n, gossip.MembersOf(d))
		}
	}
	return n
}

// R10.
func TestRetentionOfTheDead(t *testing.T) {
	c := newCluster(t, 10, forgetful)
	c.start("a", "b", "c", "d")
	c.Run(20 * time.Second)
	c.Crash("d")
	c.mustAgree("d", "dead", 5*time.Second)
	died := c.Now()
	listed := digested(c)
	c.Run(4 * time.Second)
	if *listed != 4 {
		t.Errorf("within the grace digests list %d, want the dead too: observers who disagree for a moment list alike", *listed)
	}
	c.Run(2 * time.Second)
	*listed = 0
	c.Run(10 * time.Second)
	if *listed != 3 {
		t.Errorf("after the grace digests list %d, want the 3 that live", *listed)
	}
	c.Run(40 * time.Second)
	if !c.agree("d", "dead") {
		t.Error("within the retention not all list the dead")
	}
	c.mustAgree("d", "unknown", 10*time.Second)
	for _, s := range c.events(membership.EventForgotten, "d") {
		if kept := s.at - died; kept < 55*time.Second || kept > 65*time.Second {
			t.Errorf("%s forgot the dead after %s, want about the retention of a minute", s.observer, kept)
		}
	}
	if got := len(c.events(membership.EventForgotten, "d")); got != 3 {
		t.Errorf("%d members say that they forgot the dead, want 3", got)
	}
}

// R10.
func TestRetentionOfThoseWhoLeftIsShorter(t *testing.T) {
	c := newCluster(t, 10, forgetful)
	c.start("a", "b", "c")
	c.Run(5 * time.Second)
	c.Leave("c")
	c.mustAgree("c", "left", 2*time.Second)
	c.Run(6 * time.Second)
	listed := digested(c)
	c.Run(5 * time.Second)
	if *listed != 2 {
		t.Errorf("after the grace digests list %d, want the 2 that stayed", *listed)
	}
	c.mustAgree("c", "unknown", 12*time.Second)
}

// R10.
func TestForgetIsInstantAndIdempotent(t *testing.T) {
	c := newCluster(t, 10)
	c.start("a", "b", "c")
	c.Run(5 * time.Second)
	for name, want := range map[string]error{"x": gossip.ErrUnknown, "a": gossip.ErrSelf, "c": gossip.ErrPresent} {
		if forgotten, err := c.Forget("a", name, false); forgotten || !errors.Is(err, want) {
			t.Errorf("forget %s: %v, %v; want the error %v", name, forgotten, err, want)
		}
	}
	if c.state("a", "c") != "alive" {
		t.Error("a refused forget changed the list")
	}
	c.Crash("c")
	c.mustAgree("c", "dead", 10*time.Second)
	c.quiet()
	if forgotten, err := c.Forget("a", "c", false); !forgotten || err != nil || c.state("a", "c") != "unknown" {
		t.Errorf("forgetting the dead: %v, %v, and it is %s; want it gone at once", forgotten, err, c.state("a", "c"))
	}
	if forgotten, err := c.Forget("a", "c", false); forgotten || err != nil {
		t.Errorf("forgetting again: %v, %v; want no error, and nothing done", forgotten, err)
	}
	c.Run(20 * time.Second)
	if got := c.events(membership.EventForgotten, "c"); len(got) != 1 || len(c.events(membership.EventJoin, "c")) != 0 {
		t.Errorf("%d forgotten events and %d joins, want 1 and 0: b still lists it, which must not bring it back",
			len(got), len(c.events(membership.EventJoin, "c")))
	}
}

// R10.
func TestForgetByForceLetsALiveMemberReturn(t *testing.T) {
	c := newCluster(t, 10)
	c.start("a", "b", "c")
	c.Run(5 * time.Second)
	for _, state := range []string{"alive", "suspect"} {
		if state == "suspect" {
			c.Freeze("c")
			c.mustAgree("c", state, 10*time.Second)
			if _, err := c.Forget("a", "c", false); !errors.Is(err, gossip.ErrPresent) {
				t.Errorf("forgetting a suspect: %v, want the error that it may live", err)
			}
		}
		if forgotten, err := c.Forget("a", "c", true); !forgotten || err != nil {
			t.Errorf("forgetting the %s by force: %v, %v; want it gone", state, forgotten, err)
		}
		if state == "suspect" {
			c.Thaw("c")
		}
		c.mustBeWhole(3 * time.Second)
	}
}

// R10: A member that slept through the death and the forgetting of another still lists it when it wakes, and offers it to
// all (akka#18767, chitchat#155, scylla#14991).
func TestForgottenMemberThatASleeperOffersDoesNotReturn(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 10, func(cfg *sim.Config) {
		cfg.Gossip.DeadRetention, cfg.Gossip.LeftRetention = 10*time.Minute, 5*time.Minute
		cfg.Gossip.TombstoneRetention = 2 * time.Hour
	})
	c.start("a", "b", "c", "d", "e")
	c.Run(20 * time.Second)
	c.Freeze("e")
	c.Crash("d")
	c.Run(time.Hour)
	if !c.agreeAmong("d", "unknown", "a", "b", "c") {
		t.Fatalf("after an hour not all forgot d: %s", c.views("d"))
	}
	c.quiet()
	c.Thaw("e")
	if got := c.state("e", "d"); got != "alive" {
		t.Fatalf("the sleeper sees d %s when it wakes: the test is void", got)
	}
	c.mustAgreeAmong("d", "dead", 30*time.Second, "e")
	c.Run(11 * time.Minute)
	c.mustAgree("d", "unknown", time.Second)
	for _, kind := range []membership.EventType{membership.EventJoin, membership.EventAlive} {
		if got := c.events(kind, "d"); len(got) != 0 {
			t.Errorf("the ghost of d caused %d events %s, first at %s", len(got), kind, got[0].observer)
		}
	}
	if !c.whole() {
		t.Error("the sleeper is not back")
	}
}

// agreeAmong reports whether the observers see the subject in that state.
func (c *cluster) agreeAmong(of, state string, observers ...string) bool {
	for _, o := range observers {
		if c.state(o, of) != state {
			return false
		}
	}
	return true
}

func (c *cluster) mustAgreeAmong(of, state string, within time.Duration, observers ...string) {
	c.t.Helper()
	if !c.RunUntil(within, interval, func() bool { return c.agreeAmong(of, state, observers...) }) {
		c.t.Errorf("after %s: %s, want %v to see it %s", within, c.views(of), observers, state)
	}
}

// R10.
func TestForgottenMemberReturnsWithANewLife(t *testing.T) {
	c := newCluster(t, 10, forgetful)
	c.start("a", "b", "c")
	c.Run(20 * time.Second)
	c.Crash("c")
	c.mustAgree("c", "unknown", 2*time.Minute)
	c.quiet()
	c.restart("c", address("a"))
	c.mustBeWhole(2 * time.Second)
	if got := len(c.events(membership.EventJoin, "c")); got != 2 {
		t.Errorf("%d members see the forgotten join, want 2", got)
	}
}

// R10.
func TestRetentionIntroducesNobodySilentForLongerThanTheMaximum(t *testing.T) {
	a := settled(t)
	introduces := func() bool {
		_, deltas := sent[*wire.Delta](a.hear("b", &wire.Delta{Header: header("b", a.beats()), Wants: []string{"z"}}))
		_, parts := sent[*wire.Sync](a.hearOn(1, "b", &wire.Sync{Header: header("b", a.beats()), Last: true}))
		asked := slices.ContainsFunc(deltas, func(d *wire.Delta) bool { return lists(d.Entries, "z") })
		synced := slices.ContainsFunc(parts, func(s *wire.Sync) bool { return lists(s.Entries, "z") })
		if asked != synced {
			t.Fatalf("asked for z by name: %t, in a full exchange: %t", asked, synced)
		}
		return asked
	}
	if !introduces() {
		t.Error("z is well, and not told of to one who asks for it")
	}
	a.stall(2*gossip.DefaultConfig().Dead.Max + 5*interval)
	if v := a.mustSee("z"); v.State != membership.Alive {
		t.Fatalf("z is %s although a has stalled itself: the test is void", v.State)
	}
	if introduces() {
		t.Error("a has heard nothing of z for longer than anybody waits, counts its silence anew, and introduces it: the others may have forgotten it")
	}
	a.tell("z", entryOf("z", a.beats()))
	if !introduces() {
		t.Error("z has been heard of again, and is not told of to one who asks for it")
	}
}

func lists(entries []membership.Entry, name string) bool {
	return slices.ContainsFunc(entries, func(en membership.Entry) bool { return en.Record.Name == name })
}

func TestForgetThatIsRefusedIsOneLineForAllNames(t *testing.T) {
	c := newCluster(t, 10)
	c.start("a", "b")
	c.Run(10 * time.Second)
	err := c.ForgetAll("a", []string{"x", "b", "y"}, gossip.ForgetOptions{})
	if !errors.Is(err, gossip.ErrUnknown) || !errors.Is(err, gossip.ErrPresent) || strings.Contains(err.Error(), "\n") {
		t.Errorf("two unknown members and a present one: %q, want one line with the three", err)
	}
}
