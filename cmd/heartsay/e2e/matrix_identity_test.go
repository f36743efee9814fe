package e2e

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"heartsay/cmd/heartsay/internal/cli"
	"heartsay/cmd/heartsay/internal/clitest"
)

func TestMatrixRestartAtAnotherAddressWins(t *testing.T) {
	r := matrix(t)
	victim := r.agents[6]
	for _, wait := range []bool{false, true} { // while it still counts as alive, and when it is dead
		victim.kill()
		if wait {
			r.see(matrixPatience, victim.name, "dead", r.but(victim)...)
		}
		r.changeAddress(7, victim)
		r.restart(victim)
		t.Logf("moved to %s: views equal after %s", victim.bind(), r.settle(matrixPatience, r.agents...).Round(10*time.Millisecond))
	}
}

// TestMatrixOfTwoWithOneNameTheJoinerIsRefused starts a second agent under a name in use. It must end with exit code 1
// and say who holds the name, and nothing may happen to the holder.
func TestMatrixOfTwoWithOneNameTheJoinerIsRefused(t *testing.T) {
	r := matrix(t)
	begin, holder := time.Now(), r.agents[4]
	code, out := r.impostor(matrixPatience, 3, holder.name, "--join", r.agents[0].bind())
	if code != cli.ExitFailed || !bytes.Contains(out, []byte("is held by a live agent at "+holder.bind()+":4327")) {
		t.Errorf("a joiner with the name of %s ends with exit code %d and %q", holder.name, code, out)
	}
	r.onlyDead(begin)
	r.settle(matrixPatience, r.agents...)
}

// TestMatrixOfTwoWithOneNameThatMeetLaterTheOlderEnds cuts a host off, starts an agent under the name of the one there on
// another host, and heals: R14 gives the name to the newer incarnation.
func TestMatrixOfTwoWithOneNameThatMeetLaterTheOlderEnds(t *testing.T) {
	r := matrix(t)
	old := r.agents[4]
	r.cut(5)
	r.see(matrixPatience, old.name, "dead", r.but(old)...)
	heir := startProcess(t, clitest.SocketDir(t), old.name, r.inside(3), "--bind", "10.0.0.3:5000", "--allow-plaintext",
		"--join", "10.0.0.1", "--log-level", "warn")
	live := append(r.but(old), heir)
	r.settle(matrixPatience, live...)
	r.heal()
	old.await(matrixPatience, "it ends, because another holds its name", func() bool { return old.hasEnded() })
	if code := old.exitCode(); code != cli.ExitFailed {
		t.Errorf("the older of two with one name ends with exit code %d, want %d:\n%s", code, cli.ExitFailed, old.log)
	}
	r.settle(matrixPatience, live...)
}

// impostor runs an agent with a name in use, on a host, until it ends.
func (r *rig) impostor(d time.Duration, host int, name string, flags ...string) (code int, out []byte) {
	r.t.Helper()
	args := append(r.inside(host), "heartsay", "agent", "--name", name, "--allow-plaintext",
		"--bind", r.agents[host-1].bind()+":5000", "--api", "unix://"+filepath.Join(r.dir, "impostor.sock"))
	args = append(args, flags...)
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	out, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	}
	return code, out
}
