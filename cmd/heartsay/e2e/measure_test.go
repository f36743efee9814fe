package e2e

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"heartsay/api"
	"heartsay/cmd/heartsay/internal/clitest"
)

var (
	measure       = flag.Bool("measure", false, "measure a cluster of real agents on loopback; see make measure")
	measureAgents = flag.Int("measure.agents", 20, "agents of that cluster")
	measureQuiet  = flag.Duration("measure.quiet", 10*time.Minute, "how long nothing happens to it")
	measurePage   = flag.String("measure.page", "", "file that the figures are written to, as a page of Markdown; without it they are printed alone")
)

// TestMeasure prints how fast a cluster of real agents at default settings notices what happens to it, as read from
// the events of all agents. It asserts nothing about time, since machines are shared; it does about mistakes.
func TestMeasure(t *testing.T) {
	if !*measure {
		t.Skip("takes minutes: make measure")
	}
	c := startMeasured(t)
	fmt.Printf("%d agents on loopback, profile lan\n", len(c.agents))
	c.join()
	c.leave()
	c.crash()
	c.Stop()
	c.quiet()
	if *measurePage != "" {
		if err := os.WriteFile(*measurePage, []byte(c.page()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// page returns docs/measured/agents.md.
func (c *measured) page() string {
	load, _ := os.ReadFile("/proc/loadavg") // Linux has it; without it the page tells no load
	averages := strings.Fields(string(load))
	return fmt.Sprintf(`# Measured: %d real agents

`+"`make measure`"+` starts %[1]d agents on loopback at default settings (profile lan), follows the events of all of them, does to them
what the table says, and writes this page. It takes about 13 minutes. This run was on %d cores; the load averages at its end were
%s. The figures count from the signal, or the start of the process, to the event at an observer.

| what | observations | first | median | last | aim |
|---|---|---|---|---|---|
%s
| what | found | aim |
|---|---|---|
%s`, *measureAgents, runtime.NumCPU(), strings.Join(averages[:min(3, len(averages))], ", "),
		c.timed.String(), c.counted.String())
}

// measured is a cluster whose agents' events are all recorded as they come.
type measured struct {
	t      *testing.T
	dir    string
	agents []*process
	seen   chan observed
	log    []observed

	timed, counted strings.Builder // rows of the page
}

type observed struct {
	observer string
	at       time.Time // when it was read, on the clock of this process
	api.Event
}

func startMeasured(t *testing.T) *measured {
	c := &measured{t: t, dir: clitest.SocketDir(t), seen: make(chan observed, 1<<16)}
	for range *measureAgents {
		c.add()
	}
	for _, p := range c.agents {
		p.await(30*time.Second, "it knows everybody", func() bool {
			return strings.Count(p.view(), "=alive") == *measureAgents-1
		})
	}
	time.Sleep(10 * time.Second) // let every detector see some arrivals
	c.drain()
	return c
}

// add starts one more agent and follows its events.
func (c *measured) add() *process {
	name := fmt.Sprintf("m%02d", len(c.agents)+1)
	flags := []string{"--bind", "127.0.0.1:0", "--state-dir", filepath.Join(c.dir, "state"), "--log-level", "error"}
	if len(c.agents) > 0 {
		self, err := c.agents[0].client.Self(context.Background())
		if err != nil {
			c.t.Fatal(err)
		}
		flags = append(flags, "--join", self.Address)
	}
	p := startProcess(c.t, c.dir, name, nil, flags...)
	c.agents = append(c.agents, p)
	c.follow(p)
	return p
}

// drain moves what was observed into the log.
func (c *measured) drain() {
	for {
		select {
		case o := <-c.seen:
			c.log = append(c.log, o)
		default:
			return
		}
	}
}

// times waits until n observers have seen an event of a kind about a member since begin, and returns after how long
// each did.
func (c *measured) times(begin time.Time, kind api.EventType, about string, n int, patience time.Duration) []time.Duration {
	c.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		c.drain()
		first := map[string]time.Duration{}
		for _, o := range c.log {
			if o.Type == kind && o.Member.Name == about && o.at.After(begin) {
				if _, ok := first[o.observer]; !ok {
					first[o.observer] = o.at.Sub(begin)
				}
			}
		}
		if len(first) >= n || time.Now().After(deadline) {
			var all []time.Duration
			for _, d := range first {
				all = append(all, d)
			}
			slices.Sort(all)
			if len(all) < n {
				c.t.Errorf("only %d of %d agents saw %s of %s within %s", len(all), n, kind, about, patience)
			}
			return all
		}
	}
}

func (c *measured) printTimes(what string, d []time.Duration, limit string) {
	if len(d) == 0 {
		return
	}
	ms := func(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }
	fmt.Printf("%-44s first %s, median %s, last %s (%d observers; aim: %s)\n",
		what, ms(d[0]), ms(d[len(d)/2]), ms(d[len(d)-1]), len(d), limit)
	fmt.Fprintf(&c.timed, "| %s | %d | %s | %s | %s | %s |\n", strings.ReplaceAll(what, "->", "→"), len(d), ms(d[0]), ms(d[len(d)/2]), ms(d[len(d)-1]), limit)
}

func (c *measured) printCount(what string, n any, aim string) {
	fmt.Printf("%-44s %v (aim: %s)\n", what, n, aim)
	fmt.Fprintf(&c.counted, "| %s | %v | %s |\n", what, n, aim)
}

func (c *measured) others() int { return len(c.agents) - 1 }

func (c *measured) join() {
	var worst []time.Duration
	for range 3 {
		begin := time.Now()
		p := c.add()
		worst = append(worst, c.times(begin, "join", p.name, c.others(), 30*time.Second)...)
	}
	slices.Sort(worst)
	c.printTimes("start of a joiner -> known everywhere, 3 times", worst, "last ≤ 2 s")
	time.Sleep(10 * time.Second)
}

func (c *measured) leave() {
	var worst []time.Duration
	for range 3 {
		p := c.agents[len(c.agents)-1]
		c.agents = c.agents[:len(c.agents)-1]
		begin := time.Now()
		p.end(syscall.SIGTERM)
		worst = append(worst, c.times(begin, "left", p.name, len(c.agents), 30*time.Second)...)
	}
	slices.Sort(worst)
	c.printTimes("SIGTERM -> left everywhere, 3 times", worst, "last ≤ 2 s")
}

func (c *measured) crash() {
	var suspect, dead []time.Duration
	for i := range 5 {
		p := c.agents[1+i]
		begin := time.Now()
		p.kill()
		dead = append(dead, c.times(begin, "dead", p.name, c.others(), 60*time.Second)...)
		suspect = append(suspect, c.times(begin, "suspect", p.name, c.others(), time.Second)...)
		begin = time.Now()
		p.start()
		c.follow(p)
		c.times(begin, "alive", p.name, c.others(), 60*time.Second)
		time.Sleep(10 * time.Second)
	}
	slices.Sort(suspect)
	slices.Sort(dead)
	c.printTimes("SIGKILL -> suspect, 5 times", suspect, "-")
	c.printTimes("SIGKILL -> dead, 5 times", dead, "last ≤ 5 s")
}

// follow reads the events of an agent as long as it runs.
func (c *measured) follow(p *process) {
	go func() {
		for e, err := range p.client.Events(context.Background(), api.EventsRequest{Snapshot: true}) {
			if err != nil {
				return
			}
			c.seen <- observed{p.name, time.Now(), e}
		}
	}()
}

func (c *measured) Stop() {
	p := c.agents[len(c.agents)/2]
	begin := time.Now()
	p.signal(syscall.SIGSTOP)
	time.Sleep(20 * time.Second)
	c.printTimes("SIGSTOP -> suspect", c.times(begin, "suspect", p.name, c.others(), 10*time.Second), "-")
	begin = time.Now()
	p.signal(syscall.SIGCONT)
	c.printTimes("SIGCONT after 20 s -> alive", c.times(begin, "alive", p.name, c.others(), 30*time.Second), "-")
	time.Sleep(20 * time.Second)
	c.drain()
	accused := c.count(begin, func(o observed) bool {
		return o.observer == p.name && (o.Type == "suspect" || o.Type == "dead")
	})
	c.printCount("accusations by the stopped one in 20 s after", accused, "0")
	if accused > 0 {
		c.t.Errorf("the agent that was stopped accused %d times", accused)
	}
}

func (c *measured) quiet() {
	begin := time.Now()
	before := c.bytes()
	time.Sleep(*measureQuiet)
	c.drain()
	accused := c.count(begin, func(o observed) bool {
		accuses := o.Type == "suspect" || o.Type == "dead"
		if accuses {
			fmt.Printf("after %s: %s declares %s %s: %s\n", o.at.Sub(begin), o.observer, o.Member.Name, o.Type, o.Reason)
		}
		return accuses
	})
	c.printCount(fmt.Sprintf("suspicions and deaths in %s of quiet", *measureQuiet), accused, "0")
	rate := float64(c.bytes()-before) / time.Since(begin).Seconds() / float64(len(c.agents))
	c.printCount("sent per agent, without IP and UDP headers", fmt.Sprintf("%.0f B/s", rate), "-")
	if accused > 0 {
		c.t.Errorf("%d accusations in a cluster in which everybody lives", accused)
	}
}

func (c *measured) bytes() (sum uint64) {
	for _, p := range c.agents {
		if self, err := p.client.Self(context.Background()); err == nil {
			sum += self.Counters["bytes_sent"]
		}
	}
	return sum
}

func (c *measured) count(since time.Time, match func(observed) bool) (n int) {
	for _, o := range c.log {
		if o.at.After(since) && match(o) {
			n++
		}
	}
	return n
}
