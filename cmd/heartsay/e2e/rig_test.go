package e2e

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"heartsay/api"
	"heartsay/cmd/heartsay/internal/clitest"
)

// rig is a cluster of real agents, each on a host of its own, to which tests do what docs/reliability.md lists.
type rig struct {
	*hosts
	dir    string
	agents []*process // agents[i] runs on host i+1
	record *recorder

	limited string // file descriptors that the next agent may have; "": as many as this process
}

// newRig starts n agents with the flags given and returns when all see each other.
func newRig(t *testing.T, n int, flags ...string) *rig {
	t.Helper()
	r := &rig{hosts: newHosts(t, n), dir: clitest.SocketDir(t), record: &recorder{}}
	for i := 1; i <= n; i++ {
		r.add(i, flags...)
	}
	r.settle(60*time.Second, r.agents...)
	return r
}

// add starts the agent of a host. All but the first join by the first.
func (r *rig) add(host int, flags ...string) *process {
	r.t.Helper()
	flags = append([]string{"--bind", fmt.Sprintf("10.0.0.%d", host), "--allow-plaintext", "--log-level", "warn"}, flags...)
	if !slices.Contains(flags, "--state-dir") {
		flags = append(flags, "--state-dir", filepath.Join(r.dir, "state"))
	}
	if host > 1 {
		flags = append(flags, "--join", "10.0.0.1")
	}
	prefix := r.inside(host)
	if r.limited != "" {
		prefix = append(prefix, "prlimit", "--nofile="+r.limited)
	}
	p := startProcess(r.t, r.dir, hostName(host), prefix, flags...)
	r.agents = append(r.agents, p)
	r.record.follow(p)
	return p
}

// inside returns the words that run a command on a host.
func (r *rig) inside(host int) []string { return []string{"ip", "netns", "exec", r.namespace(host)} }

func hostName(host int) string { return fmt.Sprintf("m%02d", host) }

// restart starts an agent again that was killed.
func (r *rig) restart(p *process) {
	r.t.Helper()
	p.start()
	r.record.follow(p)
}

// bind returns where an agent listens, without its port.
func (p *process) bind() string { return p.args[slices.Index(p.args, "--bind")+1] }

// changeAddress moves a host between its two addresses, 10.0.0.I and 10.0.1.I, while its agent is down, which will
// start at the new one. Each address has a prefix of its own, or to remove one would remove the other.
func (r *rig) changeAddress(host int, p *process) {
	r.t.Helper()
	home, away := fmt.Sprintf("10.0.0.%d", host), fmt.Sprintf("10.0.1.%d", host)
	i := slices.Index(p.args, "--bind") + 1
	if p.args[i] == home {
		p.args[i] = away
		r.run("ip -n NS addr add "+away+"/17 dev eth0", host)
		r.run("ip -n NS addr del "+home+"/16 dev eth0", host)
		return
	}
	p.args[i] = home
	r.run("ip -n NS addr add "+home+"/16 dev eth0", host)
	r.run("ip -n NS addr del "+away+"/17 dev eth0", host)
}

// but returns the agents without those given.
func (r *rig) but(without ...*process) []*process {
	return slices.DeleteFunc(slices.Clone(r.agents), func(p *process) bool { return slices.Contains(without, p) })
}

// settle waits until the agents given have one view: all of them alive in their present life, nobody else present. It
// returns how long that took.
func (r *rig) settle(d time.Duration, live ...*process) time.Duration {
	r.t.Helper()
	begin := time.Now()
	for {
		fault := differences(live)
		if fault == "" {
			return time.Since(begin)
		}
		if time.Since(begin) > d {
			r.t.Fatalf("after %s the views of those who live are not equal: %s", d, fault)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// differences returns how the views of live agents differ from one that has all of them alive and nobody else present,
// or "".
func differences(live []*process) string {
	want := map[string]string{}
	for _, p := range live {
		self, err := p.client.Self(context.Background())
		if err != nil {
			return p.name + ": " + err.Error()
		}
		want[p.name] = life(self.Address, self.Incarnation, "alive")
	}
	for _, p := range live {
		got, err := present(p)
		if err != nil {
			return p.name + ": " + err.Error()
		}
		if !maps.Equal(got, want) {
			return p.name + " sees " + unlike(got, want)
		}
	}
	return ""
}

func life(address string, incarnation uint64, state api.State) string {
	return fmt.Sprintf("%s at %s since %d", state, address, incarnation)
}

// present returns the members that an agent sees alive or suspect.
func present(p *process) (map[string]string, error) {
	all, err := p.client.Members(context.Background())
	if err != nil {
		return nil, err
	}
	got := map[string]string{}
	for _, m := range all.Members {
		if m.State.Present() {
			got[m.Name] = life(m.Address, m.Incarnation, m.State)
		}
	}
	return got, nil
}

func unlike(got, want map[string]string) string {
	var parts []string
	for name, w := range want {
		if got[name] != w {
			parts = append(parts, fmt.Sprintf("%s [%s] not [%s]", name, got[name], w))
		}
	}
	for name, g := range got {
		if want[name] == "" {
			parts = append(parts, fmt.Sprintf("%s [%s] who should be gone", name, g))
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, "; ")
}

// see waits until each of the observers has a member in a state, and returns how long that took.
func (r *rig) see(d time.Duration, subject string, state api.State, observers ...*process) time.Duration {
	r.t.Helper()
	begin := time.Now()
	for _, p := range observers {
		p.await(max(d-time.Since(begin), time.Second), subject+" is "+string(state), func() bool { return p.stateOf(subject) == state })
	}
	return time.Since(begin)
}

// member returns what an agent thinks of a member; a zero one when it does not list it.
func (p *process) member(name string) api.Member {
	all, err := p.client.Members(context.Background())
	if err != nil {
		return api.Member{}
	}
	for _, m := range all.Members {
		if m.Name == name {
			return m
		}
	}
	return api.Member{}
}

func (p *process) stateOf(name string) api.State { return p.member(name).State }

// recorder keeps the events of all agents as they come.
type recorder struct {
	mu  sync.Mutex
	log []observed
}

// follow reads the events of an agent as long as it runs.
func (c *recorder) follow(p *process) {
	go func() {
		for e, err := range p.client.Events(context.Background(), api.EventsRequest{Snapshot: true}) {
			if err != nil {
				return
			}
			e.Members = nil // a reset's view is not looked at
			c.mu.Lock()
			c.log = append(c.log, observed{p.name, time.Now(), e})
			c.mu.Unlock()
		}
	}()
}

// which returns the events that match.
func (c *recorder) which(match func(observed) bool) []observed {
	c.mu.Lock()
	defer c.mu.Unlock()
	var found []observed
	for _, o := range c.log {
		if match(o) {
			found = append(found, o)
		}
	}
	return found
}

// accused returns which observers have declared which members dead since a moment.
func (r *rig) accused(since time.Time) (who []string) {
	for _, o := range r.record.which(func(o observed) bool { return o.Type == "dead" && o.at.After(since) }) {
		who = append(who, o.observer+" called "+o.Member.Name+" dead")
	}
	return who
}
