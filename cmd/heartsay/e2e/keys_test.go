package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"heartsay/cmd/heartsay/internal/clitest"
)

// must runs the program and returns its output.
func must(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command("heartsay", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("heartsay %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// makeKey makes a key file and returns the key and its id.
func makeKey(t *testing.T, path string) (key, id string) {
	t.Helper()
	words := strings.Fields(must(t, "keys", "gen", "--key-file", path))
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(b)), words[len(words)-1]
}

// sealedCluster starts agents that have the same keys, each in a file of its own, and waits until they see each other.
func sealedCluster(t *testing.T, dir, keys string, names ...string) []*process {
	t.Helper()
	var all []*process
	var seed string
	for _, name := range names {
		file := filepath.Join(dir, name+".key")
		if err := os.WriteFile(file, []byte(keys+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		flags := []string{"--bind", "127.0.0.1:0", "--profile", "local", "--key-file", file, "--log-level", "trace",
			"--state-dir", filepath.Join(dir, name)}
		if seed != "" {
			flags = append(flags, "--join", seed)
		}
		p := startProcess(t, dir, name, nil, flags...)
		all = append(all, p)
		if self, err := p.client.Self(context.Background()); err == nil && seed == "" {
			seed = self.Address
		}
	}
	for _, p := range all {
		p.await(20*time.Second, "all are alive", func() bool { return strings.Count(p.view(), "=alive") == len(names)-1 })
	}
	return all
}

// TestRealClusterRotatesItsKeysByTheCommandsOfTheDocument follows docs/security.md, with several agents, and looks at
// every event meanwhile.
func TestRealClusterRotatesItsKeysByTheCommandsOfTheDocument(t *testing.T) {
	dir := clitest.SocketDir(t)
	old, oldID := makeKey(t, filepath.Join(dir, "old"))
	all := sealedCluster(t, dir, old, "a", "b", "c")
	before := map[string]uint64{}
	for _, p := range all {
		self, err := p.client.Self(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		before[p.name] = self.LastSeq
	}
	newID := rotate(t, all, dir, oldID)
	for _, p := range all {
		p.await(20*time.Second, "all seal with the new key and none holds the old one", func() bool {
			status, err := p.client.Keys(context.Background())
			good := err == nil && len(status.Members) == 2 && len(status.Refused) == 0
			for _, m := range status.Members {
				good = good && m.Seals == newID && len(m.Holds) == 1 && m.Holds[0] == newID
			}
			return good
		})
		self, err := p.client.Self(context.Background())
		if err != nil || self.LastSeq != before[p.name] {
			t.Errorf("%s saw %d events during the rotation, %v: want none", p.name, self.LastSeq-before[p.name], err)
		}
		for reason, n := range self.Counters {
			if strings.HasPrefix(reason, "drop_") && n > 0 {
				t.Errorf("%s dropped %d packets during the rotation: %s", p.name, n, reason)
			}
		}
	}
}

// rotate runs the commands between the marks of docs/security.md, all but the first on every agent, and returns the id
// of the new key.
func rotate(t *testing.T, all []*process, dir, oldID string) (newID string) {
	t.Helper()
	_, text, _ := strings.Cut(readFile(t, "docs/security.md"), "<!-- rotation -->")
	text, _, _ = strings.Cut(text, "<!-- /rotation -->")
	steps := regexp.MustCompile(`(?m)^heartsay (keys [^#\n]*)`).FindAllStringSubmatch(text, -1)
	if len(steps) != 5 {
		t.Fatalf("docs/security.md has %d commands for a rotation, want 5", len(steps))
	}
	for i, step := range steps {
		words := strings.Fields(strings.NewReplacer("new.key", filepath.Join(dir, "new.key"), "NEW", newID, "OLD", oldID).
			Replace(step[1]))
		if i == 0 {
			printed := strings.Fields(must(t, words...))
			newID = printed[len(printed)-1]
			continue
		}
		for _, p := range all {
			must(t, append(words, "--api", "unix://"+filepath.Join(dir, p.name+".sock"))...)
		}
	}
	return newID
}

func TestSIGHUPReadsTheKeyFileAgainAndKeepsTheKeysOfABadOne(t *testing.T) {
	dir := clitest.SocketDir(t)
	old, oldID := makeKey(t, filepath.Join(dir, "old"))
	extra, extraID := makeKey(t, filepath.Join(dir, "extra"))
	p := sealedCluster(t, dir, old, "a")[0]
	ids := func() (all string) {
		status, err := p.client.Keys(context.Background())
		if err != nil {
			return err.Error()
		}
		for _, k := range status.Keys {
			all += k.ID + " "
		}
		return all
	}
	write := func(content string) {
		if err := os.WriteFile(filepath.Join(dir, "a.key"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		p.signal(syscall.SIGHUP)
	}
	write(old + "\n" + extra + "\n")
	p.await(10*time.Second, "the second key is there", func() bool { return ids() == oldID+" "+extraID+" " })
	write("no key at all\n")
	p.await(10*time.Second, "the file is refused", func() bool { return strings.Contains(p.logged(), "line 1 is not a key") })
	if got := ids(); got != oldID+" "+extraID+" " {
		t.Errorf("after a bad file the keys are %s: want those of before", got)
	}
	write(extra + "\n")
	p.await(10*time.Second, "the keys are those of the new file", func() bool { return ids() == extraID+" " })
}

// logBuffer is what a process has printed so far, while it still prints.
type logBuffer struct {
	mu    sync.Mutex
	bytes strings.Builder
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.bytes.Write(p)
}

// String returns what was printed.
func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.bytes.String()
}

// logged returns what the process has printed so far.
func (p *process) logged() string { return p.log.String() }
