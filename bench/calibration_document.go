package bench

import (
	"fmt"
	"strings"

	"heartsay/bench/document"
)

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
