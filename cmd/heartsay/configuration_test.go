package main

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"heartsay/agent"
	"heartsay/cmd/heartsay/internal/cli"
	"heartsay/cmd/heartsay/internal/cli/clitest"
)

var writeDocs = flag.Bool("write", false, "write into the documents what is so now, in place of comparing")

const keysBegin, keysEnd = "<!-- keys -->\n", "<!-- /keys -->\n"

// keyTable returns the table of all keys, from the agent's flags.
func keyTable() string {
	var b strings.Builder
	b.WriteString("| key | kind | default | reload | meaning |\n|---|---|---|---|---|\n")
	command := agentCommand()
	for _, f := range agentFlags() {
		if _, inFile := fileFlag(command, f.Name); !inFile {
			continue
		}
		reload := "no"
		if slices.Contains(append(agent.Reloadable(), "log-level"), f.Name) {
			reload = "yes"
		}
		usage := strings.ReplaceAll(f.Meaning(), "|", `\|`)
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", f.Name, kindWords[f.Kind], defaultWords(f), reload, usage)
	}
	return b.String()
}

var kindWords = map[cli.Kind]string{
	cli.KindText: "string", cli.KindList: "list", cli.KindBool: "true or false", cli.KindInt: "whole number", cli.KindNumber: "number",
	cli.KindDuration: "duration",
}

func defaultWords(f cli.Flag) string {
	if strings.HasPrefix(f.Default, "unix://") {
		return "depends on the user" // who built the table is not who reads it
	}
	if f.Kind == cli.KindBool {
		return cmp.Or(f.Default, "false")
	}
	return cmp.Or(f.Otherwise, f.Default, "none")
}

func TestTheTableOfKeysIsThatOfTheFlags(t *testing.T) {
	path := filepath.Join(root, "docs/configuration.md")
	text := readFile(t, "docs/configuration.md")
	before, rest, ok := strings.Cut(text, keysBegin)
	shown, after, ok2 := strings.Cut(rest, keysEnd)
	if !ok || !ok2 {
		t.Fatal("docs/configuration.md has no marks around its table of keys")
	}
	want := keyTable()
	if shown == want {
		return
	}
	if !*writeDocs {
		t.Fatalf("docs/configuration.md lists\n%s\nwrite it anew with: go test ./cmd/heartsay -run %s -write", shown, t.Name())
	}
	if err := os.WriteFile(path, []byte(before+keysBegin+want+keysEnd+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestTheExampleConfigurationIsTaken(t *testing.T) {
	code, out, err := command("", "config", "check", filepath.Join(root, "deploy/heartsay.toml"))
	if code != cli.ExitOK || !strings.HasSuffix(out, "heartsay.toml: ok\n") {
		t.Fatalf("the example is answered with %d, %q, %q, want that it is ok", code, out, err)
	}
	cfg, fault := configured(t, clitest.Env(), "--config", filepath.Join(root, "deploy/heartsay.toml"))
	if fault != nil || cfg.Name != "red" || cfg.Tags["role"] != "db" || len(cfg.Join) != 2 || cfg.Dead.Max != 15*time.Second {
		t.Errorf("the example gives %+v, %v", cfg, fault)
	}
}

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
