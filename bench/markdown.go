package bench

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// table is a table of Markdown.
type table struct{ rows [][]string }

func newTable(head ...string) *table {
	rule := slices.Repeat([]string{"---:"}, len(head))
	for i, h := range head {
		if strings.HasPrefix(h, "<") {
			head[i], rule[i] = h[1:], "---"
		}
	}
	return &table{[][]string{head, rule}}
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) String() string {
	var b strings.Builder
	for _, r := range t.rows {
		b.WriteString("| " + strings.Join(r, " | ") + " |\n")
	}
	return b.String()
}

func whole(v float64) string {
	if math.IsNaN(v) {
		return "–"
	}
	digits := fmt.Sprintf("%.0f", v)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
