package gossip_test

import (
	"math"
	"net/netip"
	"testing"
	"time"

	"heartsay/gossip"
	"heartsay/gossip/wire"
	"heartsay/membership"
	"heartsay/sim"
)

// follow lets z's heartbeat be told to a by b in each interval, straight from its owner, until z is at the given one. Both
// answer when they are asked; after that only b does.
func follow(a *lone, until uint64) {
	a.answering = []string{"b", "z"}
	for h := a.beats(); h <= until; h++ {
		a.tell("b", entryOf("b", h), entryOf("z", h))
		if h == until {
			a.answering = []string{"b"}
		}
		a.run(interval)
	}
}

// silence lets time pass, and returns how long z had been silent when a took it for suspect and for dead; never is -1.
func silence(a *lone, z membership.View, d time.Duration) (suspect, dead time.Duration) {
	suspect, dead = -1, -1
	bumped := a.now.Add(-z.Silence)
	for range d / (10 * time.Millisecond) {
		out := a.run(10 * time.Millisecond)
		if happened(out.Events, membership.EventSuspect, "z") > 0 {
			suspect = a.now.Sub(bumped)
		}
		if happened(out.Events, membership.EventDead, "z") > 0 {
			dead = a.now.Sub(bumped)
		}
	}
	return suspect, dead
}

// near reports whether two durations are one step of silence apart, at most.
func near(a, b time.Duration) bool { return (a - b).Abs() <= 10*time.Millisecond }

// R7.
func TestVerdictOnThePriorAloneTakesFailedProbes(t *testing.T) {
	cfg := gossip.DefaultConfig()
	a := newLone(t, "a", cfg)
	a.tell("b", entryOf("z", 1)) // and nothing more is ever heard
	z := a.mustSee("z")
	if z.SuspectAfter < cfg.Suspect.Min || z.SuspectAfter >= cfg.Suspect.Max || z.DeadAfter != cfg.Dead.Max {
		t.Errorf("on the prior alone the time-outs are %s and %s, want one that the prior tells and the maximum, %s",
			z.SuspectAfter, z.DeadAfter, cfg.Dead.Max)
	}
	asked := 0
	for a.mustSee("z").State != membership.Dead {
		_, pings := sent[*wire.Ping](a.run(10 * time.Millisecond))
		asked += len(pings)
	}
	if asked < 10 {
		t.Errorf("z is dead after %d probes, want as many as say what phi %g does", asked, cfg.Dead.Phi)
	}
}

// R7.
func TestPhiIsFiniteAfterAnySilence(t *testing.T) {
	for _, d := range []time.Duration{0, time.Second, time.Hour, 365 * 24 * time.Hour, 100 * 365 * 24 * time.Hour} {
		a := newLone(t, "a", gossip.DefaultConfig())
		follow(a, 100)
		for _, v := range a.Snapshot(a.now.Add(d)) {
			if math.IsNaN(v.Phi) || math.IsInf(v.Phi, 0) || v.Phi < 0 || v.Silence < 0 {
				t.Errorf("after a silence of %s phi of %s is %v at %s, want it finite", d, v.Record.Name, v.Phi, v.Silence)
			}
		}
	}
}

// R7.
func TestPhiAgreesWithTheTimeout(t *testing.T) {
	cfg := gossip.DefaultConfig()
	cfg.Suspect.Min, cfg.Dead.Min = time.Millisecond, time.Millisecond
	a := newLone(t, "a", cfg)
	follow(a, 200)
	z := a.mustSee("z")
	for _, c := range []struct {
		after time.Duration
		phi   float64
	}{{z.SuspectAfter, cfg.Suspect.Phi}, {z.DeadAfter, cfg.Dead.Phi}} {
		at := a.now.Add(c.after - z.Silence)
		if v, _ := viewIn(a.Snapshot(at), "z"); math.Abs(v.Phi-c.phi) > 0.1 {
			t.Errorf("at the time-out of %s phi is %.3f, want the threshold %g: one explains the other", c.after, v.Phi, c.phi)
		}
	}
}

// judged lets time pass until a says that of z, and returns how it shows z then.
func judged(t *testing.T, a *lone, verdict membership.EventType) membership.View {
	t.Helper()
	for range time.Minute / (10 * time.Millisecond) {
		for _, e := range a.run(10 * time.Millisecond).Events {
			if e.Type == verdict && e.Member.Record.Name == "z" {
				return e.Member
			}
		}
	}
	t.Fatalf("in a minute a never says %s of z", verdict)
	return membership.View{}
}

