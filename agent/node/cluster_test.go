package node

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"heartsay/agent/addr"
	"heartsay/agent/internal/clustertest"
	"heartsay/agent/internal/state"
	"heartsay/agent/seal"
	"heartsay/api"
)

// cluster is a set of agents in virtual time. Everything happens inside a synctest bubble, which also fails a test
// that leaves a goroutine behind.
type cluster struct {
	t      *testing.T
	net    *memNet
	names  *clustertest.Names
	agents map[string]*Node
	dirs   map[string]string
}

func newCluster(t *testing.T) *cluster {
	c := &cluster{
		t: t, net: newMemNet(1), names: &clustertest.Names{},
		agents: map[string]*Node{}, dirs: map[string]string{},
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
	cfg.Name, cfg.Advertise, cfg.Join = name, at(host), join
	return cfg
}

// start starts an agent on a host of the network. It keeps state in a folder that outlives it.
func (c *cluster) start(name string, host int, join ...string) *Node {
	c.t.Helper()
	return c.startWith(c.config(name, host, join...))
}

func (c *cluster) startWith(cfg Config) *Node {
	c.t.Helper()
	if c.dirs[cfg.Name] == "" {
		c.dirs[cfg.Name] = c.t.TempDir()
	}
	file, err := state.Open(c.dirs[cfg.Name], cfg.Name, cfg.Cluster)
	if err != nil {
		c.t.Fatal(err)
	}
	a, err := c.node(cfg, c.net.listen(cfg.Advertise), file)
	if err != nil {
		c.t.Fatal(err)
	}
	c.agents[cfg.Name] = a
	return a
}

// node starts a node on its parts. Nothing seals what it says.
func (c *cluster) node(cfg Config, t Transport, kept State) (*Node, error) {
	return Start(cfg, Parts{Transport: t, Seal: seal.NewEnvelope(cfg.Cluster, seal.NewBoot()), State: kept, Resolver: c.names})
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

// R12.
func TestNodesThatJoinOneSeedAllSeeEachOther(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.start("a", 1)
		c.start("b", 2, "10.0.0.1")
		c.start("c", 3, "10.0.0.1:4327")
		c.sees("a", 2*time.Second, "b=alive", "c=alive")
		c.sees("b", 2*time.Second, "a=alive", "c=alive")
		c.sees("c", 2*time.Second, "a=alive", "b=alive")
	})
}

// R8.
func TestKilledNodeIsDeadAndItsRestartAlive(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.start("a", 1)
		c.start("b", 2, "10.0.0.1")
		c.sees("a", 2*time.Second, "b=alive")
		time.Sleep(5 * time.Second)
		before := c.member("a", "b").Incarnation
		c.stop("b")
		c.sees("a", 5*time.Second, "b=dead")
		c.start("b", 2)
		c.sees("a", 2*time.Second, "b=alive")
		if after := c.member("a", "b").Incarnation; after <= before {
			t.Errorf("the restart has incarnation %d, which is not above %d", after, before)
		}
	})
}

// R11.
func TestSeedsAreRetriedForEver(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.start("b", 2, "10.0.0.1", "10.0.0.9")
		time.Sleep(time.Hour)
		c.start("a", 1)
		c.sees("b", lookWhenAlone+time.Second, "a=alive")
		if err := c.agents["b"].Healthy(context.Background()); err != nil {
			t.Errorf("an agent whose seed never answers is not healthy: %v", err)
		}
	})
}

// R11.
func TestSeedNamesAreResolvedAtEveryAttempt(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.start("b", 2, "seed.example")
		c.start("a", 1)
		time.Sleep(10 * time.Minute)
		if got := c.view("b"); got != "" {
			t.Fatalf("b sees [%s] although the name of its seed does not resolve", got)
		}
		c.names.Set("seed.example", at(7).Addr(), at(1).Addr()) // nobody listens at the first
		c.sees("b", 2*longestRetry, "a=alive")
	})
}

// R11.
func TestTotalRestartHealsFromTheStateFilesAlone(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.start("a", 1)
		c.start("b", 2, "10.0.0.1")
		c.start("c", 3, "10.0.0.1")
		c.sees("c", 2*time.Second, "a=alive", "b=alive")
		time.Sleep(2 * saveEvery)
		for _, name := range []string{"a", "b", "c"} {
			c.stop(name)
		}
		time.Sleep(24 * time.Hour)
		c.start("a", 1)
		c.start("c", 3)
		c.start("b", 2)
		c.sees("a", time.Minute, "b=alive", "c=alive")
		c.sees("c", time.Minute, "a=alive", "b=alive")
	})
}

