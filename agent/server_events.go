package agent

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"heartsay/api"
)

// eventsQuery is what a reader of the events asked for.
type eventsQuery struct {
	epoch    string // of the cursor; "" when the reader has none
	seq      uint64
	snapshot bool
	types    []string // empty: all
}

// parseEventsQuery returns what r asks for. An event source that reconnects names its last event in a header
// [HTML, 9.2.4]; the query goes before it.
func parseEventsQuery(r *http.Request) (q eventsQuery, err error) {
	values := r.URL.Query()
	for _, name := range []string{"after", "snapshot"} {
		if len(values[name]) > 1 {
			return q, badRequest("query parameter %q is repeated", name)
		}
	}
	if q.types, err = parseTypes(values); err != nil {
		return q, err
	}
	if s, ok := values["snapshot"]; ok {
		if q.snapshot, err = strconv.ParseBool(s[0]); err != nil {
			return q, badRequest("query parameter snapshot is %q: write true or false", s[0])
		}
	}
	cursor := r.Header.Get("Last-Event-ID")
	if values.Has("after") {
		cursor = values.Get("after")
	}
	if cursor == "" && !values.Has("after") {
		return q, nil
	}
	if q.epoch, q.seq, err = ParseCursor(cursor); err != nil {
		return q, badRequest("query parameter after: %v", err)
	}
	return q, nil
}

func parseTypes(values url.Values) ([]string, error) {
	for _, t := range values["type"] {
		if !slices.Contains(api.EventTypes(), t) {
			return nil, badRequest("event type %q is not known: choose of %s", t, strings.Join(api.EventTypes(), " "))
		}
	}
	return values["type"], nil
}

// events streams the ring to one reader for as long as the reader keeps up and the server runs.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	q, err := parseEventsQuery(r)
	if err != nil {
		s.refuse(w, err)
		return
	}
	ring := s.backend.Events()
	after := ring.Last() // before the reader is told that it is heard: it misses nothing from then on
	out := newEventStream(w, r, s.writeTime)
	if out.begin() != nil {
		return
	}
	switch {
	case q.snapshot:
		after, err = s.reset(r.Context(), out, "asked for")
	case q.epoch != "" && q.epoch != ring.Epoch():
		after, err = s.reset(r.Context(), out, "the cursor is of another life of this agent")
	case q.epoch != "":
		after = q.seq
	}
	if err == nil {
		s.follow(r.Context(), out, after, q.types)
	}
}

// follow sends what comes after an event until the reader is gone or too slow, or the server stops. Then it still
// sends what is there, so that the last events before a stop are not lost.
func (s *Server) follow(ctx context.Context, out *eventStream, after uint64, types []string) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.stopping, cancel)()
	ring := s.backend.Events()
	for open := true; ; open = ring.Wait(ctx, after) == nil {
		next, err := s.catchUp(ctx, out, after, types)
		if err != nil || !open {
			return
		}
		after = next
	}
}

// catchUp sends all that is in the ring after an event and returns the number of the last event seen.
func (s *Server) catchUp(ctx context.Context, out *eventStream, after uint64, types []string) (uint64, error) {
	for {
		events, lost := s.backend.Events().Read(after)
		if lost {
			var err error
			if after, err = s.reset(ctx, out, "events were lost"); err != nil {
				return after, err
			}
			continue
		}
		if len(events) == 0 {
			return after, out.flush()
		}
		for _, e := range events {
			after = e.Seq
			if len(types) > 0 && !slices.Contains(types, e.Type) && e.Type != api.EventReset {
				continue
			}
			if err := out.send(e); err != nil {
				return after, err
			}
		}
	}
}

// reset sends the whole view and returns the number of the event after which to go on. The number is read before the
// view: an event in between is then sent although the view holds its effect, and none is ever missed.
func (s *Server) reset(ctx context.Context, out *eventStream, reason string) (uint64, error) {
	ring := s.backend.Events()
	seq := ring.Last()
	view, err := s.backend.Members(ctx)
	if err != nil {
		return seq, err
	}
	e := api.Event{
		Epoch: ring.Epoch(), Seq: seq, Time: time.Now().UTC(), Type: api.EventReset, Reason: reason, Members: view.Members,
	}
	e.Member.Tags = map[string]string{}
	if err := out.send(e); err != nil {
		return seq, err
	}
	return seq, out.flush()
}
