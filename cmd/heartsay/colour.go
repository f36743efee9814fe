package main

import (
	"io"
	"os"

	"golang.org/x/term"
)

// palette says how words are coloured. The zero value does not colour.
type palette struct{ on bool }

// ANSI colours of the states and of the events that lead to them.
var wordColours = map[string]string{
	"alive": "32", "join": "32", "suspect": "33", "dead": "31", "conflict": "31", "left": "90", "forgotten": "90",
}

// newPalette returns the palette for w: colours on a terminal only, and not when NO_COLOR [no-color.org] is set to
// anything or the terminal is a dumb one.
func newPalette(w io.Writer) palette {
	return palette{isTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

// paint returns text in the colour of word, if that has one.
func (p palette) paint(word, text string) string {
	colour, ok := wordColours[word]
	if !p.on || !ok {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
