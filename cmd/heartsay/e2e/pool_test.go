package e2e

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"heartsay/cmd/heartsay/internal/clitest"
)

// serveBackend is a web server in a process of its own, that says its name: "backend ADDRESS NAME".
func serveBackend() {
	hello := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, os.Args[2]) })
	fmt.Fprintln(os.Stderr, http.ListenAndServe(os.Args[1], hello))
	os.Exit(1)
}

// freePorts returns ports of 127.0.0.1 that nobody uses, for TCP and UDP.
func freePorts(t *testing.T, n int) []string {
	t.Helper()
	var ports []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		_, port, _ := net.SplitHostPort(l.Addr().String())
		ports = append(ports, port)
	}
	return ports
}

// pool is a load balancer in front of web servers, each with an agent beside it.
type pool struct {
	t       *testing.T
	dir     string
	lb      *process // the agent beside the load balancer
	url     string   // of the load balancer
	servers map[string]*server
}

// server is a web server and its agent.
type server struct {
	pool  *pool
	name  string
	port  string
	web   *exec.Cmd
	agent *process
}

// newPool starts the web servers a, b and c with agents, and an agent "lb" with flags of its own.
func newPool(t *testing.T, flags ...string) *pool {
	t.Helper()
	p := &pool{t: t, dir: clitest.SocketDir(t), servers: map[string]*server{}}
	ports := freePorts(t, 4)
	p.lb = startProcess(t, p.dir, "lb", nil, append([]string{"--bind", "127.0.0.1:0"}, flags...)...)
	self, err := p.lb.client.Self(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"a", "b", "c"} {
		s := &server{pool: p, name: name, port: ports[i]}
		s.startWeb()
		s.agent = startProcess(t, p.dir, name, nil, "--bind", "127.0.0.1:0", "--join", self.Address, "--tag", "role=web",
			"--tag", "http="+s.port)
		p.servers[name] = s
	}
	p.url = "http://127.0.0.1:" + ports[3]
	return p
}

func (s *server) startWeb() {
	s.pool.t.Helper()
	s.web = exec.Command("backend", "127.0.0.1:"+s.port, s.name)
	s.web.Stderr = os.Stderr
	if err := s.web.Start(); err != nil {
		s.pool.t.Fatal(err)
	}
	web := s.web
	s.pool.t.Cleanup(func() { _ = web.Process.Kill(); _ = web.Wait() })
}

// crash ends the web server and its agent with SIGKILL.
func (s *server) crash() {
	_ = s.web.Process.Kill()
	_ = s.web.Wait()
	s.agent.kill()
}

// client asks the load balancer again and again, on a new connection each time.
type client struct {
	mu       sync.Mutex
	served   map[string]time.Time // by name of the server: when it last answered
	failed   time.Time            // when a request last failed
	failures int
	requests int
}

// startClient starts a client that asks 50 times a second at most, until the test ends.
func (p *pool) startClient() *client {
	c := &client{served: map[string]time.Time{}}
	stop, stopped := make(chan struct{}), make(chan struct{})
	web := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	go func() {
		defer close(stopped)
		for tick := time.NewTicker(20 * time.Millisecond); ; {
			select {
			case <-tick.C:
				c.ask(web, p.url)
			case <-stop:
				tick.Stop()
				return
			}
		}
	}()
	p.t.Cleanup(func() { close(stop); <-stopped })
	return c
}

func (c *client) ask(web *http.Client, url string) {
	var name []byte
	response, err := web.Get(url)
	if err == nil {
		name, err = io.ReadAll(response.Body)
		response.Body.Close()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests++
	if err != nil || response.StatusCode != 200 {
		c.failed = time.Now()
		c.failures++
		return
	}
	c.served[string(name)] = time.Now()
}

func (c *client) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.requests
}

// servers returns who answered within the last d, or "error" when a request failed within it.
func (c *client) servers(d time.Duration) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.failed) < d {
		return "error"
	}
	var names []string
	for name, last := range c.served {
		if time.Since(last) < d {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// timeout returns the silence in seconds at which the agent would declare a member dead.
func (p *pool) timeout(name string) float64 {
	p.t.Helper()
	all, err := p.lb.client.Members(context.Background())
	if err != nil {
		p.t.Fatal(err)
	}
	for _, m := range all.Members {
		if m.Name == name {
			return m.Timeout.Seconds()
		}
	}
	return 1e9
}

func (p *pool) write(name, content string) string {
	p.t.Helper()
	path := filepath.Join(p.dir, name)
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		p.t.Fatal(err)
	}
	return path
}
