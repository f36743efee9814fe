// Package simulate holds the commands that run clusters in virtual time: sim runs one scenario and reports on it, plan
// tries configurations and recommends the cheapest one that keeps to the limits. Neither needs an agent.
package simulate

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"slices"

	"heartsay/agent"
	"heartsay/cmd/heartsay/internal/cli"
	"heartsay/cmd/heartsay/internal/render"
	"heartsay/sim"
)

func SimCommand() *cli.Command {
	return &cli.Command{
		Name:      "sim",
		Usage:     "run a cluster in virtual time, with faults, and report on it",
		UsageText: "heartsay sim [flags]",
		Description: `Runs the engine of the agents, without an agent, a network or a clock. All members
start at random moments within one interval and join by the first. When all know
all, and 40 intervals later, the faults and the time of --for begin. Each fault
strikes members of its own, chosen by the seed. The same flags give the same output.

A verdict is false when its subject ran and was not frozen, blocked or cut off, at
that time or shortly before. Observers with a fault do not count as healthy. Times
are in virtual seconds. Bytes are those that a running member sends, with IP and UDP
headers. Exits with 1 when an engine broke a promise; --trace then shows how.`,
		Flags: slices.Concat(engineFlags(), networkFlags(), []cli.Flag{
			{Name: "members", Kind: cli.KindInt, Default: "100", Usage: "a cluster of `N` members"},
			cli.Bool("settled", "let all members know all others from the start: none has to join"),
			cli.Int("crash", "", "crash `K` members at once"),
			cli.Text("freeze", "", "stop members as SIGSTOP does: `K:D`, K of them for a duration"),
			cli.Text("block", "", "hold what members send and receive: `K:D:I`, K of them for D, open for I, again until the end"),
			cli.Text("partition", "", "cut members off from the others: `K:D`, K of them for a duration"),
			{Name: "for", Kind: cli.KindDuration, Default: "1m0s", Usage: "go on for `DURATION` of virtual time after the warm-up"},
			{Name: "seed", Kind: cli.KindInt, Default: "1", Usage: "seed `S` of all random choices; another seed is another run"},
			cli.Text("trace", "", "write each event and message of the run to `FILE`"),
			cli.OutputFlag("table", "json"),
		}),
		Action: simAction,
	}
}

// fromProfile is what holds without a flag.
const fromProfile = "from the profile"

// engineFlags returns the flags that say how simulated members are configured.
func engineFlags() []cli.Flag {
	return []cli.Flag{
		cli.Choice("profile", "lan", "take the defaults of `PROFILE`", agent.Profiles()...),
		cli.Duration("interval", fromProfile, "time `DURATION` between two heartbeats"),
		cli.Int("fanout", fromProfile, "exchange with `K` peers in each interval"),
		cli.Int("digest-budget", "256", "send `BYTES` of heartbeats in a digest at most; a longer list takes turns"),
	}
}

// networkFlags returns the flags that say what the virtual network is like.
func networkFlags() []cli.Flag {
	return []cli.Flag{
		cli.Number("loss", "", "lose a share `P` of the packets, 0 to 1; streams lose nothing"),
		{Name: "latency", Kind: cli.KindDuration, Default: "1ms", Usage: "packets take at least `DURATION`, one way"},
		cli.Duration("jitter", "", "and up to `DURATION` longer"),
	}
}

func simAction(c *cli.Call) error {
	format := c.String("output")
	s, err := parseScenario(c)
	if err != nil {
		return err
	}
	warnOfMemory(c.Err, s.Members)
	if s.Members >= manyMembers {
		debug.SetGCPercent(thriftyGC)
	}
	bar := render.NewProgress(c.Err)
	s.Progress = bar.Show
	rep, err := runTraced(s, c.String("trace"))
	bar.Clear()
	if err != nil {
		return err
	}
	if format == "json" {
		return render.WriteJSON(c.Out, rep, true)
	}
	return writeSimReport(c.Out, rep)
}

// A large simulation is collected more often than is usual: what lies around is a share of what lives, and what lives is
// nearly all of the memory.
const (
	manyMembers = 2000
	thriftyGC   = 15 // percent of the living memory
)

// pairBytes is about what a simulation takes for each pair of members, with what the garbage collector leaves lying: 116 were
// measured at 10,000 members.
const pairBytes = 130

// warnOfMemory tells of a simulation that takes much memory: a computer that has less ends the program without a word.
func warnOfMemory(w io.Writer, members int) {
	if need := float64(members) * float64(members) * pairBytes / 1e9; need > 4 {
		fmt.Fprintf(w, "heartsay sim: %d members take about %.0f GB of memory\n", members, need)
	}
}

// runTraced runs a scenario, and writes its trace to path unless that is "".
func runTraced(s sim.Scenario, path string) (sim.Report, error) {
	if path == "" {
		return s.Run()
	}
	f, err := os.Create(path)
	if err != nil {
		return sim.Report{}, fmt.Errorf("write trace: %w", err)
	}
	w := bufio.NewWriter(f)
	s.Trace = w
	rep, err := s.Run()
	if failed := errors.Join(w.Flush(), f.Close()); failed != nil {
		return rep, errors.Join(err, fmt.Errorf("write trace: %w", failed))
	}
	return rep, err
}
