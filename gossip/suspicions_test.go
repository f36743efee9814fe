package gossip_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"heartsay/gossip"
	"heartsay/gossip/wire"
	"heartsay/membership"
	"heartsay/sim"
)

// evidence is what b says: that these members have probed z without a reply since that heartbeat of it was due.
func evidence(a *lone, since uint64, accusers ...string) *wire.Evidence {
	d := wire.Suspicion{Name: "z", Incarnation: uint64(sim.Epoch.UnixMilli())}
	for _, w := range accusers {
		d.Accusations = append(d.Accusations, wire.Accusation{Accuser: w, Heartbeat: since})
	}
	return &wire.Evidence{Header: header("b", a.beats()), Suspicions: []wire.Suspicion{d}}
}

// settled returns a member that knows b, c, d, z and those named, all of whom answer, for long enough to judge them.
func settled(t *testing.T, more ...string) *lone {
	cfg := gossip.DefaultConfig()
	cfg.Dead.Phi = 40 // what all others say reaches a in each interval: phi is sharper here than gossip makes it
	a := newLone(t, "a", cfg)
	a.answering = append([]string{"b", "c", "d", "z"}, more...)
	for range 100 {
		var entries []membership.Entry
		for _, name := range a.answering {
			entries = append(entries, entryOf(name, a.beats()))
		}
		a.tell("b", entries...)
		a.run(interval)
	}
	return a
}

// R8.
func TestVerdictByThreeAccusersTakesTheMinimum(t *testing.T) {
	alone, agreed := settled(t), settled(t)
	for _, a := range []*lone{alone, agreed} {
		a.answering = []string{"b", "c", "d"}
	}
	agreed.hear("b", evidence(agreed, agreed.beats(), "b", "c"))
	patience := gossip.DefaultConfig().Dead.Min
	if _, dead := silence(agreed, agreed.mustSee("z"), patience+interval); dead < 0 || dead > patience+20*time.Millisecond {
		t.Errorf("with three accusations z is dead after %s, want the least silence, %s", dead, patience)
	}
	z := alone.mustSee("z")
	if z.DeadAfter <= patience {
		t.Fatalf("phi says dead after %s already: the test is void", z.DeadAfter)
	}
	if _, dead := silence(alone, z, z.DeadAfter+interval); !near(dead, z.DeadAfter) {
		t.Errorf("with one accusation z is dead after %s, want what phi says, %s", dead, z.DeadAfter)
	}
}

// R8.
func TestVerdictNeedsOwnProbes(t *testing.T) {
	a := settled(t)
	for range 40 {
		a.hear("b", evidence(a, a.beats()+1, "b", "c", "d"))
		if out := a.run(interval); happened(out.Events, membership.EventSuspect, "z")+happened(out.Events, membership.EventDead, "z") > 0 {
			t.Fatalf("three say that z does not answer, but it does; a raises %v", out.Events)
		}
	}
}

// R8.
func TestAccusationMakesTheReceiverProbe(t *testing.T) {
	a := settled(t)
	a.hear("b", evidence(a, a.beats(), "b"))
	if _, pings := sent[*wire.Ping](a.run(interval / 4)); len(pings) != 1 {
		t.Errorf("after one accusation z is probed %d times within a quarter of an interval, want once: it answers", len(pings))
	}
}

// R8: Asking takes half a second where much is lost. News that had to wait for it at each step reached the last of 128 too late.
func TestAccusationsOfAQuorumArePassedOnBeforeProbing(t *testing.T) {
	told := func(accusers ...string) (accusations int) {
		a := settled(t)
		a.answering = []string{"b", "c", "d"}
		a.hear("b", evidence(a, a.beats(), accusers...))
		_, messages := sent[*wire.Evidence](a.run(interval / 8)) // it has not accused by itself by then
		for _, m := range messages {
			for _, d := range m.Suspicions {
				accusations = len(d.Accusations)
			}
		}
		return accusations
	}
	if got := told("b", "c"); got != 0 {
		t.Errorf("the accusations of two, with none of its own, are passed on: %d", got)
	}
	if got := told("b", "c", "d"); got != 3 {
		t.Errorf("of the accusations of three %d are passed on, want all", got)
	}
}

// R8: Since when somebody does not answer decides when it is dead, so that the earliest accusations matter.
func TestAccusationsKeptAreTheEarliest(t *testing.T) {
	a := settled(t, "e")
	a.answering = []string{"b", "c", "d", "e"}
	a.run(3 * interval)
	now := a.beats()
	a.hear("b", evidence(a, now, "b", "c", "d"))
	a.hear("b", evidence(a, now-2, "e"))
	_, messages := sent[*wire.Evidence](a.run(4 * interval))
	if len(messages) == 0 || len(messages[len(messages)-1].Suspicions) != 1 {
		t.Fatalf("what four say of z is not told: %v", messages)
	}
	last := messages[len(messages)-1].Suspicions[0].Accusations
	if !slices.Contains(last, wire.Accusation{Accuser: "e", Heartbeat: now - 2}) {
		t.Errorf("e asked z before heartbeat %d was due, b, c and d before %d; told is %v", now-1, now+1, last)
	}
}

