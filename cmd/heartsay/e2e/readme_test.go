package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"heartsay/cmd/heartsay/internal/clitest"
)

const root = "../../.."

func readFile(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestREADMEShowsWhatTheDemoPrints runs the demo and compares its transcript with the README's, but for what differs
// from run to run: times, ports, folders and seconds.
func TestREADMEShowsWhatTheDemoPrints(t *testing.T) {
	t.Parallel()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("needs bash")
	}
	heartsay, err := exec.LookPath("heartsay")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(bash, filepath.Join(root, "deploy/demo.sh"), heartsay)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("the demo failed: %v\n%s", err, out)
	}
	_, shown, ok := strings.Cut(readFile(t, "README.md"), "<!-- demo -->\n```\n")
	shown, _, ok2 := strings.Cut(shown, "```\n<!-- /demo -->")
	if !ok || !ok2 {
		t.Fatal("README.md has no transcript between its demo marks")
	}
	if got, want := withoutNumbers(string(out)), withoutNumbers(shown); got != want {
		t.Errorf("the demo prints\n%s\nbut README.md shows\n%s", out, shown)
	}
}

// withoutNumbers blanks what differs from run to run, and the width of columns with it: also which of the others said
// first that they had no reply.
func withoutNumbers(s string) string {
	s = regexp.MustCompile(`(no reply, nor to) \w+(, \w+)+`).ReplaceAllString(s, "$1 OTHERS")
	s = regexp.MustCompile(`/tmp/heartsay-demo\.\w+`).ReplaceAllString(s, "DIR")
	s = regexp.MustCompile(`[0-9][0-9.:ms]*`).ReplaceAllString(s, "#")
	s = regexp.MustCompile(` +`).ReplaceAllString(s, " ")
	lines := strings.Split(strings.TrimSpace(s), "\n")
	slices.Sort(lines) // two agents tell of one leave, in either order
	return strings.Join(lines, "\n")
}

// TestREADMEThreeHosts runs the commands of the README's cluster of three hosts, on three hosts.
func TestREADMEThreeHosts(t *testing.T) {
	t.Parallel()
	h := newHosts(t, 3)
	dir := clitest.SocketDir(t)
	command := regexp.MustCompile(`(?m)^10\.0\.0\.(\d)\$ (heartsay .*)$`)
	lines := command.FindAllStringSubmatch(readFile(t, "README.md"), -1)
	if len(lines) < 6 {
		t.Fatalf("README.md has only %d commands for its three hosts", len(lines))
	}
	for _, line := range lines {
		var host int
		fmt.Sscan(line[1], &host)
		local := strings.NewReplacer("/var/lib/heartsay", dir+"/state", "/etc/heartsay.key", dir+"/key")
		words := strings.Fields(local.Replace(line[2]))
		prefix := []string{"ip", "netns", "exec", h.namespace(host)}
		if words[1] == "agent" {
			startProcess(t, dir, words[3], prefix, words[4:]...)
			continue
		}
		socket := filepath.Join(dir, []string{"", "red", "green", "blue"}[host]+".sock")
		words = append(prefix, words...)
		cmd := exec.Command(words[0], words[1:]...)
		cmd.Env = append(os.Environ(), "HEARTSAY_API=unix://"+socket)
		begin := time.Now()
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v after %s: %s", line[0], err, time.Since(begin), out)
		}
		if strings.Contains(line[2], "heartsay members") && strings.Count(string(out), "alive") != 3 {
			t.Errorf("%s does not show three alive members:\n%s", line[0], out)
		}
	}
}
