package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"heartsay/agent"
	"heartsay/sim"
)

func simCommand() *cli.Command {
	return &cli.Command{
		Name:      "sim",
		Usage:     "run a cluster in virtual time, with faults, and report on it",
		UsageText: "heartsay sim [flags]",
		Description: `Runs the engine of the agents, without an agent, a network or a clock. All members
start at random moments within one interval and join by the first. When all know
all, and 40 intervals later, the faults begin, each at members of its own chosen by
the seed, and the time of --for begins to run. The same flags give the same output.

A verdict is false when its subject ran and was not frozen, blocked or cut off, nor
had been until a moment ago. Observers that were struck themselves do not count as
healthy. Times are in virtual seconds; bytes are what a running member sends, with
IP and UDP headers. Exits with 1 when an engine broke a promise; --trace then tells
how it came to it.`,
		Flags: append(append(engineFlags(), networkFlags()...),
			&cli.IntFlag{Name: "members", Value: 100, Usage: "a cluster of `N` members"},
			&cli.BoolFlag{Name: "settled", Usage: "let all members know all others from the start: nobody has to join"},
			&cli.IntFlag{Name: "crash", Usage: "crash `K` members at once"},
			text("freeze", "", "stop members as SIGSTOP does: `K:D`, K of them for a duration"),
			text("block", "", "hold what members send and get: `K:D:I`, K of them for D, open for I, again until the end"),
			text("partition", "", "cut members off from the others: `K:D`, K of them for a duration"),
			&cli.DurationFlag{Name: "for", Value: time.Minute, Usage: "go on for `DURATION` of virtual time after the warm-up"},
			&cli.IntFlag{Name: "seed", Value: 1, Usage: "`S` of all that is random; another one is another run"},
			text("trace", "", "write each event and message of the run to `FILE`"),
			outputFlag("table", "json"),
		),
		Action: takes(0, 0, "", simAction),
	}
}

// engineFlags returns the flags that say how simulated members are configured.
func engineFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "profile", Value: "lan", Usage: "take the defaults of `PROFILE`: " + strings.Join(agent.Profiles(), ", ")},
		duration("interval", "time `DURATION` between two heartbeats"),
		&cli.IntFlag{Name: "fanout", DefaultText: fromProfile, Usage: "exchange with `K` peers in each interval"},
		&cli.IntFlag{Name: "digest-budget", DefaultText: "256", Usage: "tell `BYTES` of heartbeats in a digest at most; a longer list takes turns"},
	}
}

// networkFlags returns the flags that say what the virtual network is like.
func networkFlags() []cli.Flag {
	return []cli.Flag{
		&cli.Float64Flag{Name: "loss", Usage: "lose a share `P` of the packets, 0 to 1; streams lose nothing"},
		&cli.DurationFlag{Name: "latency", Value: time.Millisecond, Usage: "packets take at least `DURATION`, one way"},
		&cli.DurationFlag{Name: "jitter", Usage: "and up to `DURATION` longer"},
	}
}

func simAction(c *cli.Context) error {
	format, err := parseOutput(c, "table", "json")
	if err != nil {
		return err
	}
	s, err := parseScenario(c)
	if err != nil {
		return err
	}
	warnOfMemory(c.App.ErrWriter, s.Members)
	if s.Members >= manyMembers {
		debug.SetGCPercent(thriftyGC)
	}
	bar := newProgress(c.App.ErrWriter)
	s.Progress = bar.show
	rep, err := runTraced(s, c.String("trace"))
	bar.clear()
	if err != nil {
		return err
	}
	if format == "json" {
		return writeJSON(c.App.Writer, rep, true)
	}
	return writeSimReport(c.App.Writer, rep)
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
