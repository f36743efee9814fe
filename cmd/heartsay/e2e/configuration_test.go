package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"heartsay/cmd/heartsay/internal/cli"
	"heartsay/cmd/heartsay/internal/clitest"
)

// TestCommandsOfTheConfigurationDocument runs every command in docs/configuration.md against a real agent.
func TestCommandsOfTheConfigurationDocumentRun(t *testing.T) {
	t.Parallel()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("needs bash")
	}
	dir := clitest.SocketDir(t)
	file := filepath.Join(dir, "heartsay.toml")
	example := readFile(t, "deploy/heartsay.toml")
	for from, to := range map[string]string{
		`bind = "10.0.0.1" `: `bind = "127.0.0.1:0"`, "/var/lib/heartsay": dir + "/state", `"10.0.0.2", "10.0.0.3"`: "",
	} {
		if !strings.Contains(example, from) {
			t.Fatalf("the example has no %s", from)
		}
		example = strings.ReplaceAll(example, from, to)
	}
	if err := os.WriteFile(file, []byte(example), 0o600); err != nil {
		t.Fatal(err)
	}
	p := startProcess(t, dir, "red", nil, "--config", file)
	lines := regexp.MustCompile(`(?m)^\$ (.*)$`).FindAllStringSubmatch(readFile(t, "docs/configuration.md"), -1)
	if len(lines) < 8 {
		t.Fatalf("docs/configuration.md has only %d commands", len(lines))
	}
	for _, line := range lines {
		words := strings.ReplaceAll(line[1], "/etc/heartsay/heartsay.toml", file)
		cmd := exec.Command(bash, "-c", words)
		cmd.Env = append(cmd.Environ(), "HEARTSAY_API=unix://"+dir+"/red.sock", fmt.Sprintf("MAINPID=%d", p.cmd.Process.Pid))
		out, err := cmd.CombinedOutput()
		failed := strings.Contains(words, "10.0.0.2") && cmd.ProcessState.ExitCode() == cli.ExitFalse // which nobody has here
		if err != nil && !failed {
			t.Errorf("%s: %v: %s", words, err, out)
		}
	}
	p.await(20*time.Second, "it was reloaded", func() bool { return p.self().Counters["reload_ok"] == 1 })
	if tags := p.self().Tags; tags["role"] != "web" || tags["canary"] != "" {
		t.Errorf("the tags are %v, want role=web and no canary", tags)
	}
}

func TestTheUnitIsOneThatSystemdTakes(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("needs systemd-analyze")
	}
	heartsay, err := exec.LookPath("heartsay")
	if err != nil {
		t.Fatal(err)
	}
	unit := filepath.Join(t.TempDir(), "heartsay.service")
	text := strings.ReplaceAll(readFile(t, "deploy/heartsay.service"), "/usr/local/bin/heartsay", heartsay)
	if err := os.WriteFile(unit, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(analyze, "verify", "--man=no", unit).CombinedOutput()
	if err != nil || bytes.Contains(out, []byte("heartsay.service:")) {
		t.Errorf("systemd says of the unit: %v\n%s", err, out)
	}
}
