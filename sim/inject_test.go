package sim

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
)

// at runs a scenario to so long after its warm-up, and returns it there.
func at(t *testing.T, d time.Duration, s Scenario) *Run {
	t.Helper()
	s.For = d
	r := NewRun(s)
	if _, err := r.Play(); err != nil {
		t.Fatal(err)
	}
	return r
}

// sees returns the state that a subject has in an observer's view; "" when it is not in it.
func (r *Run) sees(observer, subject int) string {
	m := r.Cluster.Member(Name(observer))
	for _, v := range m.Engine.Snapshot(r.Cluster.ClockOf(m)) {
		if v.Record.Name == Name(subject) {
			return v.State.String()
		}
	}
	return ""
}

func TestCrashIsDetectedByAll(t *testing.T) {
	r := at(t, 15*time.Second, lan(12, 1, Fault{Kind: Crash, Members: []int{0, 5}}))
	rep := r.report()
	if got := r.sees(3, 5); got != "dead" {
		t.Errorf("the crashed member is %q, want dead", got)
	}
	if n := len(r.ledger.detections); n != 20 || rep.Detection.Missed != 0 {
		t.Errorf("%d pairs found out and %d did not, want all of 10 × 2", n, rep.Detection.Missed)
	}
	if d := *rep.Detection.First; d < r.Gossip.Dead.Min.Seconds()-r.Interval.Seconds() || d > *rep.Detection.Max {
		t.Errorf("the first found out after %g s, which cannot be", d)
	}
}

func TestCrashNotDetectedInTimeIsMissed(t *testing.T) {
	r := at(t, time.Second, lan(12, 1, Fault{Kind: Crash, Members: []int{5}}))
	if rep := r.report(); rep.Detection.Missed != 11 || rep.Detection.P99 != nil {
		t.Errorf("the report is %+v, want 11 missed and no times", rep.Detection)
	}
}

func TestRestartIsANewLifeThatNobodyMisses(t *testing.T) {
	for _, elsewhere := range []bool{false, true} {
		r := at(t, 10*time.Second, lan(12, 1, Fault{Kind: Restart, For: time.Second, Members: []int{0}, Elsewhere: elsewhere}))
		m := r.Cluster.Member(Name(0))
		if r.sees(3, 0) != "alive" || m.Engine == nil || (m.Address == Address(1)) == elsewhere {
			t.Errorf("the member is %q at %s, want alive, at a new address: %t", r.sees(3, 0), m.Address, elsewhere)
		}
		if rep := r.report(); rep.Detection.Missed != 0 {
			t.Errorf("%d miss a crash that was over", rep.Detection.Missed)
		}
	}
}

func TestLeaveIsNoCrash(t *testing.T) {
	r := at(t, 10*time.Second, lan(12, 1, Fault{Kind: Leave, Members: []int{4}}))
	if rep := r.report(); r.sees(3, 4) != "left" || r.runs(4) || rep.FalseDead+rep.FalseSuspect+rep.Detection.Missed > 0 {
		t.Errorf("the member is %q, it runs: %t; the report is %+v", r.sees(3, 4), r.runs(4), rep)
	}
}

func TestFrozenAndBlockedMembersAreDeclaredDeadRightlyAndReturn(t *testing.T) {
	for _, kind := range []Kind{Freeze, Block} {
		f := Fault{Kind: kind, For: 10 * time.Second, Members: []int{4, 5}}
		if got := at(t, 9*time.Second, lan(12, 1, f)).sees(3, 4); got != "dead" {
			t.Errorf("during %s the member is %q, want dead", kind, got)
		}
		r := at(t, 20*time.Second, lan(12, 1, f))
		if rep := r.report(); r.sees(3, 4) != "alive" || r.sees(4, 3) != "alive" || rep.FalseDeadAtHealthy > 0 {
			t.Errorf("after %s the member is %q and sees %q; the report is %+v", kind, r.sees(3, 4), r.sees(4, 3), rep)
		}
	}
}

func TestLostDirectionsAreLostAndHeal(t *testing.T) {
	for _, f := range []Fault{{In: 1}, {Out: 1}, {In: 1, Out: 1}} {
		f.Kind, f.For, f.Members = Loss, 12*time.Second, []int{4}
		during := at(t, 11*time.Second, lan(12, 1, f))
		if f.Out == 1 && during.sees(3, 4) != "dead" {
			t.Errorf("a mute member is %q, want dead", during.sees(3, 4))
		}
		if f.In == 1 && during.sees(4, 3) != "suspect" {
			t.Errorf("a deaf member sees the others %q, want suspect: it may be the one at fault", during.sees(4, 3))
		}
		after := at(t, 30*time.Second, lan(12, 1, f))
		if after.sees(3, 4) != "alive" || after.sees(4, 3) != "alive" {
			t.Errorf("after it healed the member is %q and sees %q", after.sees(3, 4), after.sees(4, 3))
		}
	}
}

