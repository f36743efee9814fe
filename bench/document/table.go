package document

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Table is a table of Markdown.
type Table struct{ rows [][]string }

func NewTable(head ...string) *Table {
	rule := slices.Repeat([]string{"---:"}, len(head))
	for i, h := range head {
		if strings.HasPrefix(h, "<") {
			head[i], rule[i] = h[1:], "---"
		}
	}
	return &Table{[][]string{head, rule}}
}

func (t *Table) Add(cells ...string) { t.rows = append(t.rows, cells) }

func (t *Table) String() string {
	var b strings.Builder
	for _, r := range t.rows {
		b.WriteString("| " + strings.Join(r, " | ") + " |\n")
	}
	return b.String()
}

func Whole(v float64) string {
	if math.IsNaN(v) {
		return "–"
	}
	digits := fmt.Sprintf("%.0f", v)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
