package e2e

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"heartsay/api"
	"heartsay/cmd/heartsay/internal/clitest"
)

// self returns what a process says of itself.
func (p *process) self() api.Self {
	p.t.Helper()
	s, err := p.client.Self(context.Background())
	if err != nil {
		p.t.Fatal(err)
	}
	return s
}

func TestSIGHUPReloadsTheConfigurationFile(t *testing.T) {
	dir := clitest.SocketDir(t)
	path := filepath.Join(dir, "h.toml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	reloads := func(p *process, ok, failed uint64) {
		t.Helper()
		p.await(20*time.Second, "its reloads are counted", func() bool {
			c := p.self().Counters
			return c["reload_ok"] == ok && c["reload_failed"] == failed
		})
	}
	write("tag = ['role=db']\nlog-level = 'warn'")
	p := startProcess(t, dir, "a", nil, "--bind", "127.0.0.1:0", "--config", path, "--dead-phi", "15")
	p.await(20*time.Second, "it has its tag", func() bool { return p.self().Tags["role"] == "db" })
	if strings.Contains(p.log.String(), "INFO") {
		t.Errorf("it logs from info on, want from warn on:\n%s", p.log)
	}

	write("tag = ['role=web']\nlog-level = 'debug'\nsuspect-phi = 9\ndead-phi = 14\njoin = ['127.0.0.1:1']")
	p.signal(syscall.SIGHUP)
	reloads(p, 1, 0)
	if s := p.self(); s.Tags["role"] != "web" || s.SuspectPhi != 9 || s.DeadPhi != 15 || len(s.Seeds) != 1 {
		t.Errorf("after the reload the agent is %+v, want role=web, phi 9 and, by its flag, 15, and one seed", s)
	}
	p.await(20*time.Second, "it logs from debug on", func() bool { return strings.Contains(p.log.String(), "INFO") })

	write("tag = ['role=none']\nlog-level = 'error'\nzone = 'z'\nfanout = 3\nlog-format = 'json'")
	p.signal(syscall.SIGHUP)
	reloads(p, 1, 1)
	p.await(20*time.Second, "it names what cannot be reloaded", func() bool {
		return strings.Contains(p.log.String(), "a running agent cannot change log-format, zone, fanout: restart it for that")
	})

	write("tag = ['role=none']\nlog-level = 'error'\nnam = 'z'")
	p.signal(syscall.SIGHUP)
	reloads(p, 1, 2)
	p.await(20*time.Second, "it names the line that is wrong", func() bool { return strings.Contains(p.log.String(), "h.toml:3: nam is not known") })

	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	p.signal(syscall.SIGHUP)
	reloads(p, 1, 3)
	if s := p.self(); s.Tags["role"] != "web" || s.SuspectPhi != 9 {
		t.Errorf("after reloads that failed the agent is %+v, want what the last good one made of it", s)
	}
}

func TestSystemdIsToldHowTheAgentIs(t *testing.T) {
	dir := clitest.SocketDir(t)
	socket := filepath.Join(dir, "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	t.Setenv("NOTIFY_SOCKET", socket)
	t.Setenv("WATCHDOG_USEC", "200000")
	expect := func(want string) {
		t.Helper()
		b := make([]byte, 4096)
		for end := time.Now().Add(20 * time.Second); ; {
			if err := l.SetReadDeadline(end); err != nil {
				t.Fatal(err)
			}
			n, err := l.Read(b)
			if err != nil {
				t.Fatalf("systemd is not told %s: %v", want, err)
			}
			if strings.HasPrefix(string(b[:n]), want) {
				return
			}
		}
	}
	p := startProcess(t, dir, "a", nil, "--bind", "127.0.0.1:0")
	expect("READY=1")
	expect("WATCHDOG=1")
	expect("WATCHDOG=1")
	p.signal(syscall.SIGHUP)
	expect("RELOADING=1\nMONOTONIC_USEC=")
	expect("READY=1")
	p.signal(syscall.SIGTERM)
	expect("STOPPING=1")
}

func TestSIGHUPReadsTheTokenAgain(t *testing.T) {
	t.Parallel()
	dir := clitest.SocketDir(t)
	path := filepath.Join(dir, "token")
	write := func(token string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(token), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	status := func(address, token string) int {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/v1/self", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		return answer.StatusCode
	}
	const before, after = "the-token-from-before", "the-token-from-now-on"
	write(before)
	p := startProcess(t, dir, "a", nil, "--bind", "127.0.0.1:0", "--api-tcp", "127.0.0.1:0", "--token-file", path)
	address := ""
	p.await(20*time.Second, "it serves the API over TCP", func() bool {
		_, rest, found := strings.Cut(p.log.String(), "API is served over TCP: address=")
		address, _, _ = strings.Cut(rest, "\n")
		return found
	})
	write("short")
	p.signal(syscall.SIGHUP)
	p.await(20*time.Second, "a wrong token refuses the reload", func() bool { return p.self().Counters["reload_failed"] == 1 })
	if got := status(address, before); got != http.StatusOK {
		t.Errorf("after a wrong token the one before leads to %d", got)
	}
	write(after)
	p.signal(syscall.SIGHUP)
	p.await(20*time.Second, "it takes the new token", func() bool { return status(address, after) == http.StatusOK })
	if got := status(address, before); got != http.StatusUnauthorized {
		t.Errorf("the token from before leads to %d", got)
	}
}
