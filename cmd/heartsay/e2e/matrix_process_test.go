package e2e

import (
	"flag"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"heartsay/cmd/heartsay/internal/cli"
	"heartsay/cmd/heartsay/internal/clitest"
)

// The matrix: what docs/reliability.md promises, done to real agents, each on a host of its own.

// smallMatrix is how many agents a cluster has when nothing is said.
const smallMatrix = 10

var matrixAgents = flag.Int("matrix.agents", smallMatrix, "agents of each cluster of the fault matrix, 10 to 40; see make matrix")

// matrix starts the cluster of a test, and waits until its detectors have learned what silence is normal.
// The small cluster of "make test" runs with the flags as well, which make it quicker; larger ones are measured without.
func matrix(t *testing.T, quick ...string) *rig {
	t.Helper()
	t.Parallel()
	if *matrixAgents > smallMatrix {
		quick = nil
	}
	r := newRig(t, *matrixAgents, quick...)
	r.learn()
	return r
}

// learn waits until no agent needs the longest time-out there is for any present member any more.
func (r *rig) learn() {
	r.t.Helper()
	for _, p := range r.agents {
		p.await(60*time.Second, "its time-outs rest on what it has seen", func() bool {
			longest := p.longestTimeout()
			return longest > 0 && longest < 20*time.Second
		})
	}
}

// longestTimeout returns the longest time-out that an agent shows for a present member but itself.
func (p *process) longestTimeout() (longest time.Duration) {
	all, err := p.client.Members(p.t.Context())
	if err != nil {
		return 0
	}
	for _, m := range all.Members {
		if m.Name != p.name && (m.State == "alive" || m.State == "suspect") {
			longest = max(longest, m.Timeout)
		}
	}
	return longest
}

// matrixPatience is how long tests wait for what should come within a time-out: long, since machines are shared.
const matrixPatience = 5 * time.Minute

func TestMatrixKillOneThenSeveralAtOnce(t *testing.T) {
	r := matrix(t)
	for _, victims := range [][]*process{r.agents[3:4], r.agents[5 : 5+len(r.agents)*3/10]} {
		begin := time.Now()
		for _, p := range victims {
			p.kill()
		}
		for _, p := range victims {
			r.see(matrixPatience, p.name, "dead", r.but(victims...)...)
		}
		t.Logf("%d killed: dead in all views after %s", len(victims), time.Since(begin).Round(10*time.Millisecond))
		for _, p := range victims {
			r.restart(p)
		}
		t.Logf("restarted: views equal after %s", r.settle(matrixPatience, r.agents...).Round(10*time.Millisecond))
		r.onlyDead(begin, victims...)
		r.learn()
	}
}

// onlyDead fails the test when a member other than those given was declared dead since a moment.
func (r *rig) onlyDead(since time.Time, allowed ...*process) {
	r.t.Helper()
	for _, who := range r.accused(since) {
		ok := slices.ContainsFunc(allowed, func(p *process) bool { return strings.HasSuffix(who, " called "+p.name+" dead") })
		if !ok {
			r.t.Errorf("%s, which nothing was done to", who)
		}
	}
}

func TestMatrixStopShorterThanTheTimeoutKillsNobody(t *testing.T) {
	r := matrix(t)
	begin := time.Now()
	for _, p := range r.agents[:len(r.agents)*3/10] {
		p.signal(syscall.SIGSTOP)
	}
	time.Sleep(time.Second)
	for _, p := range r.agents[:len(r.agents)*3/10] {
		p.signal(syscall.SIGCONT)
	}
	time.Sleep(5 * time.Second) // longer than their time-outs
	r.onlyDead(begin)
	r.settle(matrixPatience, r.agents...)
}

