package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"heartsay/cmd/heartsay/internal/clitest"
)

// counter returns one of the counters of an agent.
func (p *process) counter(name string) uint64 {
	self, err := p.client.Self(p.t.Context())
	if err != nil {
		return 0
	}
	return self.Counters[name]
}

func readPath(path string) string {
	b, _ := os.ReadFile(path)
	return string(b)
}

// TestMatrixADiskThatIsFullIsNoDeath lets an agent keep its state on a disk of 64 KiB that is full, and gives the space
// back later.
func TestMatrixADiskThatIsFullIsNoDeath(t *testing.T) {
	t.Parallel()
	r := &rig{hosts: newHosts(t, *matrixAgents), dir: clitest.SocketDir(t), record: &recorder{}}
	disk := filepath.Join(r.dir, "disk")
	if err := os.Mkdir(disk, 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk).CombinedOutput(); err != nil {
		t.Skipf("a small disk cannot be mounted here: %s", out)
	}
	t.Cleanup(func() { _ = exec.Command("umount", "-l", disk).Run() })
	for i := 1; i < *matrixAgents; i++ {
		r.add(i)
	}
	victim := r.add(*matrixAgents, "--state-dir", disk)
	r.settle(matrixPatience, r.agents...)
	state := filepath.Join(disk, victim.name+".json")
	victim.await(matrixPatience, "its state is written", func() bool { return len(readPath(state)) > 0 })

	before, begin := readPath(state), time.Now()
	filler := filepath.Join(disk, "filler")
	fill(t, filler)
	r.agents[3].kill()
	r.see(matrixPatience, r.agents[3].name, "dead", r.but(r.agents[3])...)
	victim.await(matrixPatience, "it counts that the state cannot be written", func() bool { return victim.counter("state_write_failed") > 0 })
	if now := readPath(state); now != before {
		t.Errorf("on a full disk the state file changed from %q to %q", before, now)
	}
	r.onlyDead(begin, r.agents[3])

	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	r.restart(r.agents[3])
	r.settle(matrixPatience, r.agents...)
	victim.await(matrixPatience, "its state is written again", func() bool { return readPath(state) != before })
}

// fill writes a file until the disk is full.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for block := make([]byte, 4096); ; {
		if _, err := f.Write(block); err != nil {
			return
		}
	}
}

// TestMatrixAFloodOfPacketsIsDroppedAndCounted floods one agent with more packets than it can read.
func TestMatrixAFloodOfPacketsIsDroppedAndCounted(t *testing.T) {
	r := matrix(t)
	victim, begin := r.agents[4], time.Now()
	size := victim.resident()
	stop := r.startFlood(3, victim.bind()+":4327", 100_000)
	time.Sleep(10 * time.Second)
	grown := int64(victim.resident()) - int64(size)
	stop()
	self, err := victim.client.Self(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d packets received, %d lost in the queue, %d by the system; behind at %d ticks; grown by %d KiB",
		self.Counters["packets_received"], self.Counters["packet_queue"], self.Counters["packet_kernel"],
		self.Counters["behind"], grown>>10)
	if self.Counters["packet_format"] == 0 || self.Counters["drop_malformed"] == 0 {
		t.Errorf("what the flood held is not counted: %v", self.Counters)
	}
	if grown > 32<<20 && !raced {
		t.Errorf("under a flood the agent grew by %d MiB", grown>>20)
	}
	r.onlyDead(begin)
	r.settle(matrixPatience, r.agents...)
}

// TestMatrixAProcessorAt5PercentAccusesNobody starves an agent: it may be suspect, and even dead for a while, but it
// declares nobody dead.
func TestMatrixAProcessorAt5PercentAccusesNobody(t *testing.T) {
	r := matrix(t)
	victim, begin := r.agents[4], time.Now()
	stop := victim.starve(5)
	time.Sleep(15 * time.Second)
	stop()
	r.onlyDead(begin, victim)
	for _, o := range r.record.which(func(o observed) bool { return o.Type == "dead" && o.at.After(begin) }) {
		t.Logf("%s declared %s dead", o.observer, o.Member.Name)
	}
	t.Logf("views equal after %s", r.settle(matrixPatience, r.agents...).Round(10*time.Millisecond))
}
