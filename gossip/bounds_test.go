package gossip_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"heartsay/gossip"
	"heartsay/gossip/wire"
	"heartsay/membership"
	"heartsay/sim"
)

// R15.
func TestTableFullOfInventedMembersHarmsNobody(t *testing.T) {
	c := newCluster(t, 15, func(cfg *sim.Config) { cfg.Gossip.MaxMembers = 40 })
	c.boot(20)
	a := c.Member(sim.Name(0))
	liar := wire.Header{From: "liar", Incarnation: uint64(c.Clock().UnixMilli()), Heartbeat: 1}
	for i := range 1000 {
		var invented []membership.Entry
		for j := range 5 {
			invented = append(invented, entryOf("x", 1, func(r *membership.Record) {
				r.Name, r.Address = fmt.Sprintf("invented-%d", 5*i+j), sim.Address(1000+5*i+j)
			}))
		}
		c.Inject(a.Name, sim.Address(999), &wire.Delta{Header: liar, Entries: invented})
		c.Run(10 * time.Millisecond)
	}
	for _, m := range c.Running() {
		if got := len(m.Engine.Snapshot(c.Clock())); got > 41 {
			t.Errorf("%s lists %d members, want at most 40 and itself", m.Name, got)
		}
	}
	if a.Engine.Drops()[gossip.DropFull] == 0 {
		t.Error("what the full table refused is not counted")
	}
	c.Run(30 * time.Second) // the invented members die
	if !c.whole() {
		t.Error("after a flood of invented members the real members do not see each other alive")
	}
	for _, m := range c.Running() {
		for _, of := range c.Running() {
			if c.state(m.Name, of.Name) == "unknown" {
				t.Errorf("%s gave up %s for an invented one", m.Name, of.Name)
			}
		}
	}
}

// R15.
func TestCountersThatTimeDoesNotAllowAreRefusedAndCounted(t *testing.T) {
	known := entryOf("c", 4)
	inc := known.Record.Incarnation
	day := uint64(24 * time.Hour / time.Millisecond)
	record := func(incarnation, version, heartbeat uint64) wire.Message {
		return &wire.Delta{Header: header("b", 4), Entries: []membership.Entry{
			entryOf("c", heartbeat, func(r *membership.Record) { r.Incarnation, r.Version = incarnation, version }),
		}}
	}
	for _, c := range []struct {
		what string
		m    wire.Message
		drop gossip.Drop
	}{
		{"a heartbeat of 2^63", record(inc, 1, 1<<63), gossip.DropClock},
		{"a heartbeat of 2^64-1", record(inc, 1, math.MaxUint64), gossip.DropClock},
		{"a header of heartbeat 0", &wire.Digest{Header: wire.Header{From: "c", Incarnation: inc}}, gossip.DropInvalid},
		{"a header of incarnation 2^63", &wire.Digest{Header: wire.Header{From: "c", Incarnation: 1 << 63, Heartbeat: 9}}, gossip.DropInvalid},
		{"heartbeat 0 in a record", record(inc+1, 1, 0), gossip.DropClock},
		{"a record two days ahead", record(inc+2*day, 1, 1), gossip.DropClock},
		{"a record of incarnation 2^53", record(membership.MaxCounter, 1, 1), gossip.DropClock},
		{"a record whose version is two days ahead", record(inc, 2*day/250, 5), gossip.DropClock},
		{"a record whose heartbeat is two days ahead", record(inc, 1, 2*day/250), gossip.DropClock},
		{"a header two days ahead", &wire.Pong{Header: wire.Header{From: "c", Incarnation: inc, Heartbeat: 2 * day / 250}}, gossip.DropClock},
		{"a record of another interval within one life", &wire.Delta{Header: header("b", 4), Entries: []membership.Entry{
			entryOf("c", 5, func(r *membership.Record) { r.Interval, r.Version = time.Second, 5 }),
		}}, gossip.DropInterval},
		{"a header without a name", &wire.Digest{Header: wire.Header{Incarnation: inc, Heartbeat: 5}}, gossip.DropInvalid},
		{"a header with a name that is none", &wire.Digest{Header: wire.Header{From: "a\nb", Incarnation: inc, Heartbeat: 5}}, gossip.DropInvalid},
		{"a message for another", &wire.Digest{Header: wire.Header{From: "b", Incarnation: inc, Heartbeat: 5, To: "z"}}, gossip.DropMisaddressed},
		{"an answer that nobody asked for", &wire.Pong{Header: header("b", 4), Nonce: 7}, gossip.DropUnasked},
	} {
		a := newLone(t, "a", gossip.DefaultConfig())
		a.run(time.Second)
		a.tell("b", known, entryOf("b", 4))
		before := a.Drops()
		a.hear("b", c.m)
		if v := a.mustSee("c"); v.Heartbeat != 4 || v.Record.Incarnation != inc || v.Record.Version != 1 || v.Record.Interval != interval {
			t.Errorf("%s changed what is known of c: heartbeat %d of %+v", c.what, v.Heartbeat, *v.Record)
		}
		if a.Drops()[c.drop] != before[c.drop]+1 {
			t.Errorf("%s is not counted as %s: %v", c.what, c.drop, a.Drops())
		}
	}
}

// R15.
func TestMemberIsNotInItsOwnTable(t *testing.T) {
	a := newLone(t, "a", gossip.DefaultConfig())
	a.run(time.Second)
	a.tell("b", entryOf("b", 4), entryOf("a", 4))
	if got := len(a.Snapshot(a.now)); got != 2 {
		t.Errorf("it lists %d members, want itself once and the other", got)
	}
}

