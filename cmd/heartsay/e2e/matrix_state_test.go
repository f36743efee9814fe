package e2e

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// statePath returns the state file of an agent.
func (r *rig) statePath(p *process) string { return filepath.Join(r.dir, "state", p.name+".json") }

func TestMatrixAFlippedBitInTheStateFileIsSetAsideAndSaid(t *testing.T) {
	r := matrix(t)
	victim := r.agents[4]
	victim.await(matrixPatience, "its state is written", func() bool { return r.stateNames(victim) == len(r.agents)-1 })
	victim.kill()
	b := []byte(readPath(r.statePath(victim)))
	b[len(b)/2] ^= 1
	if err := os.WriteFile(r.statePath(victim), b, 0o600); err != nil {
		t.Fatal(err)
	}
	r.restart(victim)
	r.settle(matrixPatience, r.agents...)
	aside := r.statePath(victim) + ".corrupt-1"
	if readPath(aside) != string(b) {
		t.Errorf("the file with a flipped bit was not kept as %s", aside)
	}
	if log := victim.log.String(); !strings.Contains(log, aside) {
		t.Errorf("the agent does not say where it put the file:\n%s", log)
	}
}

// TestMatrixAClockThatWentBackIsNoObstacle lets an agent start whose life before began an hour from now: what an agent
// sees whose clock was set back. Then it loses its state file as well, and only the others know of that life.
func TestMatrixAClockThatWentBackIsNoObstacle(t *testing.T) {
	r := matrix(t)
	victim := r.agents[4]
	victim.kill()
	ahead := uint64(time.Now().Add(time.Hour).UnixMilli())
	rememberIncarnation(t, r.statePath(victim), ahead)
	r.restart(victim)
	r.settle(matrixPatience, r.agents...)
	if now := victim.member(victim.name).Incarnation; now <= ahead {
		t.Errorf("after the clock went back the incarnation is %d, not above %d", now, ahead)
	}
	if !strings.Contains(victim.log.String(), "is it set?") {
		t.Errorf("the agent does not say that its clock went back:\n%s", victim.log)
	}

	victim.kill()
	if err := os.Remove(r.statePath(victim)); err != nil {
		t.Fatal(err)
	}
	r.restart(victim)
	t.Logf("without its state: views equal after %s", r.settle(matrixPatience, r.agents...).Round(10*time.Millisecond))
	if now := victim.member(victim.name).Incarnation; now <= ahead {
		t.Errorf("others knew the incarnation %d, and it lives on as %d", ahead+1, now)
	}
}

// rememberIncarnation writes an incarnation into a state file, with the checksum that belongs to it.
func rememberIncarnation(t *testing.T, path string, incarnation uint64) {
	t.Helper()
	var file struct {
		State json.RawMessage `json:"state"`
	}
	if err := json.Unmarshal([]byte(readPath(path)), &file); err != nil {
		t.Fatal(err)
	}
	own := regexp.MustCompile(`"incarnation": \d+`).FindIndex(file.State) // the first one; the members follow
	state := fmt.Appendf(nil, `%s"incarnation": %d%s`, file.State[:own[0]], incarnation, file.State[own[1]:])
	content := fmt.Appendf(nil, `{"format": 1, "sha256": "%x", "state": %s}`, sha256.Sum256(state), state)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
