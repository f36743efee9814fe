package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"heartsay/cmd/heartsay/internal/clitest"
)

// documentFile returns the file that a document shows behind a mark <!-- file: NAME -->.
func documentFile(t *testing.T, document, name string) string {
	t.Helper()
	block := regexp.MustCompile("(?s)<!-- file: " + regexp.QuoteMeta(name) + " -->\n```[a-z]*\n(.*?)```\n")
	m := block.FindStringSubmatch(readFile(t, document))
	if m == nil {
		t.Fatalf("%s does not show the file %s", document, name)
	}
	return m[1]
}

// startHAProxy starts HAProxy with the files, in a process group of its own, until the test ends. It skips the test
// where there is none.
func (p *pool) startHAProxy(args ...string) {
	p.t.Helper()
	log, err := os.Create(filepath.Join(p.dir, "haproxy.log"))
	if err != nil {
		p.t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(haproxy(p.t), args...)
	cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = log, log, &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
		if p.t.Failed() {
			b, _ := os.ReadFile(log.Name())
			p.t.Logf("haproxy wrote:\n%s\nits agent wrote:\n%s", b, p.lb.log)
		}
	})
}

func haproxy(t *testing.T) string {
	t.Helper()
	for _, path := range []string{"haproxy", "/usr/sbin/haproxy"} {
		if found, err := exec.LookPath(path); err == nil {
			return found
		}
	}
	t.Skip("needs haproxy: install the package haproxy")
	return ""
}

// unaided returns a configuration of HAProxy in which nothing but heartsay takes a dead server out, so that a test shows
// who did it: without checks, and without a second try.
func unaided(config string) string {
	config = strings.ReplaceAll(config, " check\n", "\n")
	return regexp.MustCompile(`(?m)^ +(retries|option redispatch).*$`).ReplaceAllString(config, "    retries 0")
}

// showsACrash kills a server and its agent, and tells how long clients were sent to it; then it starts both again.
func (p *pool) showsACrash() {
	p.t.Helper()
	c := p.startClient()
	b := p.servers["b"]
	p.lb.await(60*time.Second, "the pool serves from a, b and c", func() bool { return c.servers(time.Second) == "a b c" })
	p.lb.await(60*time.Second, "the detector has learned what silence is normal", func() bool { return p.timeout("b") < 20 })
	shown := p.timeout("b")

	b.crash()
	begin := time.Now()
	p.lb.await(60*time.Second, "b is dead", func() bool { return p.lb.view() == "a=alive b=dead c=alive" })
	dead := time.Since(begin)
	p.lb.await(60*time.Second, "clients are served by a and c, without an error for 3 s", func() bool {
		return c.servers(3*time.Second) == "a c"
	})
	c.mu.Lock()
	errors, last := c.failures, c.failed.Sub(begin)
	c.mu.Unlock()
	if errors == 0 {
		p.t.Error("no request failed: it was not heartsay that took the server out")
	}
	p.t.Logf("TIMEOUT shown %.1f s; dead to the agent after %.1f s; last of %d client errors after %.1f s of %d requests",
		shown, dead.Seconds(), errors, last.Seconds(), c.count())
	if most := dead + 10*time.Second; last > most {
		p.t.Errorf("clients were sent to the dead server for %s, want %s at most", last, most)
	}

	b.startWeb()
	b.agent.start()
	p.lb.await(60*time.Second, "b serves again", func() bool { return c.servers(time.Second) == "a b c" })
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failures > errors {
		p.t.Errorf("%d requests failed while b came back", c.failures-errors)
	}
}

func (p *pool) frontend() string { return strings.TrimPrefix(p.url, "http://") }

func TestHAProxyFollowsTheClusterByDNS(t *testing.T) {
	t.Parallel()
	haproxy(t)
	dns := freePorts(t, 1)[0]
	p := newPool(t, "--dns", dns)
	config := documentFile(t, "docs/discovery.md", "haproxy-dns.cfg")
	replace := strings.NewReplacer("127.0.0.1:4329", "127.0.0.1:"+dns, "127.0.0.1:8080", p.frontend())
	p.startHAProxy("-db", "-f", p.write("haproxy-dns.cfg", replace.Replace(unaided(config))))
	p.showsACrash()

	// The agent beside HAProxy dies too: the pool stays.
	c := p.startClient()
	p.lb.kill()
	p.lb.await(60*time.Second, "the pool serves without its agent for 5 s", func() bool {
		return c.servers(5*time.Second) == "a b c" && c.count() > 200
	})
}

func TestHAProxyFollowsTheClusterByAFile(t *testing.T) {
	t.Parallel()
	haproxy(t)
	dir := clitest.SocketDir(t)
	template := filepath.Join(dir, "heartsay.tmpl")
	file, pid := filepath.Join(dir, "heartsay.cfg"), filepath.Join(dir, "haproxy.pid")
	if err := os.WriteFile(template, []byte(unaided(documentFile(t, "docs/discovery.md", "heartsay.tmpl"))), 0o600); err != nil {
		t.Fatal(err)
	}
	command := documentedFlag(t, "docs/discovery.md", "--write-exec")
	p := newPool(t, "--write-file", file, "--template", "@"+template,
		"--write-exec", strings.ReplaceAll(command, "/run/haproxy.pid", pid))
	p.lb.await(30*time.Second, "the file lists three servers", func() bool {
		b, _ := os.ReadFile(file)
		return strings.Count(string(b), "server ") == 3
	})
	config := documentFile(t, "docs/discovery.md", "haproxy.cfg")
	config = strings.ReplaceAll(unaided(config), "127.0.0.1:8080", p.frontend())
	p.startHAProxy("-W", "-db", "-p", pid, "-f", p.write("haproxy.cfg", config), "-f", file)
	p.showsACrash()
}

// documentedFlag returns the value, in single quotes, that a document shows for a flag.
func documentedFlag(t *testing.T, document, flag string) string {
	t.Helper()
	m := regexp.MustCompile(flag + ` '([^']*)'`).FindStringSubmatch(readFile(t, document))
	if m == nil {
		t.Fatalf("%s does not show %s", document, flag)
	}
	return m[1]
}

// The files as the document shows them, checks and all.
func TestHAProxyTakesTheDocumentedFiles(t *testing.T) {
	tool := haproxy(t)
	dir := t.TempDir()
	for name, files := range map[string][]string{"dns": {"haproxy-dns.cfg"}, "file": {"haproxy.cfg", "heartsay.cfg"}} {
		args := []string{"-c"}
		for _, f := range files {
			content := "backend web\n    server a 127.0.0.1:1 check\n"
			if f != "heartsay.cfg" {
				content = documentFile(t, "docs/discovery.md", f)
			}
			path := filepath.Join(dir, f)
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			args = append(args, "-f", path)
		}
		if out, err := exec.Command(tool, args...).CombinedOutput(); err != nil || strings.Contains(string(out), "WARNING") {
			t.Errorf("HAProxy does not take the files of %s: %v\n%s", name, err, out)
		}
	}
}
