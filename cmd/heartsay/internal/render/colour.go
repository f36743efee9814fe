package render

import (
	"io"
	"os"

	"golang.org/x/term"
)

// Palette shows words in colours: green, yellow, red and grey. The zero value shows none.
type Palette struct{ On bool }

// ansi are the colours of a terminal.
var ansi = map[string]string{"green": "32", "yellow": "33", "red": "31", "grey": "90"}

// NewPalette returns the palette for w: colours on a terminal only, and not when NO_COLOR [no-color.org] is set to
// anything or the terminal is a dumb one.
func NewPalette(w io.Writer) Palette {
	return Palette{IsTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

// Paint returns text in a colour; as it is when p does not know the colour.
func (p Palette) Paint(colour, text string) string {
	code, ok := ansi[colour]
	if !p.On || !ok {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func IsTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
