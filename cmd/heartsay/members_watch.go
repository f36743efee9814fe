package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"heartsay/api"
	"heartsay/cmd/heartsay/internal/cli"
	"heartsay/cmd/heartsay/internal/render"
)

// redrawEvery is how often a table on a terminal is drawn anew while nothing changes, so that its times run.
const redrawEvery = time.Second

// watchMembers writes the members now and at every change until it is interrupted, which is not an error. Changes that
// come faster than the view can be fetched are shown together. On a terminal a table is drawn over the one before;
// elsewhere a blank line separates tables.
func watchMembers(c *cli.Call, client *api.Client, filter memberFilter, format string) error {
	ctx, stop := cli.UntilInterrupted(c.Context)
	defer stop()
	s := &screen{w: c.Out, text: format == "table" || format == "wide" || format == "name"}
	var tick <-chan time.Time
	if s.text && render.IsTerminal(s.w) {
		s.redraws = true
		ticker := time.NewTicker(redrawEvery)
		defer ticker.Stop()
		tick = ticker.C
	}
	changed, ended := changes(ctx, client)
	for {
		select {
		case <-changed:
		case <-tick:
		case err := <-ended:
			return cli.UnlessInterrupted(ctx, err)
		}
		view, err := client.Members(ctx)
		if err != nil {
			return cli.UnlessInterrupted(ctx, err)
		}
		var frame bytes.Buffer
		if err := writeFrame(&frame, s, filter.apply(view), format); err != nil {
			return err
		}
		if err := s.show(frame.String()); err != nil {
			return err
		}
	}
}

// writeFrame writes one view to w, in the colours of the screen.
func writeFrame(w io.Writer, s *screen, view api.Members, format string) error {
	if format != "table" && format != "wide" {
		return writeMembers(w, view, format, time.Now())
	}
	return writeTable(w, render.NewPalette(s.w), view, format == "wide", time.Now())
}

// changes returns a channel that is ready once at first and again after changes in the view, and one that gives the
// error with which the events ended.
func changes(ctx context.Context, client *api.Client) (changed <-chan struct{}, ended <-chan error) {
	news, end := make(chan struct{}, 1), make(chan error, 1)
	go func() {
		for _, err := range client.Events(ctx, api.EventsRequest{Snapshot: true}) {
			if err != nil {
				end <- err
				return
			}
			select {
			case news <- struct{}{}:
			default: // the one that waits there stands for this one too
			}
		}
	}()
	return news, end
}

// screen is where frames of text or data are shown one after the other.
type screen struct {
	w       io.Writer
	text    bool // frames are for people: a blank line separates them
	redraws bool // each frame is drawn over the one before
	shown   bool
	last    string
}

// show shows one frame. Away from a terminal, one that is the same as the last is left out: the change was in what the
// filter or the format hides.
func (s *screen) show(frame string) error {
	first := !s.shown
	if !first && !s.redraws && frame == s.last {
		return nil
	}
	s.shown, s.last = true, frame
	switch {
	case s.redraws:
		frame = s.drawing(frame, first)
	case s.text && !first:
		frame = "\n" + frame
	}
	_, err := io.WriteString(s.w, frame)
	return err
}

// drawing returns what draws frame from the top of the terminal on, as many lines as fit and as much of them as does,
// and clears what is left of the frame before.
func (s *screen) drawing(frame string, first bool) string {
	lines := strings.Split(strings.TrimSuffix(frame, "\n"), "\n")
	if f, ok := s.w.(*os.File); ok {
		if _, height, err := term.GetSize(int(f.Fd())); err == nil && height > 1 && len(lines) >= height {
			lines = append(lines[:height-2], "…")
		}
	}
	clear := ""
	if first {
		clear = "\x1b[2J"
	}
	const home, noWrap, wrap, endOfLine, below = "\x1b[H", "\x1b[?7l", "\x1b[?7h", "\x1b[K\n", "\x1b[J"
	return clear + home + noWrap + strings.Join(lines, endOfLine) + endOfLine + wrap + below
}
