package e2e

import (
	"context"
	"testing"
	"time"

	"heartsay/api"
)

func TestMatrixOneWayCutsBetweenPairsKillNobody(t *testing.T) {
	r := matrix(t)
	begin := time.Now()
	r.impose("oneway", oneWay(1, 2), oneWay(3, 4), oneWay(4, 5), oneWay(5, 3))
	time.Sleep(8 * time.Second) // longer than any time-out here
	r.onlyDead(begin)
	r.lift("oneway")
	r.settle(matrixPatience, r.agents...)
}

func TestMatrixLossOf30PercentKillsNobody(t *testing.T) {
	r := matrix(t)
	begin := time.Now()
	var all []int
	for i := range r.agents {
		all = append(all, i+1)
	}
	r.impose("loss", loss(30, all...)[0])
	time.Sleep(15 * time.Second)
	r.onlyDead(begin)
	r.lift("loss")
	r.settle(matrixPatience, r.agents...)
}

// TestMatrixMuteAndCutOffAgentsAreDeadAsLongAsThatLasts does it to one host after the other, so that each is one whose
// detectors have seen no outage yet.
func TestMatrixMuteAndCutOffAgentsAreDeadAsLongAsThatLasts(t *testing.T) {
	r := matrix(t)
	for _, c := range []struct {
		name        string
		host        int
		begin, lift func()
	}{
		{"mute", 4, func() { r.impose("mute", mute(4)) }, func() { r.lift("mute") }},
		{"link down", 5, func() { r.run("ip -n HUB link set vI down", 5) }, func() { r.run("ip -n HUB link set vI up", 5) }},
		{"cut off", 6, func() { r.cut(6) }, r.heal},
	} {
		begin, victim := time.Now(), r.agents[c.host-1]
		c.begin()
		dead := r.see(matrixPatience, victim.name, "dead", r.but(victim)...).Round(10 * time.Millisecond)
		c.lift()
		t.Logf("%s: dead in all other views after %s; views equal %s after its end", c.name, dead,
			r.settle(matrixPatience, r.agents...).Round(10*time.Millisecond))
		r.nobodyBut(victim, begin)
	}
}

// TestMatrixTheVerdictsOfADeafAgentAreItsOwn: who hears nothing cannot tell that from everybody's death. The others hear
// it, and take its verdicts for what they are.
func TestMatrixTheVerdictsOfADeafAgentAreItsOwn(t *testing.T) {
	r := matrix(t, "--profile", "local")
	victim, begin := r.agents[7], time.Now()
	r.impose("deaf", deaf(8))
	victim.await(matrixPatience, "it sees all others dead", func() bool {
		all, err := present(victim)
		return err == nil && len(all) == 1
	})
	r.nobodyBut(victim, begin)
	if state := r.agents[0].stateOf(victim.name); state != "alive" {
		t.Errorf("the deaf agent, which everybody hears, is %s", state)
	}
	r.lift("deaf")
	t.Logf("views equal %s after its end", r.settle(matrixPatience, r.agents...).Round(10*time.Millisecond))
}

// nobodyBut fails the test when an observer other than the victim declared a member other than the victim dead.
func (r *rig) nobodyBut(victim *process, since time.Time) {
	r.t.Helper()
	for _, o := range r.record.which(func(o observed) bool {
		return o.Type == "dead" && o.at.After(since) && o.observer != victim.name && o.Member.Name != victim.name
	}) {
		r.t.Errorf("%s declared %s dead, to which nothing was done", o.observer, o.Member.Name)
	}
}

func TestMatrixPartitionOf10SecondsHealsByItself(t *testing.T) {
	r := matrix(t)
	half := len(r.agents) / 2
	var side []int
	for i := range half {
		side = append(side, i+1)
	}
	begin := time.Now()
	r.cut(side...)
	for _, p := range r.agents[:half] {
		p.await(matrixPatience, "the other half is dead", func() bool { all, err := present(p); return err == nil && len(all) == half })
	}
	for _, p := range r.agents[half:] {
		p.await(matrixPatience, "the other half is dead", func() bool {
			all, err := present(p)
			return err == nil && len(all) == len(r.agents)-half
		})
	}
	time.Sleep(max(0, 10*time.Second-time.Since(begin)))
	r.heal()
	t.Logf("views equal after %s", r.settle(matrixPatience, r.agents...).Round(10*time.Millisecond))
}

// TestMatrixNobodyForgottenDuringAPartitionHauntsIt kills an agent during a partition and forgets it on one side alone. The
// other side still lists it, and must not bring it back.
func TestMatrixNobodyForgottenDuringAPartitionHauntsIt(t *testing.T) {
	r := matrix(t)
	gone := r.agents[9]
	left, right := r.agents[:4], r.but(append(r.agents[:4:4], gone)...)
	r.cut(1, 2, 3, 4)
	r.see(matrixPatience, gone.name, "dead", left...)
	gone.kill()
	r.see(matrixPatience, gone.name, "dead", right...)
	for _, p := range left {
		if _, err := p.client.Forget(context.Background(), gone.name, false); err != nil {
			t.Fatalf("%s forgets %s: %v", p.name, gone.name, err)
		}
	}
	begin := time.Now()
	r.heal()
	r.settle(matrixPatience, r.but(gone)...)
	r.see(matrixPatience, gone.name, "dead", right...)
	time.Sleep(5 * time.Second) // rounds in which a ghost would come
	for _, p := range left {
		if state := p.stateOf(gone.name); state != "" {
			t.Errorf("%s has forgotten %s, and lists it again as %s", p.name, gone.name, state)
		}
	}
	if ghosts := r.record.which(func(o observed) bool {
		return o.at.After(begin) && o.Member.Name == gone.name && (o.Type == "join" || o.Type == "alive")
	}); len(ghosts) > 0 {
		t.Errorf("%s took %s for alive after its death and the end of the partition", ghosts[0].observer, gone.name)
	}
}

func TestMatrixUDPBlockedFallsBackToStreamsAndBack(t *testing.T) {
	r := matrix(t, "--profile", "local")
	victim, n := r.agents[4], len(r.agents)-1
	begin := time.Now()
	r.impose("noudp", noUDP(5)...)
	victim.await(matrixPatience, "all its paths are streams", func() bool { return victim.paths()[api.PathStream] == n })
	r.agents[0].await(2*matrixPatience, "its path to the victim is a stream", func() bool {
		return r.agents[0].member(victim.name).Path == api.PathStream
	})
	t.Logf("on streams after %s", time.Since(begin).Round(10*time.Millisecond))
	r.onlyDead(begin)
	r.settle(matrixPatience, r.agents...)
	r.lift("noudp")
	begin = time.Now()
	for _, p := range r.agents {
		p.await(matrixPatience, "all its paths are UDP again", func() bool { return p.paths()[api.PathUDP] == n })
	}
	t.Logf("back on UDP after %s", time.Since(begin).Round(10*time.Millisecond))
}

// paths returns how many present members an agent reaches by each path.
func (p *process) paths() map[string]int {
	self, err := p.client.Self(context.Background())
	if err != nil {
		return nil
	}
	return self.Paths
}

func TestMatrixStreamsBlockedHurtOnlyThoseWhoJoin(t *testing.T) {
	r := matrix(t)
	begin := time.Now()
	r.impose("notcp", noTCP(5)...)
	time.Sleep(8 * time.Second)
	r.onlyDead(begin)
	r.lift("notcp")
	r.settle(matrixPatience, r.agents...)
}
