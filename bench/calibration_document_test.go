package bench

import (
	"fmt"
	"os"
	"regexp"
	"testing"
)

// calibrationTable matches a table in docs/protocol.md of what was measured: its head, and its rows.
var calibrationTable = regexp.MustCompile(`(?m)^(\| members \| loss \| fanout \| budget \| seed \| intervals \|.*\n\|---.*\n)((?:\|.*\n)*)`)

// TestCalibrationDocument holds the tables of docs/protocol.md to what was measured, or writes them. The first has what each
// cluster was judged by when there was time to learn, the second what the large ones were before.
func TestCalibrationDocument(t *testing.T) {
	const path = docs + "/protocol.md"
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var tables [2]string
	for _, p := range keptCalibration(t) {
		i := 0
		if p.Window.To < p.Cell.intervals() {
			i = 1
		}
		tables[i] += p.row() + "\n"
	}
	i := 0
	want := calibrationTable.ReplaceAllStringFunc(string(b), func(table string) string {
		i++
		return calibrationTable.FindStringSubmatch(table)[1] + tables[(i-1)%len(tables)]
	})
	if i != len(tables) {
		t.Fatalf("%s has %d tables of what Φ is worth, want %d", path, i, len(tables))
	}
	if *write {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want != string(b) {
		t.Errorf("%s is not what %s makes: run this test with -write", path, calibrationFile)
	}
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
