package agent

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"

	"heartsay/agent/addr"
	"heartsay/agent/internal/clustertest"
	"heartsay/agent/internal/state"
	"heartsay/agent/transport"
	"heartsay/api"
)

// cluster is a set of agents in virtual time. Everything happens inside a synctest bubble, which also fails a test
// that leaves a goroutine behind.
type cluster struct {
	t      *testing.T
	net    *memNet
	names  *clustertest.Names
	agents map[string]*Agent
	dirs   map[string]string
}

func newCluster(t *testing.T) *cluster {
	c := &cluster{
		t: t, net: newMemNet(1), names: &clustertest.Names{},
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

// sees waits for up to d until an observer sees exactly the members given, as "name=state", besides itself.
func (c *cluster) sees(observer string, d time.Duration, want ...string) {
	c.t.Helper()
	clustertest.Sees(c.t, c.agents[observer], observer, d, want...)
}

func (c *cluster) view(observer string) string {
	c.t.Helper()
	return clustertest.View(c.t, c.agents[observer])
}

func (c *cluster) member(observer, name string) api.Member {
	c.t.Helper()
	m, known := clustertest.Find(c.t, c.agents[observer], name)
	if !known {
		c.t.Fatalf("%s does not know %s", observer, name)
	}
	return m
}

// readyWithin waits for up to d until a member is ready, and returns how long that took.
func (c *cluster) readyWithin(name string, d time.Duration) time.Duration {
	c.t.Helper()
	return clustertest.ReadyWithin(c.t, c.agents[name], name, d)
}

// hasTags waits for up to d until an observer knows a member by exactly these tags.
func (c *cluster) hasTags(observer, name string, d time.Duration, want map[string]string) {
	c.t.Helper()
	clustertest.HasTags(c.t, c.agents[observer], observer, name, d, want)
}
