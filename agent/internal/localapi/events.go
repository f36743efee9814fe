package localapi

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"

	"heartsay/agent/internal/eventlog"
	"heartsay/api"
)

// parseEventsQuery returns what r asks for. An event source that reconnects names its last event in a header
// [HTML, 9.2.4]; the query goes before it.
func parseEventsQuery(r *http.Request) (eventlog.Query, error) {
	values := r.URL.Query()
	for _, name := range []string{"after", "snapshot"} {
		if len(values[name]) > 1 {
			return eventlog.Query{}, api.BadRequest("query parameter %q is repeated", name)
		}
	}
	var wish api.EventsRequest
	for _, word := range values["type"] {
		wish.Types = append(wish.Types, api.EventType(word))
	}
	if s, ok := values["snapshot"]; ok {
		var err error
		if wish.Snapshot, err = strconv.ParseBool(s[0]); err != nil {
			return eventlog.Query{}, api.BadRequest("query parameter snapshot is %q: write true or false", s[0])
		}
	}
	last := r.Header.Get("Last-Event-ID")
	switch {
	case values.Has("after"):
		if last = values.Get("after"); last == "" {
			return eventlog.Query{}, api.BadRequest("query parameter after is empty: write a cursor, EPOCH:SEQ as an event shows them")
		}
	case last != "":
		wish.Snapshot = false // it has had its snapshot, before it reconnected with the same address
	}
	if last != "" {
		var err error
		if wish.After, err = api.ParseCursor(last); err != nil {
			return eventlog.Query{}, api.BadRequest("%v", err)
		}
	}
	return eventlog.NewQuery(wish)
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
	f := s.backend.Events().Follow(q) // before the reader is told that it is heard: it misses nothing
	out, err := newEventStream(w, r, s.writeTime, f.Cursor().String())
	if err != nil {
		s.readers.release(nil)
		s.log.Debug("stream of events was not opened", "error", err)
		return
	}
	s.readers.open(out)
	go func() {
		defer s.readers.release(out)
		s.conclude(out, f, s.follow(out, f, q))
	}()
}

// errStopped says that the server stops and that the reader has all there is.
var errStopped = errors.New("the agent is stopping")

// follow sends what comes until the reader is gone or too slow, or the server stops. Then it still sends what is
// there, so that the last events before a stop are not lost. It returns why it ended.
func (s *Server) follow(out *eventStream, f *eventlog.Follower, q eventlog.Query) error {
	signed := time.Now() // when the reader got the last sign of life
	for {
		wrote, err := s.catchUp(out, f, q)
		if err != nil {
			return err
		}
		if wrote {
			signed = time.Now()
		}
		quiet, cancel := context.WithDeadline(s.stopping, signed.Add(s.keepAlive))
		err = f.Wait(quiet)
		cancel()
		switch {
		case err == nil:
		case errors.Is(err, context.DeadlineExceeded):
			if err := out.keepAlive(); err != nil {
				return err
			}
			signed = time.Now()
		default:
			_, err := s.catchUp(out, f, q)
			return cmp.Or(err, errStopped)
		}
	}
}

// catchUp sends all that is there for the reader, and reports whether that was anything.
func (s *Server) catchUp(out *eventStream, f *eventlog.Follower, q eventlog.Query) (wrote bool, err error) {
	for {
		p, err := f.Next(s.aborted)
		if err != nil || p.Empty() {
			return wrote, errors.Join(err, out.flush())
		}
		if p.View != nil {
			s.readers.resets.Add(1)
			err = out.sendReset(p.Reset(), p.View.JSON())
			wrote = true
		}
		for _, e := range p.Events {
			if err == nil && q.Wants(e.Type) {
				err = out.send(e, s.lines.line(e))
				wrote = true
			}
		}
		if err != nil {
			return wrote, err
		}
	}
}

// conclude ends a stream and tells the reader why, if it is still there.
func (s *Server) conclude(out *eventStream, f *eventlog.Follower, why error) {
	end := api.StreamEnd{Epoch: f.Cursor().Epoch, Seq: out.sent, Type: api.StreamEndType, Reason: why.Error()}
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

// lineCache holds the newest events as JSON, so that thousands of readers share one encoding. It is safe for
// concurrent use.
type lineCache struct {
	mu    sync.RWMutex
	lines [256]struct {
		seq  uint64
		line []byte
	}
}

// line returns e as JSON, which the caller must not change.
func (c *lineCache) line(e api.Event) []byte {
	slot := &c.lines[e.Seq%uint64(len(c.lines))]
	c.mu.RLock()
	seq, line := slot.seq, slot.line
	c.mu.RUnlock()
	if seq == e.Seq && line != nil {
		return line
	}
	line, err := json.Marshal(e)
	if err != nil {
		panic("agent: " + err.Error()) // an event has a JSON form
	}
	c.mu.Lock()
	slot.seq, slot.line = e.Seq, line
	c.mu.Unlock()
	return line
}