func TestRelaysHideALinkThatIsCutOneWay(t *testing.T) {
	r := at(t, 20*time.Second, lan(12, 1, Fault{Kind: Cut, Members: []int{4}, To: []int{3}}))
	if rep := r.report(); r.sees(3, 4) != "alive" || rep.FalseDead > 0 {
		t.Errorf("the member is %q; the report is %+v", r.sees(3, 4), rep)
	}
	mute := at(t, 20*time.Second, lan(12, 1, Fault{Kind: Cut, Members: []int{4}}))
	if mute.sees(3, 4) != "dead" {
		t.Errorf("a member cut off from all is %q", mute.sees(3, 4))
	}
}

func TestPartitionDividesInTwoOrThreeAndHeals(t *testing.T) {
	f := Fault{Kind: Partition, For: 15 * time.Second, Members: []int{0, 1}, To: []int{2, 3}}
	during := at(t, 14*time.Second, lan(12, 1, f))
	for _, c := range []struct {
		observer, subject int
		want              string
	}{{0, 1, "alive"}, {2, 3, "alive"}, {8, 9, "alive"}, {0, 2, "dead"}, {2, 8, "dead"}, {8, 0, "dead"}} {
		if got := during.sees(c.observer, c.subject); got != c.want {
			t.Errorf("in the partition %d sees %d %s, want %s", c.observer, c.subject, got, c.want)
		}
	}
	if rep := during.report(); rep.FalseDead > 0 || rep.DistinctViewsMax < 2 {
		t.Errorf("the report is %+v: to declare the other side dead is no mistake, and views differ", rep)
	}
	if got := at(t, 40*time.Second, lan(12, 1, f)).sees(8, 0); got != "alive" {
		t.Errorf("after the partition the other side is %q, want alive", got)
	}
}

func TestPauseBringsAFaultBackUntilItsTime(t *testing.T) {
	var trace bytes.Buffer
	s := lan(4, 1, Fault{Kind: Freeze, At: time.Second, For: time.Second, Pause: 2 * time.Second, Until: 7 * time.Second, Members: []int{1}})
	s.Trace = &trace
	r := at(t, 12*time.Second, s)
	if n := strings.Count(trace.String(), "FAULT freeze begins"); n != 2 {
		t.Errorf("it begins %d times, want at 1 s and 4 s", n)
	}
	if c := r.health.of(1); c.struck != 0 {
		t.Errorf("%d faults strike the member after it is over", c.struck)
	}
}

func TestPacketsThatRepeatAndOvertakeChangeNothing(t *testing.T) {
	s := lan(16, 1, Fault{Kind: Duplicate, Share: 0.5}, Fault{Kind: Reorder, Delay: 200 * time.Millisecond})
	if rep := play(t, s); rep.FalseDead > 0 || rep.DistinctViewsMax != 1 {
		t.Errorf("the report is %+v, want no death and no disagreement", rep)
	}
}

func TestWrongClockHurtsNobody(t *testing.T) {
	for _, offset := range []time.Duration{-time.Hour, time.Hour} {
		r := at(t, 20*time.Second, lan(12, 1, Fault{Kind: Clock, For: 8 * time.Second, Members: []int{4}, Offset: offset}))
		if rep := r.report(); r.sees(3, 4) != "alive" || r.sees(4, 3) != "alive" || rep.FalseDead > 0 {
			t.Errorf("with a clock off by %s the member is %q, it sees %q; %+v", offset, r.sees(3, 4), r.sees(4, 3), rep)
		}
	}
}

func TestMassJoinIsKnownToAll(t *testing.T) {
	r := at(t, 10*time.Second, lan(4, 1, Fault{Kind: Join, Count: 40, For: time.Second}))
	for i := range 44 {
		if n := r.ledger.present[i]; n != 43 {
			t.Errorf("member %d knows %d others, want 43", i, n)
		}
	}
}

func TestMembersStartAtDifferentPhases(t *testing.T) {
	r := NewRun(lan(50, 1))
	phases := map[uint64]bool{}
	r.Cluster.OnEvent = nil
	r.Cluster.Boot(50, 250*time.Millisecond)
	r.Cluster.Run(time.Second)
	for _, m := range r.Cluster.Members() {
		phases[m.Engine.Self().Record.Incarnation%250] = true
	}
	if len(phases) < 30 {
		t.Errorf("50 members beat at %d phases", len(phases))
	}
}

func TestKindsHaveNames(t *testing.T) {
	for k := range Kind(len(kindNames)) {
		if k.String() == "" || strings.Contains(k.String(), "(") {
			t.Errorf("kind %d is called %q", k, k)
		}
	}
	if got := fmt.Sprint(Kind(200)); got != "kind(200)" {
		t.Errorf("an unknown kind is called %q", got)
	}
}