// R8.
func TestProbesGoOnWhileNobodyElseAccuses(t *testing.T) {
	a := settled(t)
	a.answering = []string{"b", "c", "d"}
	z := a.mustSee("z")
	asked, since := 0, a.now.Add(-z.Silence)
	for a.mustSee("z").State.Present() {
		_, pings := sent[*wire.Ping](a.run(interval / 8))
		asked += len(pings)
		if silent := a.now.Sub(since); silent > z.DeadAfter+interval {
			t.Fatalf("z has been silent for %s, and a still has it %s", silent, a.mustSee("z").State)
		}
	}
	if asked < 24 {
		t.Errorf("z is declared dead by a alone after %d probes, want 24", asked)
	}
}

// R8.
func TestAccusationIsRefutedByAHigherHeartbeat(t *testing.T) {
	a := settled(t)
	known := a.mustSee("z").Heartbeat
	out := a.hear("b", evidence(a, known-1, "b", "c", "d"))
	to, answers := sent[*wire.Evidence](out)
	if len(answers) != 1 || to[0] != address("b") || len(answers[0].Refutations) != 1 || answers[0].Refutations[0].Heartbeat != known {
		t.Fatalf("an accusation from before heartbeat %d is answered by %v, want that heartbeat told to b", known, out.Messages)
	}
	if _, pings := sent[*wire.Ping](a.run(interval / 4)); len(pings) != 0 {
		t.Errorf("z is asked %d times although it has shown that it lives", len(pings))
	}
}

// R8.
func TestAccusersThatAreNoMembersDoNotCount(t *testing.T) {
	a := settled(t)
	a.answering = []string{"b", "c", "d"}
	var strangers []string
	for i := range 50 {
		strangers = append(strangers, fmt.Sprintf("stranger-%d", i))
	}
	a.hear("b", evidence(a, a.beats(), append(strangers, "a", "z")...))
	z := a.mustSee("z")
	if _, dead := silence(a, z, z.DeadAfter+interval); !near(dead, z.DeadAfter) {
		t.Errorf("on the word of strangers z is dead after %s, want what phi says, %s", dead, z.DeadAfter)
	}
}

// R8.
func TestAccusationsFromTheFutureDoNotCount(t *testing.T) {
	a := settled(t)
	a.hear("b", evidence(a, 1<<60, "b", "c", "d"))
	a.run(interval)
	a.answering = []string{"b", "c", "d"}
	z := a.mustSee("z")
	if _, dead := silence(a, z, z.DeadAfter+interval); !near(dead, z.DeadAfter) {
		t.Errorf("with accusations that nothing could refute z is dead after %s, want what phi says, %s", dead, z.DeadAfter)
	}
}

// R8.
func TestAccusedMemberRepliesAtOnceAndWhenItsHeartbeatHasRisen(t *testing.T) {
	z := newLone(t, "z", gossip.DefaultConfig())
	z.answering = []string{"b"}
	z.tell("b", entryOf("b", 1))
	z.run(10*time.Second + interval/3)
	before := z.Self().Heartbeat
	if _, pongs := sent[*wire.Pong](z.hear("b", &wire.Ping{Header: header("b", z.beats())})); len(pongs) != 1 {
		t.Fatalf("a probe is answered %d times, want at once", len(pongs))
	}
	to, signs := sent[*wire.Evidence](z.run(interval))
	if len(signs) != 1 || to[0] != address("b") || signs[0].Heartbeat != before+1 {
		t.Errorf("within an interval it is told to %v by %v, want heartbeat %d told to b", to, signs, before+1)
	}
}

// R8: The last word of a dead member may reach somebody after the verdict: it is from before the probes, and no sign of life.
func TestVerdictStandsAgainstAHeartbeatFromBeforeTheProbes(t *testing.T) {
	a := settled(t)
	a.answering = []string{"b", "c", "d"}
	last := a.mustSee("z").Heartbeat + 1 // of the crash; nobody has told a yet
	a.run(interval)
	a.hear("b", evidence(a, a.beats(), "b", "c"))
	a.run(gossip.DefaultConfig().Dead.Min)
	if got := a.mustSee("z").State; got != membership.Dead {
		t.Fatalf("z is %s, want dead", got)
	}
	a.tell("c", entryOf("z", last))
	if got := a.mustSee("z"); got.State != membership.Dead || got.Heartbeat != last {
		t.Errorf("then z is %s at heartbeat %d, want it dead, and heartbeat %d known", got.State, got.Heartbeat, last)
	}
}