func TestConfigReportsAllFaultsTogether(t *testing.T) {
	if err := gossip.DefaultConfig().Validate(); err != nil {
		t.Errorf("the default has faults: %v", err)
	}
	err := gossip.Config{}.Validate()
	if joined, ok := err.(interface{ Unwrap() []error }); !ok || len(joined.Unwrap()) < 6 {
		t.Errorf("the zero configuration has these faults, want all told at once: %v", err)
	}
	for _, c := range []struct {
		what  string
		spoil func(*gossip.Config)
	}{
		{"a phi that is no number", func(c *gossip.Config) { c.Dead.Phi = math.NaN() }},
		{"an infinite phi", func(c *gossip.Config) { c.Dead.Phi = math.Inf(1) }},
		{"dead before suspect", func(c *gossip.Config) { c.Dead.Phi = c.Suspect.Phi - 1 }},
		{"a minimum above the maximum", func(c *gossip.Config) { c.Suspect.Min = c.Suspect.Max + 1 }},
		{"a grace longer than the retention", func(c *gossip.Config) { c.DeadGrace = c.DeadRetention + 1 }},
		{"tombstones that go too soon", func(c *gossip.Config) { c.TombstoneRetention = c.DeadRetention }},
		{"packets too small for a row", func(c *gossip.Config) { c.MaxPayload = 100 }},
	} {
		cfg := gossip.DefaultConfig()
		c.spoil(&cfg)
		if cfg.Validate() == nil {
			t.Errorf("%s is taken, want it refused", c.what)
		}
		if _, err := gossip.New(sim.Epoch, recordOf("a"), cfg, nil); err == nil {
			t.Errorf("an engine starts with %s", c.what)
		}
	}
	r := recordOf("..")
	if _, err := gossip.New(sim.Epoch, r, gossip.DefaultConfig(), nil); err == nil {
		t.Error("an engine starts under a name that is none")
	}
}

// R15.
func TestTagsOutOfBoundsChangeNothing(t *testing.T) {
	a := newLone(t, "a", gossip.DefaultConfig())
	before := a.Self().Record
	out, err := a.SetTags(a.now, membership.Tags{{Key: "", Value: "v"}})
	if err == nil || a.Self().Record != before || len(out.Events) != 0 {
		t.Errorf("a tag without a key: %v, %v; want an error, and nothing changed", err, out.Events)
	}
}

// told returns a delta of a member at its address, with records that it tells.
func told(from string, entries ...membership.Entry) *wire.Delta {
	return &wire.Delta{Header: header(from, 4), Entries: entries}
}

// A list that is full of invented members takes in who tells of itself, and nobody that is only told of.
func TestHostile17InventedMembersMakeWayForWhoTellsOfItself(t *testing.T) {
	cfg := gossip.DefaultConfig()
	cfg.MaxMembers = 8
	e, err := gossip.New(sim.Epoch, recordOf("a"), cfg, rand.New(rand.NewPCG(1, 1)))
	if err != nil {
		t.Fatal(err)
	}
	now := sim.Epoch.Add(time.Second)
	e.Receive(now, address("b"), told("b", entryOf("b", 4)))
	e.Receive(now, address("b"), &wire.Ping{Header: header("b", 4)})
	for i := range 20 {
		now = now.Add(time.Millisecond)
		invented := entryOf("x", 1, func(r *membership.Record) { r.Name = fmt.Sprint("invented-", i) })
		e.Receive(now, address("b"), told("b", invented))
	}
	var gone []string
	out := e.Receive(now, address("c"), told("c", entryOf("c", 4)))
	for _, ev := range out.Events {
		gone = append(gone, ev.Type.String()+" "+ev.Member.Record.Name)
	}
	if want := []string{"forgotten invented-6", "join c"}; !slices.Equal(gone, want) {
		t.Errorf("when a newcomer tells of itself: %v, want %v", gone, want)
	}
	e.Receive(now, address("b"), told("b", entryOf("d", 4)))
	if !e.Knows("b") || !e.Knows("c") || e.Knows("d") || !e.Knows("invented-0") {
		t.Errorf("known are b: %v, c: %v, d, which is only told of: %v, the first that was invented: %v; want all but d",
			e.Knows("b"), e.Knows("c"), e.Knows("d"), e.Knows("invented-0"))
	}
}

// Before the first message of its own, the interval that a member is said to have buys it no patience: those that are invented
// with a long one are dead as soon as those with this member's own.
func TestHostile17ALongIntervalBuysAnInventedMemberNoPatience(t *testing.T) {
	for _, claimed := range []time.Duration{interval, membership.MaxInterval} {
		c := newCluster(t, 17)
		c.boot(2)
		liar := wire.Header{From: "liar", Incarnation: uint64(c.Clock().UnixMilli()), Heartbeat: 1}
		for i := range 500 {
			c.Inject(sim.Name(0), sim.Address(999), &wire.Delta{Header: liar, Entries: []membership.Entry{
				entryOf("x", 1, func(r *membership.Record) {
					r.Name, r.Address, r.Interval = fmt.Sprint("invented-", i), sim.Address(1000+i), claimed
					r.Incarnation = uint64(c.Clock().UnixMilli())
				})}})
		}
		c.Run(2 * time.Minute)
		present := 0
		for _, v := range c.Member(sim.Name(0)).Engine.Snapshot(c.Clock()) {
			if v.State.Present() {
				present++
			}
		}
		if present != 2 {
			t.Errorf("of 500 that are invented with an interval of %s, %d are present after two minutes, want none", claimed, present-2)
		}
		if c.state(sim.Name(0), sim.Name(1)) != "alive" || c.state(sim.Name(1), sim.Name(0)) != "alive" {
			t.Error("the two real members do not see each other alive")
		}
	}
}
