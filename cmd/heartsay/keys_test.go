package main

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
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

// TestARealClusterRotatesItsKeysByTheCommandsOfTheDocument follows docs/security.md, with several agents, and looks at
// every event meanwhile.
func TestARealClusterRotatesItsKeysByTheCommandsOfTheDocument(t *testing.T) {
	dir := socketDir(t)
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
	dir := socketDir(t)
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

// TestTheCanaryKeyIsNeverSeen lets agents run, rotate and fail, and searches for the keys and the token in everything
// that they print, serve, write and send.
func TestTheCanaryKeyIsNeverSeen(t *testing.T) {
	t.Parallel()
	dir := socketDir(t)
	key, id := makeKey(t, filepath.Join(dir, "old"))
	second, secondID := makeKey(t, filepath.Join(dir, "second"))
	token, _ := makeKey(t, filepath.Join(dir, "token"))
	wire := newSniffer(t)
	all := sealedCluster(t, dir, key, "a", "b")
	a := all[0]
	port := freePort(t)
	c := startProcess(t, dir, "c", nil, "--bind", "127.0.0.1:0", "--key-file", filepath.Join(dir, "b.key"), "--log-level", "trace",
		"--join", wire.address, "--api-tcp", "127.0.0.1:"+port, "--token-file", filepath.Join(dir, "token"))
	d := startProcess(t, dir, "d", nil, "--bind", "127.0.0.1:0", "--join", wire.address, "--log-level", "trace", "--log-format", "json")
	var seen strings.Builder
	see := func(args ...string) {
		out, _ := exec.Command("heartsay", args...).CombinedOutput()
		seen.Write(out)
	}
	url := "unix://" + filepath.Join(dir, "a.sock")
	see("keys", "add", filepath.Join(dir, "second"), "--api", url)
	see("keys", "use", secondID, "--api", url)
	see("keys", "use", secondID, "--force", "--api", url)
	see("keys", "remove", id, "--api", url)
	see("keys", "add", filepath.Join(dir, "token"), "--api", url, "--key-file", "elsewhere")
	see("keys", "add", filepath.Join(dir, "token", "x"), "--api", url)
	see("members", "--api", "http://127.0.0.1:"+port, "--token-file", filepath.Join(dir, "old"))
	see("agent", "--name", "x", "--key-file", key)
	os.WriteFile(filepath.Join(dir, "a.key"), []byte(key+" x\n"), 0o600)
	a.signal(syscall.SIGHUP)
	a.await(10*time.Second, "the file is refused", func() bool { return strings.Contains(a.logged(), "line 1 is not a key") })
	for _, socket := range []string{"a", "b", "c"} {
		for _, path := range []string{"/v1/members", "/v1/self", "/v1/keys", "/livez", "/metrics", "/readyz", "/v1/nosuch",
			"/v1/sd/prometheus"} {
			seen.WriteString(getUnix(t, filepath.Join(dir, socket+".sock"), path))
		}
		see("keys", "status", "--api", "unix://"+filepath.Join(dir, socket+".sock"))
		see("info", "-o", "json", "--api", "unix://"+filepath.Join(dir, socket+".sock"))
		see("events", "--after", "x:1", "--count", "1", "--snapshot", "--api", "unix://"+filepath.Join(dir, socket+".sock"))
	}
	for _, p := range append(all, c, d) {
		p.end(syscall.SIGTERM)
		seen.WriteString(p.logged())
	}
	files, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		b, _ := os.ReadFile(file)
		seen.Write(b)
	}
	seen.WriteString(wire.heard())
	for name, secret := range map[string]string{"the first key": key, "the second key": second, "the token": token} {
		raw, _ := base64.StdEncoding.DecodeString(secret)
		forms := []string{secret, secret[:20], secret[20:40], string(raw), string(raw[:12]), hex.EncodeToString(raw), fmt.Sprint(raw)}
		for i, form := range forms {
			if at := strings.Index(seen.String(), form); at >= 0 {
				t.Errorf("%s is seen, in form %d, in …%q…", name, i, seen.String()[max(0, at-80):at])
			}
		}
	}
	for _, must := range []string{id, secondID, `"sealed":true`, "member join", "state_file"} {
		if !strings.Contains(seen.String(), must) {
			t.Errorf("%q is nowhere in the %d bytes that were searched: the search proves nothing", must, seen.Len())
		}
	}
}

// getUnix returns the answer to a request over a socket.
func getUnix(t *testing.T, socket, path string) string {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true,
		DialContext: func(context.Context, string, string) (net.Conn, error) { return net.Dial("unix", socket) }}}
	r, err := client.Get("http://heartsay" + path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, _ := io.ReadAll(r.Body)
	return string(b)
}

// freePort returns a port of 127.0.0.1 that nobody uses.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// sniffer is an address that agents are told to join by. It keeps what they send to it.
type sniffer struct {
	address string
	mu      sync.Mutex
	bytes   strings.Builder
}

func newSniffer(t *testing.T) *sniffer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	s := &sniffer{address: l.Addr().String()}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			b, _ := io.ReadAll(c)
			s.mu.Lock()
			s.bytes.Write(b)
			s.mu.Unlock()
			c.Close()
		}
	}()
	return s
}

func (s *sniffer) heard() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bytes.String()
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