// R8.
func TestVerdictTakesAsLongAmongAnyNumber(t *testing.T) {
	t.Parallel()
	for _, n := range []int{2, 3, 10, 50, 200} {
		c := newCluster(t, uint64(n), func(cfg *sim.Config) { cfg.Interval = 500 * time.Millisecond })
		c.Boot(n, interval)
		c.Run(20 * time.Second)
		c.Crash(sim.Name(1))
		c.mustAgree(sim.Name(1), "dead", 4500*time.Millisecond)
		c.mustAccuseNobody(sim.Name(1))
	}
}

// R9: A member that hears nothing at all may be the one at fault (FIELD: a local pause convicts everybody).
func TestIsolatedMemberIsPatientAndForgetsWhenItHearsAgain(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 9)
	c.boot(20)
	c.Run(10 * time.Second)
	for range 4 {
		c.Block(sim.Name(3))
		c.Run(16 * time.Second)
		c.Unblock(sim.Name(3))
		c.Run(64 * time.Millisecond)
	}
	c.Run(20 * time.Second)
	for _, s := range c.events(membership.EventDead, "") {
		if s.observer == sim.Name(3) {
			t.Errorf("%s: %s, which heard nothing, took %s for dead", s.at, s.observer, s.Member.Record.Name)
		}
	}
	c.mustBeWhole(time.Second)
}

// R9.
func TestIsolatedMemberFindsOutWhoDiedHoweverOftenItIs(t *testing.T) {
	a := settled(t)
	a.answering = nil
	died, longest := a.now, 2*gossip.DefaultConfig().Dead.Max+4*interval
	for a.mustSee("z").State.Present() {
		a.run(20 * interval) // long enough to seem isolated
		h := a.beats()
		a.tell("b", entryOf("b", h), entryOf("c", h), entryOf("d", h))
		if silent := a.now.Sub(died); silent > 2*longest+40*interval {
			t.Fatalf("z has been silent for %s, and a, which hears something each 5 s, still has it %s", silent, a.mustSee("z").State)
		}
	}
	if silent := a.now.Sub(died); silent < 2*longest {
		t.Errorf("z is dead after %s: until %s being isolated explains it", silent, 2*longest)
	}
	for _, name := range []string{"b", "c", "d"} {
		if v := a.mustSee(name); v.State != membership.Alive {
			t.Errorf("%s, which is heard of, is %s", name, v.State)
		}
	}
}

// What is said against z takes more than a packet: the names have 128 bytes, the heartbeats 5, and a packet 1024.
func TestEvidenceLargerThanAPacketBlocksNothing(t *testing.T) {
	long := func(name string) string { return name + strings.Repeat("-", membership.MaxNameLength-1) }
	const elapsed = 30 * time.Hour // since the members began
	cfg := gossip.DefaultConfig()
	cfg.MaxPayload = 1024
	e, err := gossip.New(sim.Epoch, func() membership.Record { r := recordOf("a"); r.Name = long("a"); return r }(), cfg, rand.New(rand.NewPCG(1, 1)))
	if err != nil {
		t.Fatal(err)
	}
	a := &lone{Engine: e, t: t, now: sim.Epoch}
	a.answering = []string{long("b"), long("c"), long("d")}
	heartbeat := uint64(elapsed / interval)
	began := func(r *membership.Record) { r.Incarnation -= uint64(elapsed.Milliseconds()) }
	for _, name := range append([]string{long("y"), long("z")}, a.answering...) {
		a.tell(long("b"), entryOf(name, heartbeat, began))
	}
	accuse := func(name string) *wire.Evidence {
		s := wire.Suspicion{Name: name, Incarnation: uint64(sim.Epoch.Add(-elapsed).UnixMilli())}
		for _, accuser := range a.answering {
			s.Accusations = append(s.Accusations, wire.Accusation{Accuser: accuser, Heartbeat: heartbeat + 1})
		}
		return &wire.Evidence{Header: header(long("b"), a.beats()), Suspicions: []wire.Suspicion{s}}
	}
	a.hear(long("b"), accuse(long("z")))
	told, own := map[string]int{}, false // accusations at most; one of a's own among them
	gather := func(d time.Duration) {
		_, messages := sent[*wire.Evidence](a.run(d))
		for _, m := range messages {
			if b, err := wire.NewCodec().Encode(m); err != nil || len(b) > cfg.MaxPayload {
				t.Fatalf("evidence takes %d bytes (%v), want at most %d", len(b), err, cfg.MaxPayload)
			}
			for _, s := range m.Suspicions {
				told[s.Name[:1]] = max(told[s.Name[:1]], len(s.Accusations))
				own = own || s.Accusations[0].Accuser == long("a")
			}
		}
	}
	gather(12 * interval) // enough for a to probe z without a reply, and to accuse it as the fourth
	a.hear(long("b"), accuse(long("y")))
	gather(2 * interval)
	if told["z"] < 3 || told["y"] < 3 || !own {
		t.Errorf("accusations told: %d of z, %d of y, which was accused later, a's own among them: %v; want at least 3 of each, and its own",
			told["z"], told["y"], own)
	}
}
