package main

import (
	"io"
	"os"

	"golang.org/x/term"

	"heartsay/api"
)

// palette says how words are coloured. The zero value does not colour.
type palette struct{ on bool }

// ansi are the colours of a terminal.
var ansi = map[api.Colour]string{api.Green: "32", api.Yellow: "33", api.Red: "31", api.Grey: "90"}

// newPalette returns the palette for w: colours on a terminal only, and not when NO_COLOR [no-color.org] is set to
// anything or the terminal is a dumb one.
func newPalette(w io.Writer) palette {
	return palette{isTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

// paint returns text in a colour, unless that is none.
func (p palette) paint(colour api.Colour, text string) string {
	code, ok := ansi[colour]
	if !p.on || !ok {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
