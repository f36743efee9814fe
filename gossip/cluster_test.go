package gossip_test

import (
	"fmt"
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

// cluster is a virtual cluster that remembers what happened, and watches what must never happen (docs/protocol.md,
// "promises").
type cluster struct {
	*sim.Cluster
	t    testing.TB
	seen []sighting
	last map[[2]string]counter // observer and subject

	codec *wire.Codec
}

type sighting struct {
	at       time.Duration
	observer string
	membership.Event
}

type counter struct{ incarnation, heartbeat uint64 }

// newCluster returns an empty cluster with links of 1 to 2 ms. When the test fails, it prints the seed.
func newCluster(t testing.TB, seed uint64, change ...func(*sim.Config)) *cluster {
	t.Helper()
	cfg := sim.Config{
		Seed: seed, Interval: interval, Gossip: gossip.DefaultConfig(),
		Network: sim.Network{Latency: time.Millisecond, Jitter: time.Millisecond},
	}
	for _, f := range change {
		f(&cfg)
	}
	c := &cluster{Cluster: sim.New(cfg), t: t, last: map[[2]string]counter{}, codec: wire.NewCodec()}
	c.OnEvent = c.watch
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the seed was %d, and the virtual time %s", seed, c.Now())
		}
	})
	return c
}

// watch remembers an event, and checks the promises that hold always.
func (c *cluster) watch(at time.Duration, observer string, e membership.Event) {
	c.seen = append(c.seen, sighting{at, observer, e})
	name := e.Member.Record.Name
	if name == observer && (e.Type == membership.EventDead || e.Type == membership.EventSuspect) {
		c.t.Errorf("%s: %s takes itself for %s", at, observer, e.Type)
	}
	key, now := [2]string{observer, name}, counter{e.Member.Record.Incarnation, e.Member.Heartbeat}
	if was := c.last[key]; membership.After(was.incarnation, was.heartbeat, now.incarnation, now.heartbeat) {
		c.t.Errorf("%s: in the view of %s the counter of %s went back from %v to %v", at, observer, name, was, now)
	}
	c.last[key] = now
}

// start starts members of one-letter names a quarter of an interval apart, each joining by the first member.
func (c *cluster) start(names ...string) {
	c.t.Helper()
	for _, name := range names {
		var seeds []netip.AddrPort
		if name != names[0] {
			seeds = append(seeds, address(names[0]))
		}
		c.restart(name, seeds...)
		c.Run(interval / 4)
	}
}

// restart starts a new life of a member, which joins by the seeds.
func (c *cluster) restart(name string, seeds ...netip.AddrPort) {
	c.t.Helper()
	c.last = map[[2]string]counter{} // the memory of who starts is empty
	if err := c.Start(name, address(name), seeds...); err != nil {
		c.t.Fatal(err)
	}
}

// boot starts n members, named as sim.Name does, and lets them settle.
func (c *cluster) boot(n int) {
	c.Boot(n, interval)
	c.Run(10 * time.Second)
	c.seen = nil
}

// view returns how one member sees another, and whether it is in its list.
func (c *cluster) view(observer, of string) (membership.View, bool) {
	m := c.Member(observer)
	if m == nil || m.Engine == nil {
		c.t.Fatalf("%s does not run", observer)
	}
	return viewIn(m.Engine.Snapshot(c.Clock()), of)
}

// state returns the word for how one member sees another, "unknown" if not at all.
func (c *cluster) state(observer, of string) string {
	v, ok := c.view(observer, of)
	if !ok {
		return "unknown"
	}
	return v.State.String()
}

// agree reports whether all who run, except the subject, see it in that state.
func (c *cluster) agree(of, state string) bool {
	for _, m := range c.Running() {
		if m.Name != of && c.state(m.Name, of) != state {
			return false
		}
	}
	return true
}

// mustAgree lets time pass until all see the subject in that state, and returns how long that took.
func (c *cluster) mustAgree(of, state string, within time.Duration) time.Duration {
	c.t.Helper()
	began := c.Now()
	if !c.RunUntil(within, interval/10, func() bool { return c.agree(of, state) }) {
		c.t.Errorf("after %s not all see %s %s:\n%s", within, of, state, c.views(of))
	}
	return c.Now() - began
}

// whole reports whether all who run see each other alive.
func (c *cluster) whole() bool {
	running := c.Running()
	for _, m := range running {
		if !c.agree(m.Name, "alive") {
			return false
		}
	}
	return true
}

// mustBeWhole lets time pass until all who run see each other alive, and returns how long that took.
func (c *cluster) mustBeWhole(within time.Duration) time.Duration {
	c.t.Helper()
	began := c.Now()
	if !c.RunUntil(within, interval, c.whole) {
		c.t.Errorf("after %s not all see each other alive:", within)
		for _, m := range c.Running() {
			if !c.agree(m.Name, "alive") {
				c.t.Errorf("%s: %s", m.Name, c.views(m.Name))
			}
		}
	}
	return c.Now() - began
}

// views tells how all see one member.
func (c *cluster) views(of string) string {
	var lines []string
	for _, m := range c.Running() {
		lines = append(lines, fmt.Sprintf("%s sees it %s", m.Name, c.state(m.Name, of)))
	}
	return strings.Join(lines, ", ")
}

// events returns what happened since the last call of quiet, of one type; about a member, unless the name is "".
func (c *cluster) events(t membership.EventType, about string) []sighting {
	return slices.Collect(func(yield func(sighting) bool) {
		for _, s := range c.seen {
			if s.Type == t && (about == "" || s.Member.Record.Name == about) && !yield(s) {
				return
			}
		}
	})
}

// quiet forgets what happened.
func (c *cluster) quiet() { c.seen = nil }

// mustAccuseNobody fails when somebody was suspected or declared dead, other than the members excused.
func (c *cluster) mustAccuseNobody(excused ...string) {
	c.t.Helper()
	for _, t := range []membership.EventType{membership.EventSuspect, membership.EventDead} {
		for _, s := range c.events(t, "") {
			if !slices.Contains(excused, s.Member.Record.Name) {
				c.t.Errorf("%s: %s takes %s for %s (%s), but it lives", s.at, s.observer, s.Member.Record.Name, t, s.Reason)
				return
			}
		}
	}
}

// addresses returns those of one-letter names.
func addresses(names ...string) []netip.AddrPort {
	var list []netip.AddrPort
	for _, n := range names {
		list = append(list, address(n))
	}
	return list
}