// R11.
func TestPartitionHealsByItself(t *testing.T) {
	for _, length := range []time.Duration{10 * time.Second, 10 * time.Minute} {
		t.Run(length.String(), func(t *testing.T) {
			virtually(t, func(c *cluster) {
				c.start("a", 1)
				c.start("b", 2, "10.0.0.1")
				c.start("c", 3, "10.0.0.1")
				c.start("d", 4, "10.0.0.1")
				c.sees("d", 2*time.Second, "a=alive", "b=alive", "c=alive")
				time.Sleep(5 * time.Second)
				c.net.Split(at(1), at(2))
				c.sees("a", 10*time.Second, "b=alive", "c=dead", "d=dead")
				c.sees("d", 10*time.Second, "a=dead", "b=dead", "c=alive")
				time.Sleep(length)
				c.net.Split()
				c.sees("a", 30*time.Second, "b=alive", "c=alive", "d=alive")
				c.sees("d", 30*time.Second, "a=alive", "b=alive", "c=alive")
			})
		})
	}
}

// R11.
func TestNodeThatIsAloneTriesItsSeedsOften(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.start("a", 1)
		c.start("b", 2, "10.0.0.1")
		c.sees("b", 2*time.Second, "a=alive")
		if _, err := c.agents["a"].Leave(context.Background()); err != nil {
			t.Fatal(err)
		}
		c.stop("a")
		c.sees("b", 2*time.Second, "a=left")
		time.Sleep(time.Minute)
		c.dirs["a"] = "" // it comes back without a memory
		c.start("a", 1)
		c.sees("b", lookWhenAlone+time.Second, "a=alive")
	})
}

// R13.
func TestLeaveIsAcknowledgedByAllAndTheNodeMayStop(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.start("a", 1)
		c.start("b", 2, "10.0.0.1")
		c.start("c", 3, "10.0.0.1")
		c.sees("c", 2*time.Second, "a=alive", "b=alive")
		c.sees("b", 2*time.Second, "a=alive", "c=alive")
		begin := time.Now()
		told, err := c.agents["b"].Leave(context.Background())
		if err != nil || told != 2 {
			t.Errorf("leave told %d members and returned %v, not 2 and no error", told, err)
		}
		if took := time.Since(begin); took > time.Second {
			t.Errorf("leave took %s on a network that loses nothing", took)
		}
		c.sees("a", 2*time.Second, "b=left", "c=alive")
		c.sees("c", 2*time.Second, "a=alive", "b=left")
	})
}

// R13.
func TestLeaveAloneIsOverAtOnce(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.start("a", 1)
		begin := time.Now()
		if told, err := c.agents["a"].Leave(context.Background()); told != 0 || err != nil {
			t.Errorf("leave told %d and returned %v", told, err)
		}
		if took := time.Since(begin); took > 100*time.Millisecond {
			t.Errorf("leaving a cluster of one took %s", took)
		}
	})
}

// R14.
func TestJoinerWithATakenNameStopsAndSaysWhoHoldsIt(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.start("a", 1)
		c.start("b", 2, "10.0.0.1")
		c.sees("a", 2*time.Second, "b=alive")
		c.dirs["b"] = "" // another host has a state folder of its own
		real := c.agents["b"]
		second := c.start("b", 3, "10.0.0.1")
		<-second.ending.Done()
		var conflict *ConflictError
		if err := context.Cause(second.ending); !errors.As(err, &conflict) || conflict.Holder != at(2) {
			t.Errorf("the second b ended with %v, not with a conflict that names 10.0.0.2", err)
		}
		c.stop("b")
		c.agents["b"] = real
		if m := c.member("a", "b"); m.State != "alive" || m.Address != at(2).String() {
			t.Errorf("the first b is %s at %s after the second was refused", m.State, m.Address)
		}
	})
}

