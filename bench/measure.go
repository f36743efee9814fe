package bench

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Options say what [Measure] measures.
type Options struct {
	Bubble    Bubble
	Scenarios []string       // names; nil: all
	Only      *regexp.Regexp // cases by caption, like memberlist.*loss=0.3; nil: all. The rows of other cases stay
	Seeds     int            // runs of each case; 0: five of a crash, one of 1000 members, three of all else
	Thousand  bool           // clusters of 1000 members in place of 32 and 128
	Parallel  int            // runs at a time, at least 1
	Commit    string         // of heartsay, which is kept with its rows
	Results   string         // file of what was measured: the cases measured now replace their older rows
	Log       func(format string, args ...any)
}

// ScenarioNames returns the names of all scenarios.
func ScenarioNames() (names []string) {
	for _, s := range scenarios() {
		names = append(names, s.name)
	}
	return names
}

// Measure runs scenarios one after the other, and keeps the rows of each when it is over. An error says what cannot be run,
// read or written; the rows of the scenarios before it are kept.
func Measure(o Options) error {
	for _, name := range o.Scenarios {
		if !slices.Contains(ScenarioNames(), name) {
			return fmt.Errorf("there is no scenario %q: there are %s", name, strings.Join(ScenarioNames(), ", "))
		}
	}
	kept, err := loadResults(o.Results)
	if err != nil {
		return err
	}
	run := options{in: o.Bubble, parallel: o.Parallel, seeds: o.Seeds, sizes: []int{32, 128}, wanted: o.Only, results: kept}
	if o.Thousand {
		run.sizes = []int{1000}
	}
	for _, s := range scenarios() {
		if len(o.Scenarios) > 0 && !slices.Contains(o.Scenarios, s.name) {
			continue
		}
		for _, needed := range s.needs {
			if len(kept.find(needed, 0, "")) == 0 {
				return fmt.Errorf("the scenario %s starts from the rows of %s, which is not measured yet", s.name, needed)
			}
		}
		began := time.Now()
		if err := kept.keep(s.run(run), o.Commit); err != nil {
			return err
		}
		o.Log("%s took %s", s.name, time.Since(began).Round(time.Second))
	}
	return nil
}

// keep replaces rows and saves them all. Those of heartsay get the commit.
func (b *results) keep(rows []row, commit string) error {
	for i := range rows {
		if strings.HasPrefix(rows[i].System, "heartsay") {
			rows[i].Commit = commit
		}
	}
	b.replace(rows)
	return b.save()
}
