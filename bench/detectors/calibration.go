package detectors

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"heartsay/bench/document"
)

// The model was made on other recordings, of seed 1, but some of it was changed after cells of seed 2 had been seen, and some
// after some of seed 11: docs/calibration.md tells which. Nothing was changed after seed 12.
const calibrationSeed, freshSeed, secondSeed = 2, 11, 12

// calibrationCells are those whose figures docs/measured/phi-*.md show. A digest of 100 members fits in 64 bytes, the least
// budget there is, but at fanout 1 under loss; one of 1000 takes three turns with 256 and fits in 1000.
func calibrationCells() (all []cell) {
	for _, members := range []int{10, 100, 1000} {
		seed := uint64(calibrationSeed)
		if members == 1000 {
			seed = freshSeed
		}
		for _, loss := range []float64{0, 0.1, 0.3} {
			for fanout := 1; fanout <= 3; fanout++ {
				all = append(all, cell{members, loss, fanout, 256, seed})
			}
		}
	}
	return append(all, cell{100, 0.3, 1, 64, calibrationSeed},
		cell{1000, 0, 3, 1000, freshSeed}, cell{1000, 0, 1, 256, secondSeed}, cell{1000, 0.3, 3, 256, secondSeed})
}

// Calibrate measures what Φ is worth in the cells whose name matches, or in all when chosen is nil, and keeps it in a file after each.
// A folder of recordings, unless it is "", keeps the waits, so that another model is judged in minutes. Each row is logged as well.
func Calibrate(file, recordings string, chosen *regexp.Regexp, log func(format string, args ...any)) error {
	for _, c := range calibrationCells() {
		if chosen != nil && !chosen.MatchString(c.String()) {
			continue
		}
		r, err := c.recorded(recordings)
		if err != nil {
			return err
		}
		judged := c.judge(r)
		for _, p := range judged {
			log("%s", p.row())
		}
		if err := keepCalibration(file, judged); err != nil {
			return err
		}
	}
	return nil
}

// keepCalibration replaces what was measured of a cell, in the order of calibrationCells.
func keepCalibration(file string, judged []passes) error {
	var all []passes
	if err := readJSON(file, &all); err != nil {
		return err
	}
	order := calibrationCells()
	all = slices.DeleteFunc(all, func(p passes) bool { return p.Cell == judged[0].Cell || !slices.Contains(order, p.Cell) })
	all = append(all, judged...)
	slices.SortStableFunc(all, func(a, b passes) int { return cmp.Compare(slices.Index(order, a.Cell), slices.Index(order, b.Cell)) })
	return writeJSON(file, all)
}

// readJSON reads a file of what was measured. The error names the file.
func readJSON(file string, all any) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, all); err != nil {
		return fmt.Errorf("read %s: %w", file, err)
	}
	return nil
}

// writeJSON replaces a file of what was measured.
func writeJSON(file string, all any) error {
	text, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}

// calibrationDocuments are the two documents of what Φ is worth, by the name of the file: clusters that had time to learn, and
// the large ones before that.
var calibrationDocuments = [2]struct{ file, title string }{
	{"phi-settled.md", "What Φ is worth: clusters that had time to learn"},
	{"phi-young.md", "What Φ is worth: young clusters of 1000 members"},
}

const calibrationHead = `
The share of waits that passed Φ 1 to 6, in units of 10^−Φ: 1.00 is exact, 2 is twice too bold. From Φ 4 on the number in
parentheses is at how many moments of one observer they passed, since they end in bursts. [Calibration](../calibration.md) says
more. This file is written by ` + "`go run ./bench/cmd/bench documents`" + `, from what ` + "`go run ./bench/cmd/bench calibrate`" + ` measured in
some hours.

| members | loss | fanout | budget | seed | intervals | waits | Φ 1 | 2 | 3 | 4 | 5 | 6 |
|---|---|---|---|---|---|---|---|---|---|---|---|---|
`

// writeCalibration writes the two documents into a folder, from the file of what was measured.
func writeCalibration(file, folder string) error {
	var all []passes
	if err := readJSON(file, &all); err != nil {
		return err
	}
	var tables [2]strings.Builder
	for i, d := range calibrationDocuments {
		tables[i].WriteString("# " + d.title + "\n" + calibrationHead)
	}
	for _, p := range all {
		i := 0
		if p.Window.To < p.Cell.intervals() {
			i = 1
		}
		tables[i].WriteString(p.row() + "\n")
	}
	texts := map[string]string{}
	for i, d := range calibrationDocuments {
		texts[d.file] = tables[i].String()
	}
	return document.Write(folder, texts)
}

// row is a row of the tables. Each share beyond Φ 3 has the number of moments that it rests on.
func (p passes) row() string {
	c := p.Cell
	s := fmt.Sprintf("| %d | %g %% | %d | %d | %d | %d to %d | %d |", c.Members, 100*c.Loss, c.Fanout, c.Budget, c.Seed,
		p.Window.From, p.Window.To, p.Waits)
	for k := range p.Passed {
		s += fmt.Sprintf(" %.2f", p.share(k))
		if k >= 3 {
			s += fmt.Sprintf(" (%d)", p.Moments[k])
		}
		s += " |"
	}
	return s
}