// R8.
func TestTimeoutsAreBounded(t *testing.T) {
	for _, c := range []struct {
		what          string
		phi           float64
		suspect, dead time.Duration
	}{
		{"a phi that any silence reaches", 0.001, 2 * time.Second, 2750 * time.Millisecond},
		{"a phi that no silence reaches", 1000, 10 * time.Second, 20 * time.Second},
	} {
		cfg := gossip.DefaultConfig()
		cfg.Suspect.Phi, cfg.Dead.Phi = c.phi, c.phi
		a := newLone(t, "a", cfg)
		follow(a, 100)
		if suspect, dead := silence(a, a.mustSee("z"), 30*time.Second); !near(suspect, c.suspect) || !near(dead, c.dead) {
			t.Errorf("%s: suspect after %s and dead after %s, want %s and %s", c.what, suspect, dead, c.suspect, c.dead)
		}
	}
}

// R8.
func TestVerdictIsSuspectThenDeadAndAliveAfterAYoungHeartbeat(t *testing.T) {
	a := newLone(t, "a", gossip.DefaultConfig())
	follow(a, 400)
	if z := judged(t, a, membership.EventSuspect); !near(z.Silence, z.SuspectAfter) {
		t.Errorf("z is suspect after %s, want the time-out shown, %s", z.Silence, z.SuspectAfter)
	}
	if z := judged(t, a, membership.EventDead); !near(z.Silence, z.DeadAfter) {
		t.Errorf("z is dead after %s, want the time-out shown, %s", z.Silence, z.DeadAfter)
	}
	a.run(interval)
	if got := a.mustSee("z"); got.State != membership.Dead || !got.Since.Before(a.now) {
		t.Errorf("then it is %s since %s, want dead since then", got.State, got.Since)
	}
	if out := a.tell("b", entryOf("z", 100)); len(out.Events) != 0 || a.mustSee("z").State != membership.Dead {
		t.Errorf("a heartbeat that is known already causes %v, want nothing", out.Events)
	}
	out := a.tell("b", entryOf("z", a.beats()))
	if happened(out.Events, membership.EventAlive, "z") != 1 || a.mustSee("z").State != membership.Alive {
		t.Errorf("a fresh heartbeat of the dead causes %v, want it alive", out.Events)
	}
}

// R8.
func TestVerdictStandsAgainstALateHeartbeat(t *testing.T) {
	a := newLone(t, "a", gossip.DefaultConfig())
	follow(a, 100)
	a.run(10 * time.Second)
	for h := uint64(102); h <= 105; h++ { // somebody held these back
		if out := a.tell("b", entryOf("z", h)); len(out.Events) != 0 {
			t.Fatalf("a heartbeat that was bumped over 8 s ago causes %v, want nothing", out.Events)
		}
	}
	if v := a.mustSee("z"); v.State != membership.Dead || v.Heartbeat != 105 {
		t.Errorf("z is %s at heartbeat %d, want dead, and the counter known: it is not news any more", v.State, v.Heartbeat)
	}
}

// R8.
func TestVerdictSuspectIsTakenBack(t *testing.T) {
	a := newLone(t, "a", gossip.DefaultConfig())
	follow(a, 100)
	a.run(a.mustSee("z").SuspectAfter)
	if got := a.mustSee("z").State; got != membership.Suspect {
		t.Fatalf("after its time-out z is %s, want suspect", got)
	}
	if out := a.tell("b", entryOf("z", a.beats())); happened(out.Events, membership.EventAlive, "z") != 1 {
		t.Errorf("a fresh heartbeat of a suspect causes %v, want it alive", out.Events)
	}
}

// R8.
func TestVerdictOnACrashIsPassedByAll(t *testing.T) {
	c := newCluster(t, 8)
	c.boot(10)
	c.Run(20 * time.Second)
	c.Crash(sim.Name(4))
	took := c.mustAgree(sim.Name(4), "dead", 5*time.Second)
	for _, kind := range []membership.EventType{membership.EventSuspect, membership.EventDead} {
		if got := len(c.events(kind, sim.Name(4))); got != 9 {
			t.Errorf("the survivors raise %s %d times, want each of the 9 once", kind, got)
		}
	}
	if took < gossip.DefaultConfig().Dead.Min-interval {
		t.Errorf("all were sure after %s, before the minimum", took)
	}
	c.mustAccuseNobody(sim.Name(4))
}

