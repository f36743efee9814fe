package agent

import (
	"errors"
	"net/http"
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

// wants reports whether events of this type are asked for. A reset always is.
func (q eventsQuery) wants(kind string) bool {
	return len(q.types) == 0 || kind == api.EventReset || slices.Contains(q.types, kind)
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
	if q.types, err = checkTypes(values["type"]); err != nil {
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
	} else if cursor != "" {
		q.snapshot = false // it has had its snapshot, before it reconnected with the same address
	}
	if cursor == "" && !values.Has("after") {
		return q, nil
	}
	if q.epoch, q.seq, err = ParseCursor(cursor); err != nil {
		return q, badRequest("query parameter after: %v", err)
	}
	return q, nil
}

func checkTypes(types []string) ([]string, error) {
	for _, t := range types {
		if !slices.Contains(api.EventTypes(), t) {
			return nil, badRequest("event type %q is not known: choose of %s", t, strings.Join(api.EventTypes(), " "))
		}
	}
	return types, nil
}

// events streams the ring to one reader for as long as the reader keeps up and the server runs. The stream has a
// goroutine of its own, and net/http forgets the connection: of its buffers and goroutines nothing is left, so that a
// reader who only listens costs a few KiB.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	q, err := parseEventsQuery(r)
	if err != nil {
		s.refuse(w, err)
		return
	}
	if err := s.readers.reserve(); err != nil {
		s.refuse(w, err)
		return
	}
	f := newFollower(s.backend.Events(), s.views, q) // before the reader is told that it is heard: it misses nothing
	out, err := newEventStream(w, r, s.writeTime, f.cursor())
	if err != nil {
		s.readers.release(nil)
		s.log.Debug("stream of events was not opened", "error", err)
		return
	}
	s.readers.open(out)
	go func() {
		defer s.readers.release(out)
		s.bid(out, f, s.follow(out, f, q))
	}()
}

// errStopped says that the server stops and that the reader has all there is.
var errStopped = errors.New("the agent is stopping")

// follow sends what comes until the reader is gone or too slow, or the server stops. Then it still sends what is
// there, so that the last events before a stop are not lost. It returns why it ended.
func (s *Server) follow(out *eventStream, f *follower, q eventsQuery) error {
	quiet := time.NewTimer(s.keepAlive)
	defer quiet.Stop()
	for open := true; ; {
		wrote, err := s.catchUp(out, f, q)
		if err != nil {
			return err
		}
		if wrote {
			quiet.Reset(s.keepAlive)
		}
		news, err := f.ring.newsAfter(f.after)
		switch {
		case news == nil && err == nil:
			continue
		case err != nil || !open:
			return errStopped
		}
		select {
		case <-news:
		case <-quiet.C:
			if err := out.keepAlive(); err != nil {
				return err
			}
			quiet.Reset(s.keepAlive)
		case <-s.stopping.Done():
			open = false
		}
	}
}

// catchUp sends all that is there for the reader, and reports whether that was anything.
func (s *Server) catchUp(out *eventStream, f *follower, q eventsQuery) (wrote bool, err error) {
	for {
		p, err := f.next(s.aborted)
		if err != nil || p.empty() {
			return wrote, errors.Join(err, out.flush())
		}
		if p.view != nil {
			s.readers.resets.Add(1)
			err = out.sendReset(resetEvent(f.ring.Epoch(), p), p.view.encode())
			wrote = true
		}
		for _, e := range p.events {
			if err == nil && q.wants(e.Type) {
				err = out.send(e, s.lines.line(e))
				wrote = true
			}
		}
		if err != nil {
			return wrote, err
		}
	}
}

// resetEvent returns the event that says that what was known is void, without the members.
func resetEvent(epoch string, p portion) api.Event {
	e := api.Event{Epoch: epoch, Seq: p.view.seq, Time: time.Now().UTC(), Type: api.EventReset, Reason: p.reason}
	e.Member.Tags = map[string]string{}
	return e
}

// bid ends a stream and tells the reader why, if it is still there.
func (s *Server) bid(out *eventStream, f *follower, why error) {
	end := api.StreamEnd{Epoch: f.ring.Epoch(), Seq: out.sent, Type: api.StreamEndType, Reason: why.Error()}
	switch {
	case errors.Is(why, errStopped):
		end.Code = api.CodeUnavailable
	case errors.Is(why, errSlow):
		end.Code = api.CodeTooSlow
		s.readers.slow.Add(1)
		told := out.end(end)
		s.log.Warn("reader of events was disconnected", "reason", why, "after", s.writeTime, "told", told == nil)
		return
	default:
		return // it is gone
	}
	if err := out.end(end); err != nil {
		s.log.Debug("end of a stream of events was not sent", "error", err)
	}
}
