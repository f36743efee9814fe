package ui

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"heartsay/cmd/heartsay/internal/cli"
)

const (
	frameSpacing = 100 * time.Millisecond // least between two frames to one page
	frameEvery   = 2 * time.Second        // most: a page that hears nothing for longer knows that something is wrong
)

// stream sends frames to one page as server-sent events [HTML, 9.2] until the page is gone, does not keep up for
// writeTime, or the program ends.
func (u *server) stream(w http.ResponseWriter, r *http.Request) {
	if !u.enter() {
		refuse(w, &refusal{http.StatusServiceUnavailable, fmt.Sprintf("503: %d pages are open already", maxStreams)})
		return
	}
	defer u.pages.Add(-1)
	http.NewResponseController(w).SetReadDeadline(time.Time{}) // the page has nothing more to say
	w.Header().Set("Content-Type", "text/event-stream")
	var place boardReader
	for {
		f, news := u.board.next(&place, time.Now())
		if sendFrame(w, f) != nil || f.Ended {
			return
		}
		cli.Pause(r.Context(), frameSpacing)
		quiet := time.NewTimer(frameEvery)
		select {
		case <-news:
		case <-quiet.C:
		case <-r.Context().Done():
		}
		quiet.Stop()
		if r.Context().Err() != nil {
			return
		}
	}
}

// enter counts one page more, if there may be one.
func (u *server) enter() bool {
	if u.pages.Add(1) > maxStreams {
		u.pages.Add(-1)
		return false
	}
	return true
}

// sendFrame writes one frame. An error means that the page is gone or too slow.
func sendFrame(w http.ResponseWriter, f frame) error {
	data, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("encode a frame: %w", err)
	}
	control := http.NewResponseController(w)
	if err := control.SetWriteDeadline(time.Now().Add(writeTime)); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "data: %s\n\n", data); err != nil {
		return err
	}
	return control.Flush()
}
