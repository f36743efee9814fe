package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"heartsay/api"
	"heartsay/cmd/heartsay/internal/cli"
	"heartsay/cmd/heartsay/internal/render"
)

func infoCommand() *cli.Command {
	return &cli.Command{
		Name:      "info",
		Usage:     "show the state of the agent itself",
		UsageText: "heartsay info [flags]",
		Flags:     cli.WithAPI(cli.OutputFlag("table", "json")),
		Action: func(c *cli.Call) error {
			client, err := cli.NewClient(c.Line)
			if err != nil {
				return err
			}
			self, err := client.Self(c.Context)
			if err != nil {
				return err
			}
			if c.String("output") == "json" {
				return render.WriteJSON(c.Out, self, true)
			}
			return c.Println("%s", strings.Join(infoLines(self, time.Now()), "\n"))
		},
	}
}

// infoLines returns s as lines of a word and its value. Counters that are still 0 are left out.
func infoLines(s api.Self, now time.Time) []string {
	var lines []string
	add := func(word, format string, args ...any) {
		lines = append(lines, strings.TrimRight(render.Pad(word, 13)+render.Escape(fmt.Sprintf(format, args...)), " "))
	}
	add("name", "%s", s.Name)
	add("cluster", "%s", s.Cluster)
	add("gossip", "%s, listening on %s", s.Address, s.Bind)
	for _, about := range []string{s.AddressReason, s.AddressDoubt, s.AddressFault} {
		if about != "" {
			add("", "%s", about)
		}
	}
	add("api", "%s", s.API)
	add("zone", "%s", render.OrDash(s.Zone))
	add("tags", "%s", render.OrDash(tagList(s.Tags)))
	add("build", "%s, protocol %d", render.OrDash(s.Build), s.Protocol)
	add("pid", "%d, started %s, %s ago", s.PID, s.Started.Local().Format(time.DateTime), render.Age(now, s.Started))
	add("profile", "%s: a heartbeat every %gs, fanout %d", s.Profile, s.Interval.Seconds(), s.Fanout)
	add("detector", "%s: suspect at phi %g, dead at phi %g", s.Detector, s.SuspectPhi, s.DeadPhi)
	add("incarnation", "%d, heartbeat %d", s.Incarnation, s.Heartbeat)
	add("members", "%s", countStates(s.States))
	add("paths", "%d udp, %d stream", s.Paths[api.PathUDP], s.Paths[api.PathStream])
	add("events", "%s:%d", s.Epoch, s.LastSeq)
	add("state file", "%s", render.OrDash(s.StateFile))
	add("stalls", "%d, %s in all", s.Stalls, render.Seconds(s.Stalled))
	add("process", "%d goroutines, %.1f MiB of heap", s.Goroutines, float64(s.HeapBytes)/(1<<20))
	for _, seed := range s.Seeds {
		add("seed", "%s: %s", seed.Address, describeSeed(seed, now))
	}
	for _, name := range slices.Sorted(maps.Keys(s.Counters)) {
		if n := s.Counters[name]; n > 0 {
			add("counter", "%s %d", name, n)
		}
	}
	return lines
}

// countStates returns how many members are in each state, all states named.
func countStates(states map[api.State]int) string {
	total, parts := 0, make([]string, 0, len(states))
	for _, state := range api.States() {
		total += states[state]
		parts = append(parts, fmt.Sprintf("%d %s", states[state], state))
	}
	return fmt.Sprintf("%d: %s", total, strings.Join(parts, ", "))
}

func describeSeed(s api.Seed, now time.Time) string {
	switch {
	case s.LastTried == nil:
		return "not tried yet"
	case s.Joined:
		return "joined " + render.Age(now, *s.LastTried) + " ago"
	}
	return "failed " + render.Age(now, *s.LastTried) + " ago: " + render.OrDash(s.LastError)
}
