package agent

import (
	"context"

	"fmt"
	"maps"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"

	"heartsay/agent/addr"
	"heartsay/agent/internal/state"
	"heartsay/agent/transport"
	"heartsay/api"
)

// cluster is a set of agents in virtual time. Everything happens inside a synctest bubble, which also fails a test
// that leaves a goroutine behind.
type cluster struct {
	t      *testing.T
	net    *memNet
	names  *fakeDNS
	agents map[string]*Agent
	dirs   map[string]string
}

func newCluster(t *testing.T) *cluster {
	c := &cluster{
		t: t, net: newMemNet(1), names: &fakeDNS{hosts: map[string][]netip.Addr{}},
		agents: map[string]*Agent{}, dirs: map[string]string{},
	}
	return c
}

// virtually runs a test in virtual time, and stops all agents at its end.
func virtually(t *testing.T, f func(c *cluster)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t)
		defer func() {
			for name := range c.agents {
				c.stop(name)
			}
		}()
		f(c)
	})
}

func at(host int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(host)}), addr.DefaultPort)
}

// config is that of an agent with profile lan.
func (c *cluster) config(name string, host int, join ...string) Config {
	cfg, err := DefaultConfig("lan")
	if err != nil {
		c.t.Fatal(err)
	}
	cfg.Name, cfg.Bind, cfg.Advertise, cfg.Join, cfg.AllowPlaintext = name, at(host), at(host), join, true
	return cfg
}

// start starts an agent on a host of the network. It keeps state in a folder that outlives it.
func (c *cluster) start(name string, host int, join ...string) *Agent {
	c.t.Helper()
	return c.startWith(c.config(name, host, join...))
}

func (c *cluster) startWith(cfg Config) *Agent {
	c.t.Helper()
	if c.dirs[cfg.Name] == "" {
		c.dirs[cfg.Name] = c.t.TempDir()
	}
	file, err := state.Open(c.dirs[cfg.Name], cfg.Name, cfg.Cluster)
	if err != nil {
		c.t.Fatal(err)
	}
	a, err := newAgent(cfg, transport.New(c.net.listen(cfg.Bind), cfg.Bind), file, c.names, hclog.NewNullLogger())
	if err != nil {
		c.t.Fatal(err)
	}
	c.agents[cfg.Name] = a
	return a
}

// stop kills an agent: nobody hears a goodbye.
func (c *cluster) stop(name string) {
	if err := c.agents[name].Close(); err != nil {
		c.t.Errorf("close %s: %v", name, err)
	}
	delete(c.agents, name)
}

// sees waits for up to d until an agent sees exactly the members given, as "name=state", besides itself.
func (c *cluster) sees(observer string, d time.Duration, want ...string) {
	c.t.Helper()
	deadline := time.Now().Add(d)
	for {
		got := c.view(observer)
		if got == strings.Join(want, " ") {
			return
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("after %s %s sees [%s], not [%s]", d, observer, got, strings.Join(want, " "))
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func (c *cluster) view(observer string) string {
	all, err := c.agents[observer].Members(context.Background())
	if err != nil {
		c.t.Fatal(err)
	}
	var rows []string
	for _, m := range all.Members {
		if m.Name != observer {
			rows = append(rows, m.Name+"="+string(m.State))
		}
	}
	return strings.Join(rows, " ")
}

func (c *cluster) member(observer, name string) api.Member {
	c.t.Helper()
	all, err := c.agents[observer].Members(context.Background())
	if err != nil {
		c.t.Fatal(err)
	}
	for _, m := range all.Members {
		if m.Name == name {
			return m
		}
	}
	c.t.Fatalf("%s does not know %s", observer, name)
	return api.Member{}
}

// fakeDNS answers from a table that a test may change.
type fakeDNS struct {
	mu    sync.Mutex
	hosts map[string][]netip.Addr
	asked int
}

func (d *fakeDNS) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked++
	if ips := d.hosts[host]; len(ips) > 0 {
		return ips, nil
	}
	return nil, fmt.Errorf("no such host %s", host)
}

// readyWithin waits for up to d until an agent is ready, and returns how long that took.
func (c *cluster) readyWithin(name string, d time.Duration) time.Duration {
	c.t.Helper()
	begin := time.Now()
	for {
		err := c.agents[name].Ready(context.Background())
		if err == nil {
			return time.Since(begin)
		}
		if time.Since(begin) > d {
			c.t.Fatalf("after %s %s is not ready: %v", d, name, err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// hasTags waits until an observer knows a member by exactly these tags.
func (c *cluster) hasTags(observer, name string, d time.Duration, want map[string]string) {
	c.t.Helper()
	for deadline := time.Now().Add(d); ; time.Sleep(50 * time.Millisecond) {
		got, known := c.agents[observer].knownTags(c.t, name)
		if known && maps.Equal(got, want) {
			return
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("after %s %s knows %s by the tags %v, not %v", d, observer, name, got, want)
		}
	}
}

func (a *Agent) knownTags(t *testing.T, name string) (map[string]string, bool) {
	t.Helper()
	all, err := a.Members(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range all.Members {
		if m.Name == name {
			return m.Tags, true
		}
	}
	return nil, false
}
