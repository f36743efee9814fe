package e2e

import (
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"heartsay/cmd/heartsay/internal/cli"
	"heartsay/cmd/heartsay/internal/cli/clitest"
)

func TestAnAgentWhosePlaceIsTakenDoesNotBlameItsConfiguration(t *testing.T) {
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

// TestAStateFolderThatCannotBeWrittenAtTheStartIsAsLater uses a folder that not even root can make.
func TestAStateFolderThatCannotBeWrittenAtTheStartIsAsLater(t *testing.T) {
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