func TestMatrixStopLongerThanTheTimeoutIsDeathThatEndsByItself(t *testing.T) {
	r := matrix(t)
	for _, victims := range [][]*process{r.agents[2:3], r.agents[4 : 4+len(r.agents)*3/10]} {
		begin := time.Now()
		for _, p := range victims {
			p.signal(syscall.SIGSTOP)
		}
		for _, p := range victims {
			r.see(matrixPatience, p.name, "dead", r.but(victims...)...)
		}
		for _, p := range victims {
			p.signal(syscall.SIGCONT)
		}
		t.Logf("%d woke: views equal after %s", len(victims), r.settle(matrixPatience, r.agents...).Round(10*time.Millisecond))
		time.Sleep(5 * time.Second) // in which they would accuse
		r.onlyDead(begin, victims...)
		for _, p := range victims {
			if n := len(r.record.which(func(o observed) bool {
				return o.observer == p.name && o.Type == "dead" && o.at.After(begin)
			})); n > 0 {
				t.Errorf("%s, which was stopped itself, declared %d members dead when it woke", p.name, n)
			}
		}
	}
}

func TestMatrixRollingRestartIsNoDeath(t *testing.T) {
	r := matrix(t)
	begin := time.Now()
	for _, p := range r.agents {
		p.end(syscall.SIGTERM)
		if status := p.cmd.ProcessState.ExitCode(); status != cli.ExitOK {
			t.Fatalf("%s left with exit code %d:\n%s", p.name, status, p.log)
		}
		r.restart(p)
	}
	r.settle(matrixPatience, r.agents...)
	r.onlyDead(begin)
}

func TestMatrixAllStoppedRejoinByTheirStateAlone(t *testing.T) {
	r := matrix(t)
	before := map[string]uint64{}
	for _, p := range r.agents {
		before[p.name] = p.member(p.name).Incarnation
		p.await(matrixPatience, "its state file knows the others", func() bool { return r.stateNames(p) == len(r.agents)-1 })
	}
	for _, p := range r.agents {
		p.kill()
	}
	for _, p := range r.agents { // no seeds but those that the state file remembers
		if i := slices.Index(p.args, "--join"); i > 0 {
			p.args = slices.Delete(p.args, i, i+2)
		}
		r.restart(p)
	}
	t.Logf("views equal after %s", r.settle(matrixPatience, r.agents...).Round(10*time.Millisecond))
	for _, p := range r.agents {
		if now := p.member(p.name).Incarnation; now <= before[p.name] {
			t.Errorf("%s restarted with incarnation %d, not above %d", p.name, now, before[p.name])
		}
	}
}

// stateNames returns how many others a state file remembers.
func (r *rig) stateNames(p *process) int {
	return strings.Count(readPath(filepath.Join(r.dir, "state", p.name+".json")), `"address"`)
}

// TestMatrix64FileDescriptorsAreEnough gives two agents 64 of them, and one of these 200 silent streams to hold.
func TestMatrix64FileDescriptorsAreEnough(t *testing.T) {
	t.Parallel()
	r := &rig{hosts: newHosts(t, *matrixAgents), dir: clitest.SocketDir(t), record: &recorder{}}
	for i := 1; i <= *matrixAgents; i++ {
		r.limited = ""
		if i <= 2 {
			r.limited = "64"
		}
		r.add(i)
	}
	r.settle(matrixPatience, r.agents...)
	r.learn()
	begin, victim := time.Now(), r.agents[0]
	stop := r.hold(2, victim.bind()+":4327", 200)
	victim.await(matrixPatience, "it refuses streams", func() bool { return victim.counter("stream_limit") > 0 })
	for end := time.Now().Add(6 * time.Second); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		if _, err := victim.client.Members(t.Context()); err != nil {
			t.Fatalf("while strangers hold streams, the API fails: %v", err)
		}
		if open := victim.openFiles(); open > 60 {
			t.Fatalf("strangers' streams take up %d of 64 file descriptors", open)
		}
	}
	stop()
	r.onlyDead(begin)
	r.settle(matrixPatience, r.agents...)
	if n := victim.counter("state_write_failed"); n > 0 {
		t.Errorf("%d times the state was not written, for want of file descriptors", n)
	}
}
