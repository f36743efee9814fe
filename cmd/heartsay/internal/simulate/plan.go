package simulate

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"heartsay/agent"
	"heartsay/cmd/heartsay/internal/cli"
	"heartsay/cmd/heartsay/internal/render"
	"heartsay/sim"
)

// planSimulated is how many members are simulated at most when nothing else is said: that takes about half a minute.
const planSimulated = 256

func PlanCommand() *cli.Command {
	return &cli.Command{
		Name:      "plan",
		Usage:     "find the interval and fanout that a cluster needs, by simulation",
		UsageText: "heartsay plan --members N --detect-within D [flags]",
		Description: `Simulates several configurations. Prints for each the time in which 99 of 100
healthy members detect a crash, the false verdicts in one hour of a member, and the
bytes that a member sends. * marks the cheapest one that is fast enough, keeps to the
budget and declared no live member dead. Exits with 7 and says why when there is none.

A cluster of more than 256 members is simulated with 256, unless --simulate says more.
A larger one takes longer and sends more, so the result is a lower bound then. Stalls
of hosts are not simulated, so leave room for them.`,
		Flags: append([]cli.Flag{
			cli.Int("members", "", "the cluster has `N` members"),
			cli.Duration("detect-within", "", "members must detect a crash within `DURATION`"),
			cli.Number("budget", "", "a member may send this many bytes per second, `B/s`, with all headers"),
			{Name: "simulate", Kind: cli.KindInt, Default: strconv.Itoa(planSimulated), Usage: "simulate `N` members at most"},
			{Name: "seed", Kind: cli.KindInt, Default: "1", Usage: "seed `S` of all random choices"},
			cli.OutputFlag("table", "json"),
		}, networkFlags()[:2]...),
		Action: planAction,
	}
}

func planAction(c *cli.Call) error {
	format := c.String("output")
	goal, err := parseGoal(c)
	if err != nil {
		return err
	}
	base, err := agent.DefaultConfig("lan")
	if err != nil {
		return err
	}
	bar := render.NewProgress(c.Err)
	trials, err := tryAll(goal.Candidates(settingsOf(base)), bar)
	bar.Clear()
	if err != nil {
		return err
	}
	p := newPlan(goal, trials)
	if format == "json" {
		err = render.WriteJSON(c.Out, p, true)
	} else {
		err = writePlan(c.Out, p)
	}
	if err == nil && p.Recommended == nil {
		return cli.WithCode(cli.ExitFalse, whyNone(goal, trials))
	}
	return err
}

// parseGoal returns what the flags ask for.
func parseGoal(c *cli.Call) (sim.PlanGoal, error) {
	w := sim.PlanGoal{
		Members: c.Int("members"), DetectWithin: c.Duration("detect-within"), Loss: c.Number("loss"),
		Latency: c.Duration("latency"), Budget: c.Number("budget"), Seed: uint64(max(0, c.Int("seed"))),
	}
	most := c.Int("simulate")
	w.Simulated = min(w.Members, most)
	switch {
	case !c.IsSet("members") || !c.IsSet("detect-within"):
		return w, cli.UsageError("what to plan for is missing: give --members N and --detect-within DURATION")
	case w.Members < 2:
		return w, cli.UsageError("%s %d: a cluster that detects crashes has at least 2 members", c.Origin("members"), w.Members)
	case most < 2 || most > sim.MaxMembers:
		return w, cli.UsageError("%s %d: 2 to %d can be simulated", c.Origin("simulate"), most, sim.MaxMembers)
	case w.DetectWithin <= 0:
		return w, cli.UsageError("%s %s: a duration above 0 is needed", c.Origin("detect-within"), w.DetectWithin)
	case c.IsSet("budget") && w.Budget <= 0:
		return w, cli.UsageError("%s %g: a budget above 0 is needed", c.Origin("budget"), w.Budget)
	case c.Int("seed") < 0:
		return w, cli.UsageError("%s %d: a seed is not negative", c.Origin("seed"), c.Int("seed"))
	}
	return w, checkNetwork(c)
}

// tryAll measures all candidates, as many at a time as there are processors, and returns the trials in their order.
func tryAll(candidates []sim.Candidate, bar *render.Progress) ([]sim.Trial, error) {
	type result struct {
		i     int
		trial sim.Trial
		err   error
	}
	results, turn := make(chan result), make(chan struct{}, processors())
	for i, candidate := range candidates {
		go func() {
			turn <- struct{}{}
			trial, err := candidate.Try(nil)
			<-turn
			results <- result{i, trial, err}
		}()
	}
	trials, faults := make([]sim.Trial, len(candidates)), []error(nil)
	for done := range candidates {
		bar.Count(done, len(candidates))
		r := <-results
		trials[r.i] = r.trial
		faults = append(faults, r.err)
	}
	return trials, errors.Join(faults...)
}

// whyNone says which limit no candidate kept to.
func whyNone(w sim.PlanGoal, trials []sim.Trial) error {
	var quick, right []sim.Trial
	for _, t := range trials {
		if !t.TooSlow {
			quick = append(quick, t)
			if !t.Mistaken {
				right = append(right, t)
			}
		}
	}
	switch {
	case len(quick) == 0:
		return fmt.Errorf("no configuration detects a crash within %s: %s", w.DetectWithin, quickest(trials))
	case len(right) == 0:
		return fmt.Errorf("every configuration that detects a crash within %s declared live members dead", w.DetectWithin)
	}
	least := right[0].Report.BytesPerMemberPerSecond
	for _, t := range right {
		least = min(least, t.Report.BytesPerMemberPerSecond)
	}
	return fmt.Errorf("no configuration that detects a crash within %s keeps to %g B/s: the cheapest sends %.0f B/s",
		w.DetectWithin, w.Budget, least)
}

// quickest says how near the trials came.
func quickest(trials []sim.Trial) string {
	best := -1
	for i, t := range trials {
		if p := t.Report.Detection.P99; p != nil && (best < 0 || *p < *trials[best].Report.Detection.P99) {
			best = i
		}
	}
	if best < 0 {
		return "no crash was found out about at all"
	}
	t := trials[best]
	return fmt.Sprintf("the quickest, every %s with fanout %d, takes %.3gs at p99", t.Candidate.Interval, t.Candidate.Fanout,
		*t.Report.Detection.P99)
}

// checkNetwork returns a usage error when the network that the flags describe cannot be.
func checkNetwork(c *cli.Call) error {
	for _, name := range []string{"latency", "jitter"} {
		if _, has := c.Command().Find(name); !has {
			continue
		}
		if d := c.Duration(name); d < 0 || d > time.Minute {
			return cli.UsageError("%s %s: 0 to 1m is needed", c.Origin(name), d)
		}
	}
	if p := c.Number("loss"); p < 0 || p > 1 {
		return cli.UsageError("%s %g: a share of the packets is from 0 to 1", c.Origin("loss"), p)
	}
	return nil
}