// R8: An old message of the dead that the network held back for long must not bring it back to anybody (scylla#8488).
func TestVerdictStandsAgainstAMessageThatTheNetworkHeldBack(t *testing.T) {
	c := newCluster(t, 8)
	c.start("a", "b", "c", "d")
	c.Run(20 * time.Second)
	var held []wire.Message
	c.OnMessage = func(_ time.Duration, from, _ netip.AddrPort, m wire.Message, _ bool) {
		if from == address("d") {
			held = append(held, m)
		}
	}
	c.Network.Sever(address("d"), address("a"))
	c.Network.Sever(address("d"), address("b"))
	c.Network.Sever(address("d"), address("c"))
	c.Run(time.Second) // d lives, but nothing of it gets out
	c.Crash("d")
	c.mustAgree("d", "dead", 10*time.Second)
	c.Run(10 * time.Second)
	c.quiet()
	if len(held) == 0 {
		t.Fatal("the network held nothing back")
	}
	for _, m := range held {
		c.Inject("a", address("d"), m)
		c.Run(interval)
	}
	c.Run(5 * time.Second)
	if got := c.events(membership.EventAlive, "d"); len(got) != 0 {
		t.Errorf("messages of over 10 s ago brought d back %d times, first to %s", len(got), got[0].observer)
	}
}

// R9.
func TestStalledMemberAccusesNobodyWhenItWakes(t *testing.T) {
	t.Parallel()
	for _, stall := range []time.Duration{
		300 * time.Millisecond, time.Second, 2 * time.Second, 3 * time.Second, 6 * time.Second, 20 * time.Second, time.Minute,
	} {
		c := newCluster(t, uint64(stall))
		c.boot(20)
		c.Run(20 * time.Second)
		name := sim.Name(7)
		before := timeouts(c, name)
		c.Freeze(name)
		c.Run(stall)
		c.Thaw(name)
		c.Run(20 * time.Second)
		c.mustAccuseNobody(name)
		if count, total := c.Member(name).Engine.Stalls(); stall > 2*interval && (count == 0 || total < stall-2*interval || total > stall) {
			t.Errorf("a stall of %s is noticed as %d stalls of %s in all", stall, count, total)
		}
		if after := timeouts(c, name); after > 2*before { // a wait counted in full makes it four times as much
			t.Errorf("after a stall of %s the time-outs are %s, before %s: waits that span the stall were counted", stall, after, before)
		}
		if !c.whole() {
			t.Errorf("20 s after a stall of %s not all see each other alive", stall)
		}
	}
}

// timeouts returns the mean time-out by which a member judges the others.
func timeouts(c *cluster, observer string) time.Duration {
	var sum time.Duration
	views := c.Member(observer).Engine.Snapshot(c.Clock())
	for _, v := range views {
		sum += v.DeadAfter
	}
	return sum / time.Duration(len(views)-1)
}

// R9.
func TestStallOfManyAccusesNobody(t *testing.T) {
	c := newCluster(t, 9)
	c.boot(20)
	c.Run(20 * time.Second)
	var stalled []string
	for i := range 6 {
		stalled = append(stalled, sim.Name(i*3))
		c.Freeze(sim.Name(i * 3))
	}
	c.Run(20 * time.Second)
	for _, name := range stalled {
		c.Thaw(name)
	}
	woke := c.Now()
	c.Run(20 * time.Second)
	c.mustAccuseNobody(stalled...)
	for _, s := range c.seen {
		if s.at >= woke && (s.Type == membership.EventDead || s.Type == membership.EventSuspect) {
			t.Errorf("%s: after all woke %s takes %s for %s", s.at, s.observer, s.Member.Record.Name, s.Type)
		}
	}
	if !c.whole() {
		t.Error("20 s after they woke not all see each other alive")
	}
}

// R9.
func TestIsolatedMemberIsBackWhenItsNetworkWorksAgain(t *testing.T) {
	c := newCluster(t, 9)
	c.boot(10)
	c.Run(20 * time.Second)
	c.Block(sim.Name(3)) // its timers run: nothing tells it that it is the one who hears nothing
	c.mustAgree(sim.Name(3), "dead", 6*time.Second)
	c.Unblock(sim.Name(3))
	c.mustBeWhole(5 * time.Second)
}

// R7.
func TestVerdictSparesTheLivingWhileAThirdOfThePacketsIsLost(t *testing.T) {
	c := newCluster(t, 7, func(cfg *sim.Config) { cfg.Network.Loss = 0.3 })
	c.Boot(20, interval)
	c.Run(3 * time.Minute)
	if dead := c.events(membership.EventDead, ""); len(dead) != 0 {
		t.Errorf("at 30 %% loss %d false deaths in 3 minutes", len(dead))
	}
}
