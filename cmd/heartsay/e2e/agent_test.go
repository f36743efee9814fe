package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"heartsay/cmd/heartsay/internal/cli"
	"heartsay/cmd/heartsay/internal/clitest"
)

func TestAgentWhosePlaceIsTakenDoesNotBlameItsConfiguration(t *testing.T) {
	dir := clitest.SocketDir(t)
	first := startProcess(t, dir, "a", nil, "--bind", "127.0.0.1:0")
	for what, flags := range map[string][]string{
		"socket":  {"--api", "unix://" + dir + "/a.sock", "--bind", "127.0.0.1:0"},
		"address": {"--api", "unix://" + dir + "/b.sock", "--bind", first.self().Address},
		"host":    {"--api", "unix://" + dir + "/b.sock", "--bind", "192.0.2.1:0", "--allow-plaintext"},
	} {
		code, out := runProcess(t, append([]string{"heartsay", "agent", "--name", "b"}, flags...)...)
		if code != cli.ExitFailed {
			t.Errorf("%s is taken: the agent exits with %d, want %d, since that may pass:\n%s", what, code, cli.ExitFailed, out)
		}
	}
}

// TestTheUnitRestartsAnAgentThatCrashed compares how a Go program crashes with what the unit takes for a wrong
// configuration. SIGABRT is what the watchdog of systemd sends.
func TestTheUnitRestartsAnAgentThatCrashed(t *testing.T) {
	unit := readFile(t, "deploy/heartsay.service")
	prevented := regexp.MustCompile(`(?m)^RestartPreventExitStatus=(.*)$`).FindStringSubmatch(unit)
	if prevented == nil || prevented[1] != "78" || !strings.Contains(unit, "\nRestart=on-failure\n") {
		t.Fatalf("the unit prevents a restart after %q, want 78", prevented)
	}
	dir := clitest.SocketDir(t)
	for _, s := range []syscall.Signal{syscall.SIGABRT, syscall.SIGQUIT} {
		p := startProcess(t, dir, "a", nil, "--bind", "127.0.0.1:0")
		p.signal(s)
		p.await(20*time.Second, "it has ended", p.hasEnded)
		if p.exitCode() == cli.ExitConfig || p.exitCode() == cli.ExitOK {
			t.Errorf("after %s it ends with %d: the unit does not restart it", s, p.exitCode())
		}
	}
}

// TestStateFolderThatCannotBeWrittenAtTheStartIsAsLater uses a folder that not even root can make.
func TestStateFolderThatCannotBeWrittenAtTheStartIsAsLater(t *testing.T) {
	dir := clitest.SocketDir(t)
	flags := []string{"--bind", "127.0.0.1:0", "--state-dir", "/proc/heartsay/state"}
	p := startProcess(t, dir, "a", nil, flags...)
	p.await(20*time.Second, "it counts that the state cannot be written", func() bool { return p.counter("state_write_failed") > 0 })
	if log := p.log.String(); !strings.Contains(log, "[ERROR]") || !strings.Contains(log, "/proc/heartsay") {
		t.Errorf("the agent does not say that its state folder cannot be written:\n%s", log)
	}
	required := append([]string{"heartsay", "agent", "--name", "b", "--api", "unix://" + dir + "/b.sock", "--require-state"}, flags...)
	if code, out := runProcess(t, required...); code != cli.ExitFailed || !strings.Contains(out, "the state is required: ") {
		t.Errorf("an agent that requires its state exits with %d, want %d and why:\n%s", code, cli.ExitFailed, out)
	}
}

func TestAgentWritesNoCore(t *testing.T) {
	dir := clitest.SocketDir(t)
	p := startProcess(t, dir, "a", []string{"sh", "-c", `ulimit -S -c hard; exec "$@"`, "sh"}, "--bind", "127.0.0.1:0")
	limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", p.cmd.Process.Pid))
	if err != nil {
		t.Skip("needs /proc")
	}
	_, rest, _ := strings.Cut(string(limits), "Max core file size")
	if fields := strings.Fields(rest); len(fields) < 2 || fields[0] != "0" {
		t.Errorf("a core of an agent may have %v bytes, want none: keys are in its memory", fields[:min(1, len(fields))])
	}
}

func TestHostile20AStateFolderThatOthersCouldChangeIsNotUsed(t *testing.T) {
	dir := clitest.SocketDir(t)
	state := filepath.Join(dir, "state")
	if err := errors.Join(os.Mkdir(state, 0o700), os.Chmod(state, 0o777)); err != nil {
		t.Fatal(err)
	}
	flags := []string{"--bind", "127.0.0.1:0", "--state-dir", state}
	p := startProcess(t, dir, "a", nil, flags...)
	p.await(20*time.Second, "it counts that the state is not written", func() bool { return p.counter("state_write_failed") > 0 })
	if log := p.log.String(); !strings.Contains(log, "[ERROR]") || !strings.Contains(log, state+" is writable by everybody") {
		t.Errorf("the agent does not say that others could change its state:\n%s", log)
	}
	if entries, err := os.ReadDir(state); err != nil || len(entries) > 0 {
		t.Errorf("the folder holds %v, %v: want nothing", entries, err)
	}
	required := append([]string{"heartsay", "agent", "--name", "b", "--api", "unix://" + dir + "/b.sock", "--require-state"}, flags...)
	if code, out := runProcess(t, required...); code != cli.ExitFailed || !strings.Contains(out, "chmod o-w") {
		t.Errorf("an agent that requires its state exits with %d, want %d and what to do:\n%s", code, cli.ExitFailed, out)
	}
}
