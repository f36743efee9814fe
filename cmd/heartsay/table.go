package main

import (
	"io"
	"strings"
	"unicode"

	"heartsay/api"
)

// column is one column of a table.
type column struct {
	title    string
	right    bool // set to the right, so that numbers can be compared by eye
	coloured bool // its cells are states, which have a colour
}

// table is rows of text in columns, as wide as their widest cell and two spaces apart.
type table struct {
	columns []column
	rows    [][]string
	colours palette
}

// add adds a row. Its cells are escaped here; an empty one becomes "-", so that every row has as many fields.
func (t *table) add(cells ...string) {
	for i, c := range cells {
		if cells[i] = escape(c); c == "" {
			cells[i] = "-"
		}
	}
	t.rows = append(t.rows, cells)
}

// lines returns the table, its titles first, as lines without trailing spaces.
func (t *table) lines() []string {
	widths := make([]int, len(t.columns))
	titles := make([]string, len(t.columns))
	for i, c := range t.columns {
		titles[i] = c.title
		widths[i] = width(c.title)
		for _, row := range t.rows {
			widths[i] = max(widths[i], width(row[i]))
		}
	}
	lines := []string{t.line(titles, widths)}
	for _, row := range t.rows {
		lines = append(lines, t.line(row, widths))
	}
	return lines
}

func (t *table) line(cells []string, widths []int) string {
	var b strings.Builder
	for i, text := range cells {
		if i > 0 {
			b.WriteString("  ")
		}
		space := strings.Repeat(" ", widths[i]-width(text))
		if t.columns[i].coloured {
			text = t.colours.paint(api.State(text).Colour(), text)
		}
		switch {
		case t.columns[i].right:
			b.WriteString(space + text)
		case i < len(cells)-1:
			b.WriteString(text + space)
		default:
			b.WriteString(text)
		}
	}
	return strings.TrimRight(b.String(), " ")
}

// write writes the table to w.
func (t *table) write(w io.Writer) error {
	_, err := io.WriteString(w, strings.Join(t.lines(), "\n")+"\n")
	return err
}

// width returns how many columns of a terminal text takes, as far as that can be known: marks that combine with the
// character before them take none, wide East Asian characters two.
func width(text string) int {
	n := 0
	for _, r := range text {
		switch {
		case unicode.In(r, unicode.Mn, unicode.Me):
		case r >= 0x1100 && unicode.In(r, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana):
			n += 2
		default:
			n++
		}
	}
	return n
}
