package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestTableIsAlignedWhateverIsInIt(t *testing.T) {
	tab := table{columns: []column{{title: "NAME"}, {title: "N", right: true}, {title: "LAST"}}}
	tab.add("a", "1", "x")
	tab.add("größe", "1000", "")
	tab.add("大きさ", "20", "y\x1b")
	want := []string{
		"NAME       N  LAST",
		"a          1  x",
		"größe   1000  -",
		`大きさ    20  y\x1b`,
	}
	if got := tab.lines(); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("the table is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestTableWithoutRowsStillHasItsTitles(t *testing.T) {
	tab := table{columns: []column{{title: "NAME"}, {title: "STATE"}}}
	var b bytes.Buffer
	if err := tab.write(&b); err != nil || b.String() != "NAME  STATE\n" {
		t.Errorf("the table is %q, %v, want its titles", b.String(), err)
	}
}

func TestColoursDoNotDisturbTheAlignment(t *testing.T) {
	tab := table{columns: []column{{title: "NAME"}, {title: "STATE", coloured: true}, {title: "AGE"}}, colours: palette{on: true}}
	tab.add("dead", "dead", "1s")
	tab.add("b", "suspect", "2s")
	tab.add("c", "odd", "3s")
	want := "NAME  STATE    AGE\n" +
		"dead  \x1b[31mdead\x1b[0m     1s\n" +
		"b     \x1b[33msuspect\x1b[0m  2s\n" +
		"c     odd      3s"
	if got := strings.Join(tab.lines(), "\n"); got != want {
		t.Errorf("the table is\n%q, want\n%q", got, want)
	}
}

func TestNoColourGoesIntoAFileOrAPipe(t *testing.T) {
	if newPalette(&bytes.Buffer{}).on {
		t.Error("a buffer gets colours, want them on a terminal only")
	}
}
