// Package render shows things to people and to programs: tables, colours, JSON, bars of progress, times. Whatever may
// come from the network is escaped here, so that it cannot move the cursor, recolour the screen or forge a line.
package render

import (
	"io"
	"strings"
)

// Column is one column of a table whose rows are made of values of type R.
type Column[R any] struct {
	Title  string
	Right  bool           // set to the right, so that numbers can be compared by eye
	Cell   func(R) string // of any content; an empty one is shown as "-"
	Colour func(R) string // in which the cell is shown, see Palette; nil: in none
}

// Table is rows of text in columns, as wide as their widest cell and two spaces apart.
type Table[R any] struct {
	Columns []Column[R]
	Palette Palette
}

// Lines returns the table of rows, its titles first, as lines without trailing spaces. Cells are escaped here. Each line
// has as many fields as there are columns.
func (t Table[R]) Lines(rows []R) []string {
	widths := make([]int, len(t.Columns))
	titles := make([]string, len(t.Columns))
	cells := make([][]string, len(rows))
	for i, c := range t.Columns {
		titles[i], widths[i] = c.Title, Width(c.Title)
		for j, r := range rows {
			text := OrDash(Escape(c.Cell(r)))
			cells[j] = append(cells[j], text)
			widths[i] = max(widths[i], Width(text))
		}
	}
	lines := []string{t.line(titles, titles, widths)}
	for j, r := range rows {
		shown := make([]string, len(t.Columns))
		for i, c := range t.Columns {
			if shown[i] = cells[j][i]; c.Colour != nil {
				shown[i] = t.Palette.Paint(c.Colour(r), shown[i])
			}
		}
		lines = append(lines, t.line(cells[j], shown, widths))
	}
	return lines
}

// line returns one line of cells as they are shown, which takes as much space as plain does.
func (t Table[R]) line(plain, shown []string, widths []int) string {
	var b strings.Builder
	for i, text := range shown {
		if i > 0 {
			b.WriteString("  ")
		}
		space := strings.Repeat(" ", widths[i]-Width(plain[i]))
		if t.Columns[i].Right {
			b.WriteString(space + text)
		} else {
			b.WriteString(text + space)
		}
	}
	return strings.TrimRight(b.String(), " ")
}

// Write writes the table of rows to w.
func (t Table[R]) Write(w io.Writer, rows []R) error {
	_, err := io.WriteString(w, strings.Join(t.Lines(rows), "\n")+"\n")
	return err
}