// R14.
func TestOlderOfTwoLiveNodesWithOneNameStops(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.start("a", 1)
		older := c.start("b", 2, "10.0.0.1")
		c.start("c", 3, "10.0.0.1")
		c.sees("c", 2*time.Second, "a=alive", "b=alive")
		time.Sleep(5 * time.Second)
		c.net.Split(at(3), at(4))
		c.sees("c", 45*time.Second, "a=dead", "b=dead") // cut off, it waits for twice as long as it ever does
		c.dirs["b"] = ""
		newer := c.start("b", 4, "10.0.0.3")
		c.sees("c", 10*time.Second, "a=dead", "b=alive")
		c.net.Split()
		select {
		case <-older.ending.Done():
		case <-time.After(time.Minute):
			t.Fatal("a minute after the partition healed both still run")
		}
		if newer.ending.Err() != nil {
			t.Errorf("the newer one stopped as well: %v", context.Cause(newer.ending))
		}
		if err := older.Close(); err != nil {
			t.Error(err)
		}
		for begin := time.Now(); c.member("a", "b").Address != at(4).String(); time.Sleep(100 * time.Millisecond) {
			if time.Since(begin) > 30*time.Second {
				t.Fatalf("a has b at %s, not at the address of the newer incarnation", c.member("a", "b").Address)
			}
		}
		c.sees("a", 30*time.Second, "b=alive", "c=alive")
	})
}

// R1.
func TestOtherClusterIsRefusedWithAReasonForPeople(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.start("a", 1)
		cfg := c.config("b", 2)
		cfg.Cluster = "staging"
		b := c.startWith(cfg)
		result, err := b.Join(context.Background(), []string{"10.0.0.1"}, true)
		if err != nil || result.Joined != 0 || len(result.Results) != 1 {
			t.Fatalf("join of another cluster returned %+v, %v", result, err)
		}
		if text := result.Results[0].Error; !strings.Contains(text, "heartsay") || !strings.Contains(text, "staging") {
			t.Errorf("the refusal does not name both clusters: %s", text)
		}
		if got := c.view("a") + c.view("b"); got != "" {
			t.Errorf("two clusters merged: %s", got)
		}
	})
}

func TestJoinOfWhatIsNotThereSaysSoAndIsNotFatal(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.start("a", 1)
		c.start("b", 2)
		result, err := c.agents["b"].Join(context.Background(), []string{"10.0.0.7", "10.0.0.1"}, true)
		if err != nil || result.Joined != 1 || result.Results[0].Error == "" || result.Results[1].Error != "" {
			t.Fatalf("join of one dead and one live address returned %+v, %v", result, err)
		}
		_, err = c.agents["b"].Join(context.Background(), []string{"10.0.0.1", "not an address"}, true)
		var bad *api.Error
		if !errors.As(err, &bad) || bad.Code != api.CodeBadRequest {
			t.Errorf("join of nonsense returned %v", err)
		}
		c.sees("b", time.Second, "a=alive")
	})
}

func TestEventsTellEveryChangeInOrder(t *testing.T) {
	virtually(t, func(c *cluster) {
		a := c.start("a", 1)
		c.start("b", 2, "10.0.0.1")
		c.sees("a", 2*time.Second, "b=alive")
		time.Sleep(5 * time.Second)
		c.stop("b")
		c.sees("a", 5*time.Second, "b=dead")
		c.start("b", 2)
		c.sees("a", 5*time.Second, "b=alive")
		events, lost := a.Ring().Read(0)
		if lost {
			t.Fatal("events were lost")
		}
		var got []string
		for i, e := range events {
			if e.Seq != uint64(i+1) {
				t.Errorf("event %d has number %d", i+1, e.Seq)
			}
			got = append(got, string(e.Type)+" "+e.Member.Name)
		}
		if want := "join a, join b, suspect b, dead b, alive b"; strings.Join(got, ", ") != want {
			t.Errorf("the events are [%s], not [%s]", strings.Join(got, ", "), want)
		}
	})
}

func TestLossOf30PercentKillsNobody(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.net.Lose(0.3)
		c.start("a", 1)
		for i := 2; i <= 6; i++ {
			c.start(string(rune('a'+i-1)), i, "10.0.0.1")
		}
		time.Sleep(10 * time.Minute)
		for name, a := range c.agents {
			events, _ := a.Ring().Read(0)
			for _, e := range events {
				if e.Type == "dead" {
					t.Errorf("%s declares %s dead at 30 %% loss: %s", name, e.Member.Name, e.Reason)
				}
			}
		}
	})
}
