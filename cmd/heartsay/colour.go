package main

import (
	"io"
	"os"

	"golang.org/x/term"
)

// Palette shows words in colours: green, yellow, red and grey. The zero value shows none.
type Palette struct{ on bool }

// ansi are the colours of a terminal.
var ansi = map[string]string{"green": "32", "yellow": "33", "red": "31", "grey": "90"}

// newPalette returns the palette for w: colours on a terminal only, and not when NO_COLOR [no-color.org] is set to
// anything or the terminal is a dumb one.
func newPalette(w io.Writer) Palette {
	return Palette{isTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

// paint returns text in a colour; as it is when p does not know the colour.
func (p Palette) paint(colour, text string) string {
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
