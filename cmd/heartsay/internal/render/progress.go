package render

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Progress is a bar on a terminal that tells how far something has got. Anywhere else it shows nothing.
type Progress struct {
	w     io.Writer
	on    bool
	shown string
	at    time.Time // when it was last drawn
}

const (
	progressWidth = 40 // characters
	progressEvery = 100 * time.Millisecond
)

func NewProgress(w io.Writer) *Progress { return &Progress{w: w, on: IsTerminal(w)} }

// Show draws the bar, if that is not too soon after the last time.
func (p *Progress) Show(done, of time.Duration) {
	if !p.on || of <= 0 || time.Since(p.at) < progressEvery {
		return
	}
	p.at = time.Now()
	p.draw(float64(done)/float64(of), fmt.Sprintf("%s of %s", done.Round(time.Second), of.Round(time.Second)))
}

// Count draws the bar of something that is done in steps.
func (p *Progress) Count(done, of int) {
	if p.on {
		p.draw(float64(done)/float64(of), fmt.Sprintf("%d of %d", done, of))
	}
}

// draw draws the bar, filled to a share, with words after it.
func (p *Progress) draw(share float64, words string) {
	full := int(progressWidth * min(share, 1))
	line := fmt.Sprintf("[%s%s] %s", strings.Repeat("#", full), strings.Repeat(".", progressWidth-full), words)
	if line != p.shown {
		p.shown = line
		fmt.Fprint(p.w, "\r"+line+"\x1b[K")
	}
}

// Clear removes the bar.
func (p *Progress) Clear() {
	if p.shown != "" {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
