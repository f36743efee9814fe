package bench

import (
	_ "embed"
	"fmt"
	"math"
	"slices"
	"strings"
	"text/template"

	"heartsay/bench/document"
)

//go:embed benchmarks.md.tmpl
var benchmarks string

// WriteDocuments writes benchmarks.md and its plots into a folder, from the file of what was measured.
func WriteDocuments(file, folder string) error {
	b, err := loadResults(file)
	if err != nil {
		return err
	}
	text, err := b.document()
	if err != nil {
		return err
	}
	return document.Write(folder, map[string]string{
		"benchmarks.md": text, "benchmarks-detection.svg": b.detectionPlot(), "benchmarks-blocked.svg": b.blockedPlot(),
	})
}

// document fills the measured tables into the text.
func (b *results) document() (string, error) {
	text, err := template.New("benchmarks.md").Funcs(template.FuncMap{
		"targets": b.targetTable, "limits": b.limits, "losses": b.losses, "rest": b.rest, "commits": b.commitTable,
		"crash": b.crashTable, "align": b.alignTable, "alignflags": b.alignFlags,
		"sweep": b.sweepTable, "loss": b.lossTable, "summary": b.gridSummary, "grid": b.gridTable,
		"bootstrap": b.bootstrapTable, "oneway": b.oneWayTable, "joins": b.joinsTable, "chitchat": b.chitchatTable,
		"any": func(scenario string) bool { return len(b.find(scenario, 0, "")) > 0 },
	}).Parse(benchmarks)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	err = text.Execute(&out, nil)
	return out.String(), err
}

// detectionPlot sets the time until a crash is known against what it costs to know it.
func (b *results) detectionPlot() string {
	c := document.Chart{
		Title: "Ten of 128 crash: when survivors know, against what it costs",
		X:     "bytes per member and second, headers included",
		Y:     "99th percentile of detection, s",
		Width: 720,
	}
	for _, s := range []struct {
		system, colour, name string
		loss, usual          float64
	}{
		{"heartsay scaled", document.Blue, "heartsay", 0, 0.5}, {"memberlist scaled", document.Red, "memberlist", 0, 1},
		{"heartsay scaled", document.Blue, "heartsay, 30 % of packets lost", 0.3, 0.5}, {"memberlist scaled", document.Red, "memberlist, 30 % of packets lost", 0.3, 1},
	} {
		l := document.Line{Name: s.name, Colour: s.colour, Dashed: s.loss > 0, LabelsBelow: s.system == heartsayAt(0).name}
		for _, r := range ordered(with(b.find("sweep", 0, s.system), "loss", s.loss), "pace_s") {
			l.Points = append(l.Points, document.Dot{
				X: r.value("bytes"), Y: r.value("ten_p99"), Bold: r.Case["pace_s"] == s.usual,
				Label: paceLabel(r.Case["pace_s"], s.loss),
			})
		}
		l.Points = slices.DeleteFunc(l.Points, func(p document.Dot) bool { return math.IsNaN(p.X) || math.IsNaN(p.Y) })
		c.Lines = append(c.Lines, l)
	}
	c.XTicks, c.XLabels = document.TicksOver(c.Lines, func(p document.Dot) float64 { return p.X })
	c.YTicks, c.YLabels = document.TicksOver(c.Lines, func(p document.Dot) float64 { return p.Y })
	return document.Plot(c)
}

func paceLabel(s, loss float64) string {
	if loss > 0 {
		return ""
	}
	if s < 1 {
		return fmt.Sprintf("%g ms", 1000*s)
	}
	return fmt.Sprintf("%g s", s)
}

// blockedPlot sets the false deaths of a run, in the mean of a grid's cells, against the number of blocked members.
func (b *results) blockedPlot() string {
	var panels []document.Chart
	least, most := 1.0, 10.0
	for _, p := range []struct{ key, title string }{
		{"at_healthy", "Healthy members declared dead by healthy ones"},
		{"after_wake", "… by blocked ones after they wake"},
	} {
		c := document.Chart{
			Title: p.title, X: "blocked members of 128", Y: "false deaths in a run of 120 s, mean", Zero: true,
			XTicks: []float64{1, 2, 4, 8}, XLabels: []string{"1", "8", "16", "32"}, Width: 480, // evenly spaced
		}
		for _, s := range []struct{ system, colour, name string }{
			{memberlistLAN.name, document.Red, "memberlist, default"}, {memberlistFast.name, document.Orange, "memberlist, probe 200 ms"},
			{ours, document.Blue, "heartsay, default"},
		} {
			l := document.Line{Name: s.name, Colour: s.colour}
			for i, blocked := range []float64{1, 8, 16, 32} {
				cells := with(b.find("block", 0, s.system), "blocked", blocked)
				if len(cells) == 0 {
					continue
				}
				v := sum(cells, func(r row) float64 { return r.value(p.key) }) / sum(cells, func(r row) float64 { return float64(r.Seeds) })
				most = max(most, v)
				if v > 0 {
					least = min(least, math.Pow(10, math.Floor(math.Log10(v))))
				}
				l.Points = append(l.Points, document.Dot{X: c.XTicks[i], Y: v})
			}
			c.Lines = append(c.Lines, l)
		}
		panels = append(panels, c)
	}
	for i := range panels {
		panels[i].YTicks, panels[i].YLabels = document.Decades(least, most, document.TickLabel)
	}
	return document.Plot(panels...)
}
