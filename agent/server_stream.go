package agent

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"heartsay/api"
)

// eventStream writes events to one reader, as lines of JSON or as server-sent events [HTML, 9.2]. After an error it is
// of no more use: the reader is gone, or slower than it may be.
type eventStream struct {
	w         http.ResponseWriter
	control   *http.ResponseController
	sse       bool
	writeTime time.Duration // for one event
}

// newEventStream returns the stream in the format that r asks for.
func newEventStream(w http.ResponseWriter, r *http.Request, writeTime time.Duration) *eventStream {
	sse := strings.Contains(r.Header.Get("Accept"), "text/event-stream")
	return &eventStream{w: w, control: http.NewResponseController(w), sse: sse, writeTime: writeTime}
}

// begin tells the reader that it is heard.
func (s *eventStream) begin() error {
	s.control.SetReadDeadline(time.Time{}) // the reader has nothing more to say
	s.w.Header().Set("Content-Type", "application/x-ndjson")
	if s.sse {
		s.w.Header().Set("Content-Type", "text/event-stream")
	}
	s.w.WriteHeader(http.StatusOK)
	return s.flush()
}

// send writes one event; it may wait in a buffer until flush.
func (s *eventStream) send(e api.Event) error {
	data, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("encode event %d: %w", e.Seq, err)
	}
	if err := s.control.SetWriteDeadline(time.Now().Add(s.writeTime)); err != nil {
		return err
	}
	if s.sse {
		_, err = fmt.Fprintf(s.w, "id: %s\nevent: %s\ndata: %s\n\n", FormatCursor(e.Epoch, e.Seq), e.Type, data)
		return err
	}
	_, err = s.w.Write(append(data, '\n'))
	return err
}

// flush makes sure that the reader gets what was sent.
func (s *eventStream) flush() error {
	if err := s.control.SetWriteDeadline(time.Now().Add(s.writeTime)); err != nil {
		return err
	}
	return s.control.Flush()
}
