package simulate

import (
	"fmt"
	"io"
	"runtime"
	"strconv"
	"strings"

	"heartsay/cmd/heartsay/internal/render"
	"heartsay/sim"
)

// plan is what plan prints as JSON. Times are in seconds.
type plan struct {
	Members      int         `json:"members"`
	Simulated    int         `json:"simulated"`
	DetectWithin float64     `json:"detect_within_seconds"`
	Loss         float64     `json:"loss"`
	Budget       *float64    `json:"budget_bytes_per_second"` // null: none
	Seed         uint64      `json:"seed"`
	Candidates   []planTrial `json:"candidates"`
	Recommended  *planTrial  `json:"recommended"` // null: none fits
}

// planTrial is one candidate and what it was measured to do.
type planTrial struct {
	Interval     float64       `json:"interval_seconds"`
	Fanout       int           `json:"fanout"`
	SuspectMin   float64       `json:"suspect_min_seconds"`
	SuspectMax   float64       `json:"suspect_max_seconds"`
	DeadMin      float64       `json:"dead_min_seconds"`
	DeadMax      float64       `json:"dead_max_seconds"`
	Detection    sim.Detection `json:"detection"`
	FalseSuspect float64       `json:"false_suspect_per_member_hour"`
	FalseDead    float64       `json:"false_dead_per_member_hour"`
	MemberHours  float64       `json:"member_hours"`
	Bytes        float64       `json:"bytes_per_member_per_second"`
	Failed       []string      `json:"failed"` // limits that it does not keep to: detect-within, budget, false-dead
	Flags        string        `json:"flags"`  // of heartsay agent
}

func newPlan(w sim.PlanGoal, trials []sim.Trial) plan {
	p := plan{
		Members: w.Members, Simulated: w.Simulated, DetectWithin: w.DetectWithin.Seconds(), Loss: w.Loss, Seed: w.Seed,
	}
	if w.Budget > 0 {
		p.Budget = &w.Budget
	}
	for _, t := range trials {
		p.Candidates = append(p.Candidates, newPlanTrial(t))
	}
	if best := sim.Best(trials); best >= 0 {
		p.Recommended = &p.Candidates[best]
	}
	return p
}

func newPlanTrial(t sim.Trial) planTrial {
	c, r := t.Candidate, t.Report
	failed := []string{}
	for _, f := range []struct {
		is   bool
		what string
	}{{t.TooSlow, "detect-within"}, {t.TooDear, "budget"}, {t.Mistaken, "false-dead"}} {
		if f.is {
			failed = append(failed, f.what)
		}
	}
	return planTrial{
		Interval: c.Interval.Seconds(), Fanout: c.Fanout,
		SuspectMin: c.Suspect.Min.Seconds(), SuspectMax: c.Suspect.Max.Seconds(),
		DeadMin: c.Dead.Min.Seconds(), DeadMax: c.Dead.Max.Seconds(),
		Detection: r.Detection, FalseSuspect: perHour(r.FalseSuspect, t.Hours), FalseDead: perHour(r.FalseDead, t.Hours),
		MemberHours: twoDigits(t.Hours), Bytes: r.BytesPerMemberPerSecond, Failed: failed,
		Flags: fmt.Sprintf("--interval %s --fanout %d --suspect-min %s --suspect-max %s --dead-min %s --dead-max %s",
			c.Interval, c.Fanout, c.Suspect.Min, c.Suspect.Max, c.Dead.Min, c.Dead.Max),
	}
}

// perHour returns a count as so many in an hour, to two digits after the point.
func perHour(n int, hours float64) float64 { return twoDigits(float64(n) / hours) }

// twoDigits rounds x to two digits after the point.
func twoDigits(x float64) float64 {
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'f', 2, 64), 64)
	return rounded
}

// writePlan writes a plan for people.
func writePlan(w io.Writer, p plan) error {
	t := render.Table[*planTrial]{Columns: []render.Column[*planTrial]{
		{Title: "", Cell: func(c *planTrial) string {
			if c == p.Recommended {
				return "*"
			}
			return " "
		}},
		{Title: "INTERVAL", Right: true, Cell: func(c *planTrial) string { return fmt.Sprintf("%gs", c.Interval) }},
		{Title: "FANOUT", Right: true, Cell: func(c *planTrial) string { return strconv.Itoa(c.Fanout) }},
		{Title: "P50", Right: true, Cell: func(c *planTrial) string { return simSeconds(c.Detection.P50) }},
		{Title: "P99", Right: true, Cell: func(c *planTrial) string { return simSeconds(c.Detection.P99) }},
		{Title: "MISSED", Right: true, Cell: func(c *planTrial) string { return strconv.Itoa(c.Detection.Missed) }},
		{Title: "SUSPECT/H", Right: true, Cell: func(c *planTrial) string { return fmt.Sprintf("%.2f", c.FalseSuspect) }},
		{Title: "DEAD/H", Right: true, Cell: func(c *planTrial) string { return fmt.Sprintf("%.2f", c.FalseDead) }},
		{Title: "B/S", Right: true, Cell: func(c *planTrial) string { return fmt.Sprintf("%.0f", c.Bytes) }},
		{Title: "FAILS", Cell: func(c *planTrial) string { return strings.Join(c.Failed, ", ") }},
	}}
	var rows []*planTrial
	for i := range p.Candidates {
		rows = append(rows, &p.Candidates[i])
	}
	if p.Simulated < p.Members {
		fmt.Fprintf(w, "%d members stand for %d, which take longer and send more: --simulate %d measures them.\n",
			p.Simulated, p.Members, p.Members)
	}
	if err := t.Write(w, rows); err != nil || p.Recommended == nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\nheartsay agent %s\n", p.Recommended.Flags)
	return err
}

func processors() int { return runtime.GOMAXPROCS(0) }
