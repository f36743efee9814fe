package gossip_test

import (
	"net/netip"
	"testing"
	"time"

	"heartsay/gossip"
	"heartsay/gossip/wire"
	"heartsay/membership"
	"heartsay/sim"
)

const years = 3 * 365 * 24 * time.Hour

// fromFuture starts a member whose clock stood years ahead when it began, and is right now.
func (c *cluster) fromFuture(name string, seeds ...string) {
	c.t.Helper()
	if err := c.StartRecord(membership.Record{
		Name: name, Address: address(name), Interval: interval, Incarnation: uint64(c.Clock().Add(years).UnixMilli()),
	}, addresses(seeds...)...); err != nil {
		c.t.Fatal(err)
	}
}

// forgetCounters lets counters go back: a life from the future is replaced by one that is lower.
func (c *cluster) forgetCounters() {
	c.OnEvent = func(at time.Duration, observer string, e membership.Event) {
		c.seen = append(c.seen, sighting{at, observer, e})
	}
}

// R14, R15.
func TestLifeFromTheFutureBeginsAnewByItself(t *testing.T) {
	t.Run("it joins", func(t *testing.T) {
		c := newCluster(t, 3)
		c.forgetCounters()
		c.start("a", "b", "c")
		c.fromFuture("d", "a")
		c.Run(interval)
		c.Join(c.Member("d"), address("a")) // as an agent does that was not let in
		c.mustBeWhole(5 * time.Second)
		c.mustAccuseNobody()
	})
	t.Run("it was joined by the others", func(t *testing.T) {
		c := newCluster(t, 3)
		c.forgetCounters()
		c.fromFuture("d")
		c.restart("a", address("d"))
		c.restart("b", address("d"))
		c.mustBeWhole(5 * time.Second)
	})
	t.Run("so do all others", func(t *testing.T) {
		c := newCluster(t, 3)
		c.forgetCounters()
		names := []string{"a", "b", "c", "d"}
		for _, name := range names {
			c.fromFuture(name)
		}
		var all []membership.Entry // they met while all clocks stood ahead
		for _, m := range c.Running() {
			all = append(all, m.Engine.Self())
		}
		for _, m := range c.Running() {
			m.Engine.Preload(c.Clock(), all)
		}
		c.Run(20 * time.Second)
		c.mustBeWhole(20 * time.Second)
		for _, name := range names {
			if v, _ := c.view("a", name); v.Record.Incarnation > uint64(c.Clock().UnixMilli()) {
				t.Errorf("%s still lives in the future", name)
			}
		}
	})
}

// R15: who only thinks by its own clock that it is ahead may be wrong.
func TestClockThatWentBackAloneBeginsNoNewLife(t *testing.T) {
	a := newLone(t, "a", gossip.DefaultConfig())
	before := a.Self().Record.Incarnation
	a.now = a.now.Add(-48 * time.Hour)
	ahead := uint64(a.now.Add(48 * time.Hour).UnixMilli())
	a.hear("b", &wire.Digest{Header: header("b", 4), Clock: ahead, Bits: 0})
	if got := a.Self().Record.Incarnation; got != before {
		t.Errorf("the incarnation went from %d to %d, want it kept: the clock of b says that this clock is wrong", before, got)
	}
	a.hear("b", &wire.Digest{Header: header("b", 5), Clock: uint64(a.now.UnixMilli()), Bits: 0})
	if got := a.Self().Record.Incarnation; got != uint64(a.now.UnixMilli()) {
		t.Errorf("the incarnation is %d, want %d, since the clock of b says so too", got, a.now.UnixMilli())
	}
}

// R15.
func TestRefusedAreToldWhyOnceForEachMessage(t *testing.T) {
	for _, x := range []struct {
		what  string
		start func(c *cluster)
		want  wire.RefusalReason
	}{
		{"its clock is years ahead", func(c *cluster) {
			c.SetClock("x", years)
			c.restart("x", address("a"))
		}, wire.ClockAhead},
		{"the lists are full", func(c *cluster) { c.restart("x", address("a")) }, wire.ListFull},
	} {
		t.Run(x.what, func(t *testing.T) {
			c := newCluster(t, 3, func(cfg *sim.Config) { cfg.Gossip.MaxMembers = 3 })
			c.start("a", "b", "c", "d")
			c.Run(5 * time.Second)
			asked, refused, bytes := 0, 0, 0
			c.OnMessage = func(_ time.Duration, from, to netip.AddrPort, m wire.Message, _ bool) {
				if from == address("x") {
					asked++
				}
				if r, ok := m.(*wire.Refused); ok && to == address("x") {
					refused++
					if r.Reason != x.want {
						t.Errorf("it is refused for reason %d, want %d", r.Reason, x.want)
					}
					bytes = max(bytes, c.size(r))
				}
			}
			x.start(c)
			c.Run(time.Second)
			if refused != 1 || asked != 1 {
				t.Errorf("a join of %d messages was refused %d times, want once each", asked, refused)
			}
			e := c.Member("x").Engine
			if r, ok := e.Refused(); !ok || r != (gossip.Refusal{By: "a", Reason: x.want}) {
				t.Errorf("the refused takes it for %+v, %t", r, ok)
			}
			var all []membership.Entry // as if it had been let in once
			for _, name := range []string{"a", "b", "c", "d"} {
				all = append(all, c.Member(name).Engine.Self())
			}
			e.Preload(c.ClockOf(c.Member("x")), all[:3])
			asked, refused = 0, 0
			c.Run(20 * time.Second)
			if refused == 0 || refused > asked {
				t.Errorf("%d messages were refused %d times, want no more than one for each", asked, refused)
			}
			if r, ok := e.Refused(); !ok || r.Reason != x.want {
				t.Errorf("refused by all the refused takes it for %+v, %t", r, ok)
			}
			if bytes > 100 {
				t.Errorf("a refusal takes %d bytes, want less than any digest", bytes)
			}
		})
	}
}

// R3: one member alone takes nobody's place away.
func TestRefusalOfOneLiarIsNoRefusal(t *testing.T) {
	c := newCluster(t, 3)
	c.start("a", "b", "c", "d")
	c.Run(5 * time.Second)
	c.Inject("a", address("b"), &wire.Refused{Header: headerOf(c.Member("b")), Reason: wire.ClockAhead})
	for _, name := range []string{"x", "y", "z"} {
		c.Inject("a", address(name), &wire.Refused{Header: header(name, 3), Reason: wire.ListFull})
	}
	if r, refused := c.Member("a").Engine.Refused(); refused {
		t.Errorf("one liar makes a take itself for refused: %+v", r)
	}
	if v, _ := c.view("a", "a"); v.Heartbeat < 10 {
		t.Error("one liar makes a begin a new life")
	}
	c.Inject("a", address("c"), &wire.Refused{Header: headerOf(c.Member("c")), Reason: 77})
	if r, refused := c.Member("a").Engine.Refused(); !refused {
		t.Errorf("two of three refuse a, and it does not know: %+v", r)
	}
	c.Run(10 * time.Second)
	if r, refused := c.Member("a").Engine.Refused(); refused {
		t.Errorf("all have answered since, and it still takes itself for refused: %+v", r)
	}
}

// size returns how many bytes a message takes.
func (c *cluster) size(m wire.Message) int {
	n, err := c.codec.Size(m)
	if err != nil {
		c.t.Fatal(err)
	}
	return n
}
