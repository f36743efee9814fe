package e2e

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"

	"heartsay/cmd/heartsay/internal/clitest"
)

// TestTheCanaryKeyIsNeverSeen lets agents run, rotate and fail with all that they can do switched on, and searches for the
// keys, the token and the webhooks' secret in everything that they print, serve, write and send, and hand to programs.
func TestTheCanaryKeyIsNeverSeen(t *testing.T) {
	t.Parallel()
	dir := clitest.SocketDir(t)
	file := func(name string) string { return filepath.Join(dir, name) }
	key, id := makeKey(t, file("old"))
	second, secondID := makeKey(t, file("second"))
	token, _ := makeKey(t, file("token"))
	reading, _ := makeKey(t, file("reading"))
	signing, _ := makeKey(t, file("signing"))
	secrets := map[string]string{"the first key": key, "the second key": second, "the token": token, "the token to read": reading, "the webhooks' secret": signing}
	seen, wire := new(logBuffer), newSniffer(t)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_ = r.Write(seen)
	}))
	defer hook.Close()
	all := sealedCluster(t, dir, key, "a", "b")
	a := all[0]
	self, err := a.client.Self(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const tellAll = "#!/bin/sh\nenv >> %[1]s/handed; cat >> %[1]s/handed; tr '\\0' ' ' < /proc/$PPID/cmdline >> %[1]s/handed\n"
	if err := os.WriteFile(file("program"), fmt.Appendf(nil, tellAll, dir), 0o700); err != nil {
		t.Fatal(err)
	}
	config := fmt.Sprintf("key-file = '%s'\ntoken-file = '%s'\nread-token-file = '%s'\nwebhook-secret-file = '%s'\n", file("b.key"), file("token"), file("reading"), file("signing"))
	if err := os.WriteFile(file("c.toml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	api, metrics, names := freePort(t), freePort(t), freePort(t)
	c := startProcess(t, dir, "c", nil, "--config", file("c.toml"), "--bind", "127.0.0.1:0", "--profile", "local", "--log-level", "trace",
		"--join", self.Address, "--join", wire.address, "--state-dir", file("c"), "--api-tcp", "127.0.0.1:"+api, "--metrics", metrics,
		"--dns", names, "--on-event", "*="+file("program"), "--webhook", "*="+hook.URL, "--write-file", file("written"),
		"--template", "written:{{range .Members}} {{.}}{{end}}", "--write-exec", file("program"))
	d := startProcess(t, dir, "d", nil, "--bind", "127.0.0.1:0", "--join", wire.address, "--log-level", "trace", "--log-format", "json")
	c.sees(20*time.Second, "a=alive b=alive")
	see := func(args ...string) {
		command := exec.Command("heartsay", args...)
		command.Dir = dir
		out, _ := command.CombinedOutput()
		fmt.Fprintf(seen, "%s\n", out)
	}
	url := func(name string) string { return "unix://" + file(name+".sock") }
	see("keys", "add", file("second"), "--api", url("a"))
	see("keys", "use", secondID, "--api", url("a"))
	see("keys", "use", secondID, "--force", "--api", url("a"))
	see("keys", "remove", id, "--api", url("a"))
	see("keys", "add", file("token"), "--api", url("a"), "--key-file", "elsewhere")
	see("keys", "add", filepath.Join(file("token"), "x"), "--api", url("a"))
	see("keys", "gen", "--key-file", file("old"))
	for _, words := range []string{ // a key in the place of something else
		"agent --name x --key-file KEY", "agent --name x --token-file KEY --api-tcp 127.0.0.1:1", "agent KEY", "keys KEY", "keys gen KEY",
		"agent --name x --webhook *=http://127.0.0.1:1 --webhook-secret-file KEY", "keys gen --key-file KEY", "keys add KEY",
		"keys use KEY", "keys remove KEY", "keys status KEY", "members --api http://127.0.0.1:1 --token-file KEY",
	} {
		see(strings.Fields(strings.ReplaceAll(words, "KEY", key))...)
	}
	for _, setting := range []string{"key-file", "token-file", "webhook-secret-file"} {
		os.WriteFile(file("bad.toml"), []byte(setting+" = '"+key+"'\n"), 0o600)
		see("config", "check", file("bad.toml"))
		see("config", "show", file("bad.toml"))
	}
	see("members", "--api", "http://127.0.0.1:"+api, "--token-file", file("old"))
	see("members", "--api", "http://127.0.0.1:"+api, "--token-file", file("token"))
	see("config", "show", file("c.toml"), "-o", "json")
	os.WriteFile(file("a.key"), []byte(key+" x\n"), 0o600)
	a.signal(syscall.SIGHUP)
	a.await(10*time.Second, "the file is refused", func() bool { return strings.Contains(a.logged(), "line 1 is not a key") })
	for _, name := range []string{"a", "b", "c", "d"} {
		for _, r := range apiRequests(t) {
			method, path, _ := strings.Cut(r, " ")
			askUnix(t, seen, file(name+".sock"), method, path)
		}
		for _, words := range []string{
			"keys status", "keys status -o json", "info", "info -o json", "members -o wide", "members -o json", "events --after x:1 --count 1 --snapshot", "events -o ndjson --count 1 --snapshot", "tags", "health", "wait --members 1 --timeout 0",
		} {
			see(append(strings.Fields(words), "--api", url(name))...)
		}
	}
	see("doctor", "--api", url("c"))
	seePage(t, seen, url("c"))
	for _, path := range []string{"/metrics", "/readyz", "/v1/sd/prometheus", "/v1/keys"} {
		askURL(t, seen, http.DefaultClient, "http://127.0.0.1:"+metrics+path)
		askURL(t, seen, http.DefaultClient, "http://127.0.0.1:"+api+path)
	}
	for _, q := range []struct {
		name string
		kind uint16
	}{{"heartsay.", dns.TypeA}, {"c.member.heartsay.", dns.TypeTXT}, {"_heartsay._tcp.heartsay.", dns.TypeSRV}, {"version.bind.", dns.TypeTXT}} {
		answer, _, err := new(dns.Client).Exchange(new(dns.Msg).SetQuestion(q.name, q.kind), "127.0.0.1:"+names)
		fmt.Fprintln(seen, answer, err)
	}
	c.await(20*time.Second, "programs were handed events", func() bool {
		b, _ := os.ReadFile(file("handed"))
		return strings.Contains(string(b), "HEARTSAY_EVENT=")
	})
	d.end(syscall.SIGQUIT) // which prints all goroutines
	for _, p := range append(all, c, d) {
		p.end(syscall.SIGTERM)
		fmt.Fprintln(seen, p.logged())
	}
	readAll(t, seen, dir, "old", "second", "token", "reading", "signing", "a.key", "b.key", "bad.toml")
	fmt.Fprintln(seen, wire.heard())
	wantNowhere(t, seen.String(), secrets)
	for what, mark := range map[string]string{
		"a key's id": id, "the other key's id": secondID, "key status": `"sealed":true`, "logs": "member join", "the API": "state_file",
		"JSON logs": `"@message"`, "metrics": "heartsay_info{", "targets": `"targets"`, "the page": "<!doctype html", "its data": `"members":`,
		"DNS": "IN\tSRV", "what programs are handed": "HEARTSAY_EVENT=", "what is posted": "Heartsay-Signature", "state files": `"sha256"`,
		"the written file": "written:", "goroutines": "goroutine 1 gp=", "doctor": "counters", "the wire": "hs\x01", "a key for a file": "a secret itself is given",
	} {
		if !strings.Contains(strings.ToLower(seen.String()), strings.ToLower(mark)) {
			t.Errorf("%s: %q is nowhere in the %d bytes that were searched: the search proves nothing", what, mark, len(seen.String()))
		}
	}
}

// wantNowhere checks that no secret is in a text, in any form in which it could get there.
func wantNowhere(t *testing.T, text string, secrets map[string]string) {
	t.Helper()
	for name, secret := range secrets {
		raw, err := base64.StdEncoding.DecodeString(secret)
		if err != nil {
			t.Fatal(err)
		}
		forms := []string{secret, secret[:20], secret[20:40], string(raw), string(raw[:12]), hex.EncodeToString(raw), fmt.Sprint(raw),
			base64.RawURLEncoding.EncodeToString(raw), strings.Trim(fmt.Sprintf("%q", raw), `"`), fmt.Sprintf("%X", raw)}
		for i, form := range forms {
			if at := strings.Index(text, form); at >= 0 {
				t.Errorf("%s is seen, in form %d, in …%q…", name, i, text[max(0, at-160):at])
			}
		}
	}
}

// apiRequests returns a request for each route of the API, "METHOD PATH", those that do harm last.
func apiRequests(t *testing.T) []string {
	t.Helper()
	requests := []string{"GET /v1/members", "GET /v1/self", "GET /v1/keys", "GET /v1/tags", "POST /v1/tags", "POST /v1/probe", "POST /v1/join",
		"POST /v1/forget", "POST /v1/keys/reload", "GET /livez", "GET /readyz", "GET /metrics", "GET /v1/sd/prometheus",
		"GET /v1/events?snapshot=true", "GET /v1/nosuch"}
	sources, err := filepath.Glob(filepath.Join(root, "agent/internal/localapi/*.go"))
	if err != nil || len(sources) == 0 {
		t.Fatal("the sources of the API are not found", err)
	}
	route := regexp.MustCompile(`"(/(?:v1/|livez|readyz|metrics)[a-z0-9/]*)"`)
	for _, source := range sources {
		for _, m := range route.FindAllStringSubmatch(readFile(t, strings.TrimPrefix(source, root+"/")), -1) {
			asked := func(r string) bool { return strings.HasPrefix(strings.Split(r, " ")[1]+"?", m[1]) }
			if m[1] != "/v1/leave" && !strings.HasSuffix(source, "_test.go") && !slices.ContainsFunc(requests, asked) {
				t.Errorf("%s has the route %s, of which no answer is searched", source, m[1])
			}
		}
	}
	return requests
}

// askUnix writes the answer to a request over a socket, or as much of it as comes within a moment.
func askUnix(t *testing.T, to io.Writer, socket, method, path string) {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true,
		DialContext: func(context.Context, string, string) (net.Conn, error) { return net.Dial("unix", socket) }}}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if strings.HasPrefix(path, "/v1/events") { // which does not end
		ctx, cancel = context.WithTimeout(ctx, 200*time.Millisecond)
		defer cancel()
	}
	body := ""
	if method == http.MethodPost {
		body = map[string]string{"/v1/join": `{"addresses":["127.0.0.1:1"]}`, "/v1/forget": `{"name":"x"}`,
			"/v1/probe": `{"address":"127.0.0.1:1"}`}[path]
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://heartsay"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	write(to, &client, r)
}

func askURL(t *testing.T, to io.Writer, client *http.Client, url string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if strings.HasSuffix(url, "stream") { // which does not end
		ctx, cancel = context.WithTimeout(ctx, 200*time.Millisecond)
		defer cancel()
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	write(to, client, r)
}

// write writes an answer with its head, or why there is none.
func write(to io.Writer, client *http.Client, r *http.Request) {
	answer, err := client.Do(r)
	if err != nil {
		fmt.Fprintln(to, err)
		return
	}
	defer answer.Body.Close()
	_ = answer.Header.Write(to)
	_, _ = io.Copy(to, answer.Body)
}

// seePage writes what heartsay ui serves to a browser.
func seePage(t *testing.T, to io.Writer, agentURL string) {
	t.Helper()
	_, link := startUIProcess(t, agentURL)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	page, _, _ := strings.Cut(link, "?")
	for _, url := range []string{link, page, page + "stream", page + "nosuch", link} {
		askURL(t, to, browser, url)
	}
}

// readAll writes what is in all files of a folder but some.
func readAll(t *testing.T, to io.Writer, dir string, but ...string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		name, _ := filepath.Rel(dir, path)
		if err != nil || !entry.Type().IsRegular() || slices.Contains(but, name) {
			return err
		}
		b, err := os.ReadFile(path)
		fmt.Fprintf(to, "%s\n", b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
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
