package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// progress is a bar on a terminal that tells how far something has got. Anywhere else it shows nothing.
type progress struct {
	w     io.Writer
	on    bool
	shown string
	at    time.Time // when it was last drawn
}

const (
	progressWidth = 40 // characters
	progressEvery = 100 * time.Millisecond
)

func newProgress(w io.Writer) *progress { return &progress{w: w, on: isTerminal(w)} }

// show draws the bar, if that is not too soon after the last time.
func (p *progress) show(done, of time.Duration) {
	if !p.on || of <= 0 || time.Since(p.at) < progressEvery {
		return
	}
	p.at = time.Now()
	p.draw(float64(done)/float64(of), fmt.Sprintf("%s of %s", done.Round(time.Second), of.Round(time.Second)))
}

// count draws the bar of something that is done in steps.
func (p *progress) count(done, of int) {
	if p.on {
		p.draw(float64(done)/float64(of), fmt.Sprintf("%d of %d", done, of))
	}
}

// draw draws the bar, filled to a share, with words after it.
func (p *progress) draw(share float64, words string) {
	full := int(progressWidth * min(share, 1))
	line := fmt.Sprintf("[%s%s] %s", strings.Repeat("#", full), strings.Repeat(".", progressWidth-full), words)
	if line != p.shown {
		p.shown = line
		fmt.Fprint(p.w, "\r"+line+"\x1b[K")
	}
}

// clear removes the bar.
func (p *progress) clear() {
	if p.shown != "" {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
