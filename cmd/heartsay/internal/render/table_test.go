package render

import (
	"bytes"
	"strings"
	"testing"
)

type row [3]string

func cell(i int) func(row) string { return func(r row) string { return r[i] } }

func TestTableIsAlignedWhateverIsInIt(t *testing.T) {
	table := Table[row]{Columns: []Column[row]{
		{Title: "NAME", Cell: cell(0)}, {Title: "N", Right: true, Cell: cell(1)}, {Title: "LAST", Cell: cell(2)},
	}}
	want := []string{
		"NAME       N  LAST",
		"a          1  x",
		"größe   1000  -",
		`大きさ    20  y\x1b`,
	}
	got := table.Lines([]row{{"a", "1", "x"}, {"größe", "1000", ""}, {"大きさ", "20", "y\x1b"}})
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("the table is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestTableWithoutRowsStillHasItsTitles(t *testing.T) {
	table := Table[row]{Columns: []Column[row]{{Title: "NAME", Cell: cell(0)}, {Title: "STATE", Cell: cell(1)}}}
	var b bytes.Buffer
	if err := table.Write(&b, nil); err != nil || b.String() != "NAME  STATE\n" {
		t.Errorf("the table is %q, %v, want its titles", b.String(), err)
	}
}

func TestColoursDoNotDisturbTheAlignment(t *testing.T) {
	colour := func(r row) string { return map[string]string{"dead": "red", "suspect": "yellow"}[r[1]] }
	table := Table[row]{Palette: Palette{On: true}, Columns: []Column[row]{
		{Title: "NAME", Cell: cell(0)}, {Title: "STATE", Cell: cell(1), Colour: colour}, {Title: "AGE", Cell: cell(2)},
	}}
	want := "NAME  STATE    AGE\n" +
		"dead  \x1b[31mdead\x1b[0m     1s\n" +
		"b     \x1b[33msuspect\x1b[0m  2s\n" +
		"c     odd      3s"
	if got := strings.Join(table.Lines([]row{{"dead", "dead", "1s"}, {"b", "suspect", "2s"}, {"c", "odd", "3s"}}), "\n"); got != want {
		t.Errorf("the table is\n%q, want\n%q", got, want)
	}
}

func TestNoColourGoesIntoAFileOrAPipe(t *testing.T) {
	if NewPalette(&bytes.Buffer{}).On {
		t.Error("a buffer gets colours, want them on a terminal only")
	}
}
