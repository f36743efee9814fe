package render

import (
	"strings"
	"testing"
)

// wide are texts with the number of cells that a terminal shows them in.
var wide = map[string]int{
	"": 0, "web-1": 5, "größe": 5, "gro\u0308ße": 5, "大きさ": 6, "サーバー": 8, "ー": 2, "ＤＢ": 4, "、": 2, "서울": 4,
	"🚀": 2, "👍🏽": 2, "🇩🇪": 2, "✓": 1,
}

func TestWidthCountsCells(t *testing.T) {
	for text, want := range wide {
		if got := Width(text); got != want {
			t.Errorf("%q takes %d cells, want %d", text, got, want)
		}
		if got := Width(Pad(text, 10)); got != 10 {
			t.Errorf("%q takes %d cells with spaces, want 10", text, got)
		}
	}
}

func TestShortenCutsByCellsAndBetweenCharacters(t *testing.T) {
	for _, c := range []struct {
		text string
		most int
		want string
	}{
		{"role=web", 8, "role=web"}, {"role=webs", 8, "role=we…"}, {"大きさ", 6, "大きさ"}, {"大きさ", 5, "大き…"},
		{"大きさ", 4, "大…"}, {"ＤＢ＝1", 6, "ＤＢ…"}, {"🚀🚀🚀", 5, "🚀🚀…"}, {"gro\u0308ße", 4, "gro\u0308…"},
		{"a👍🏽b", 3, "a…"}, {"", 3, ""},
	} {
		if got := Shorten(c.text, c.most); got != c.want {
			t.Errorf("%q in %d cells is %q, want %q", c.text, c.most, got, c.want)
		}
	}
	for text := range wide {
		for most := 1; most < 12; most++ {
			if got := Width(Shorten(strings.Repeat(text, 3), most)); got > most {
				t.Errorf("%q, shortened to %d cells, takes %d", text, most, got)
			}
		}
	}
}

func TestTableColumnsBeginAtOneCellWhateverIsInThem(t *testing.T) {
	var rows []string
	for text := range wide {
		rows = append(rows, text)
	}
	table := Table[string]{Columns: []Column[string]{
		{Title: "TAGS", Cell: func(s string) string { return s }}, {Title: "AGE", Right: true, Cell: func(string) string { return "1s" }},
	}}
	lines := table.Lines(rows)
	for _, line := range lines {
		if Width(line) != Width(lines[0]) {
			t.Errorf("%q ends at cell %d, the titles at %d", line, Width(line), Width(lines[0]))
		}
	}
}
