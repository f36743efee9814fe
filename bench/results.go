package bench

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"sync"
)

// row is what was measured in one case of a scenario, over all its seeds.
type row struct {
	Scenario string             `json:"scenario"`
	System   string             `json:"system"`
	Members  int                `json:"members"`
	Case     map[string]float64 `json:"case,omitempty"`
	Seeds    int                `json:"seeds"`
	Commit   string             `json:"commit,omitempty"` // of heartsay, when it was measured; "": memberlist's rows do not depend on it
	Values   map[string]float64 `json:"values"`           // times in seconds, counts over all seeds; what does not exist is left out
}

// value returns a measured value, NaN when there is none.
func (r row) value(name string) float64 {
	if v, ok := r.Values[name]; ok {
		return v
	}
	return math.NaN()
}

// caption names the case.
func (r row) caption() string {
	parts := []string{r.Scenario, r.System, fmt.Sprint(r.Members)}
	for _, k := range slices.Sorted(maps.Keys(r.Case)) {
		parts = append(parts, fmt.Sprintf("%s=%g", k, r.Case[k]))
	}
	return strings.Join(parts, " ")
}

// results are all that was measured.
type results struct {
	path string
	rows []row
}

// loadResults reads what was measured before; nothing when there is no file. The error names the file.
func loadResults(path string) (*results, error) {
	b := &results{path: path}
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return b, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &b.rows); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return b, nil
}

// replace puts rows in the place of those of the same case.
func (b *results) replace(rows []row) {
	fresh := map[string]bool{}
	for i := range rows {
		maps.DeleteFunc(rows[i].Values, func(_ string, v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) })
		fresh[rows[i].caption()] = true
	}
	b.rows = slices.DeleteFunc(b.rows, func(r row) bool { return fresh[r.caption()] })
	b.rows = append(b.rows, rows...)
	slices.SortStableFunc(b.rows, func(x, y row) int {
		return cmp.Or(cmp.Compare(x.Scenario, y.Scenario), cmp.Compare(x.Members, y.Members))
	})
}

func (b *results) save() error {
	var text strings.Builder
	text.WriteString("[\n")
	for i, r := range b.rows {
		line, err := json.Marshal(r)
		if err != nil {
			return err
		}
		text.Write(line)
		text.WriteString([]string{",\n", "\n"}[btoi(i == len(b.rows)-1)])
	}
	text.WriteString("]\n")
	return os.WriteFile(b.path, []byte(text.String()), 0o644)
}

// find returns the rows of a scenario, of a size and of a system; 0 and "" mean any.
func (b *results) find(scenario string, members int, system string) (found []row) {
	for _, r := range b.rows {
		if r.Scenario == scenario && (members == 0 || r.Members == members) && (system == "" || r.System == system) {
			found = append(found, r)
		}
	}
	return found
}

// with returns the rows whose case has a value.
func with(rows []row, key string, v float64) []row {
	return slices.DeleteFunc(slices.Clone(rows), func(r row) bool { return r.Case[key] != v })
}

// overSeeds runs each case with each seed, o.parallel at a time, and returns the results by case and seed.
func overSeeds[C, R any](o options, cases []C, seeds int, run func(Bubble, C, uint64) R) [][]R {
	results := make([][]R, len(cases))
	var all sync.WaitGroup
	free := make(chan struct{}, o.parallel)
	for i, c := range cases {
		results[i] = make([]R, seeds)
		for s := range seeds {
			free <- struct{}{}
			all.Go(func() {
				results[i][s] = run(o.in, c, uint64(s+1))
				<-free
			})
		}
	}
	all.Wait()
	return results
}
