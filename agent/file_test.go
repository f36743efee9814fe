package agent

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"heartsay/agent/internal/discovery"
	"heartsay/api"
)

const webTemplate = `{{range .Members.Present.Tagged "role" "web"}}{{.Name}} {{.IP}}
{{end}}`

// follow makes an agent keep a file, whose content is old at first, and returns its path.
func (c *cluster) follow(name, old, command string) string {
	c.t.Helper()
	path := filepath.Join(c.t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(old), 0o640); err != nil {
		c.t.Fatal(err)
	}
	f, err := discovery.OpenFile(path, webTemplate, command)
	if err != nil {
		c.t.Fatal(err)
	}
	a := c.agents[name]
	upkeep := discovery.Upkeep{Source: source{a}, News: a.SnapshotNews(), Count: func(string) {}, Log: hclog.NewNullLogger()}
	a.endpoints.Go(func() { f.Keep(a.Context(), upkeep) })
	return path
}

// holds waits until a file holds what it should.
func (c *cluster) holds(path, want string, d time.Duration) {
	c.t.Helper()
	for begin := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		b, err := os.ReadFile(path)
		if err == nil && string(b) == want {
			return
		}
		if time.Since(begin) > d {
			c.t.Fatalf("after %s the file holds %q, %v, not %q", d, b, err, want)
		}
	}
}

func TestTheFileFollowsTheClusterAndKeepsItsPermissions(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.start("lb", 1)
		c.web("a", 2, map[string]string{"role": "web"}, "10.0.0.1")
		c.sees("lb", 2*time.Second, "a=alive")
		path := c.follow("lb", "old", "")
		c.holds(path, "a 10.0.0.2\n", time.Second)
		c.web("b", 3, map[string]string{"role": "web"}, "10.0.0.1")
		c.sees("lb", 5*time.Second, "a=alive", "b=alive")
		c.holds(path, "a 10.0.0.2\nb 10.0.0.3\n", 200*time.Millisecond)
		time.Sleep(10 * time.Second)
		c.stop("b")
		c.sees("lb", 30*time.Second, "a=alive", "b=dead")
		c.holds(path, "a 10.0.0.2\n", 200*time.Millisecond)
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o640 {
			t.Errorf("the file has the permissions %v, %v, want those that it had", info.Mode(), err)
		}
		if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); len(left) > 0 {
			t.Errorf("temporary files are left: %v", left)
		}
	})
}

func TestTheFileIsKeptUntilTheAgentIsReady(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.start("lb", 1, "10.0.0.2")
		path := c.follow("lb", "a 10.0.0.2\n", "")
		time.Sleep(time.Minute)
		c.holds(path, "a 10.0.0.2\n", 0)
		c.web("a", 2, map[string]string{"role": "web"})
		c.web("b", 3, map[string]string{"role": "web"}, "10.0.0.2")
		c.holds(path, "a 10.0.0.2\nb 10.0.0.3\n", time.Minute)
	})
}

func TestTheFileIsNotEmptiedByAnAgentThatSeesNobody(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.start("lb", 1)
		c.web("a", 2, map[string]string{"role": "web"}, "10.0.0.1")
		c.sees("lb", 2*time.Second, "a=alive")
		path := c.follow("lb", "", "")
		c.holds(path, "a 10.0.0.2\n", time.Second)
		time.Sleep(10 * time.Second)
		c.net.Split(at(1))
		c.sees("lb", 30*time.Second, "a=dead")
		time.Sleep(time.Minute)
		c.holds(path, "a 10.0.0.2\n", 0)
		c.net.Split()
		c.sees("lb", time.Minute, "a=alive")
		if _, err := c.agents["a"].Leave(context.Background()); err != nil {
			t.Fatal(err)
		}
		c.holds(path, "", time.Second) // a member that left is gone for certain
	})
}

// Two members: the one that is left sees nobody else, and still has a list to tell.
func TestTheSurvivorOfTwoWritesTheOtherOut(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.web("a", 1, map[string]string{"role": "web"})
		c.web("b", 2, map[string]string{"role": "web"}, "10.0.0.1")
		c.sees("a", 2*time.Second, "b=alive")
		path := c.follow("a", "", "")
		c.holds(path, "a 10.0.0.1\nb 10.0.0.2\n", time.Second)
		time.Sleep(10 * time.Second)
		c.stop("b")
		c.sees("a", 30*time.Second, "b=dead")
		c.holds(path, "a 10.0.0.1\n", 200*time.Millisecond)
	})
}

func TestChangesAtOnceAreOneLook(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.web("a", 1, map[string]string{"role": "web"})
		path := c.follow("a", "", "")
		c.holds(path, "a 10.0.0.1\n", time.Second)
		a := c.agents["a"]
		for i := 2; i <= 11; i++ {
			a.Ring().Append(api.Event{Type: "update"})
			time.Sleep(time.Millisecond)
		}
		before := a.Newest()
		time.Sleep(snapshotAge)
		if after := a.Newest(); after.Seq-before.Seq != 10 {
			t.Errorf("ten events in ten milliseconds are seen as %d to %d, want one look at all", before.Seq, after.Seq)
		}
	})
}
