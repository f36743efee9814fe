package api

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"time"
)

// maxEventLine bounds the bytes of one event. The largest is a reset, which holds the whole view: 16 MiB are about
// 30,000 members.
const maxEventLine = 16 << 20

// silenceTime is how long a stream may be without a sign of life; an agent gives one every 10 seconds.
const silenceTime = 30 * time.Second

// EventsRequest says which events to send. The zero value asks for all from now on. Of Snapshot, After and FromStart,
// the first that is set counts.
type EventsRequest struct {
	Snapshot  bool        // begin with a reset that holds the whole view, and go on without a gap
	After     Cursor      // only what came after this event, or a reset when that cannot be told any more
	FromStart bool        // begin with the agent's first event, or a reset when that is not kept any more
	Types     []EventType // only these types; a reset comes in any case; empty means all

	// For [Client.Follow] alone: how it goes on after a break.
	OnBreak  func(error)   // unless nil, is told why a stream broke off or could not be had, before the next attempt
	MaxPause time.Duration // the longest pause before an attempt; 0: 5 seconds
	Persist  bool          // try again also after a refusal, which may be lifted: only the context ends the loop
}

// Events returns the agent's events in its order, as they happen, for as long as the caller takes them. The loop over
// it ends when the caller leaves it, or after one last pair with an error: the context's own when that ended,
// [ErrUnreachable] when the agent ended the stream, broke off, or gave no sign of life for 30 seconds, else those of
// any call. It does not reconnect: [Client.Follow] does.
//
// A caller that takes nothing for 10 seconds, so that the socket is full, is disconnected by the agent: the error is
// an [*Error] with [CodeTooSlow].
func (c *Client) Events(ctx context.Context, r EventsRequest) iter.Seq2[Event, error] {
	return c.stream(ctx, r, func(Cursor) {})
}

// stream is Events. It tells opened after which event the stream begins, the zero cursor when the agent does not say.
func (c *Client) stream(ctx context.Context, r EventsRequest, opened func(Cursor)) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		response, err := c.openEvents(ctx, cancel, r)
		if err != nil {
			yield(Event{}, err)
			return
		}
		defer response.Body.Close()
		begin, _ := ParseCursor(response.Header.Get(CursorHeader))
		opened(begin)
		silent := time.AfterFunc(silenceTime, func() { cancel(errSilent) })
		defer silent.Stop()
		lines := bufio.NewScanner(response.Body)
		lines.Buffer(nil, maxEventLine)
		lines.Split(wholeLines)
		for ; lines.Scan(); silent.Reset(silenceTime) {
			silent.Stop() // the caller may take its time
			if len(bytes.TrimSpace(lines.Bytes())) == 0 {
				continue
			}
			var e Event
			if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
				yield(Event{}, otherProgram(c.path, fmt.Sprintf("a line of its events is not JSON of this API: %v", err)))
				return
			}
			if e.Type == StreamEndType {
				yield(Event{}, c.endedByAgent(lines.Bytes()))
				return
			}
			if !yield(e, nil) {
				return
			}
		}
		yield(Event{}, c.streamEnd(ctx, lines.Err()))
	}
}

// openEvents asks for the stream and returns it once the agent has agreed. cancel is that of ctx.
func (c *Client) openEvents(ctx context.Context, cancel context.CancelCauseFunc, r EventsRequest) (*http.Response,
	error) {
	if r.FromStart && r.After.IsZero() && !r.Snapshot {
		self, err := c.Self(ctx)
		if err != nil {
			return nil, err
		}
		r.After.Epoch = self.Epoch // when it restarts in between, this asks for a reset
	}
	query := url.Values{}
	if !r.After.IsZero() {
		query.Set("after", r.After.String())
	}
	if r.Snapshot {
		query.Set("snapshot", "true")
	}
	for _, t := range r.Types {
		query.Add("type", string(t))
	}
	request, err := newRequest(ctx, http.MethodGet, "/v1/events?"+query.Encode(), nil)
	if err != nil {
		return nil, err
	}
	patience := time.AfterFunc(answerTime, func() { cancel(errNoAnswer) })
	defer patience.Stop()
	return c.do(request)
}

// endedByAgent returns the error for a stream that the agent ended itself, with line.
func (c *Client) endedByAgent(line []byte) error {
	var end StreamEnd
	if err := json.Unmarshal(line, &end); err != nil || end.Code == CodeUnavailable {
		return fmt.Errorf("%w at %s any more: it ended the stream of events: %s", ErrUnreachable, c.path, end.Reason)
	}
	return &Error{Code: end.Code, Message: "the agent ended the stream of events: " + end.Reason}
}

// streamEnd returns why a stream of events is over; err is what reading it returned, nil for a plain end.
func (c *Client) streamEnd(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return failure(ctx, c.path, err)
	case errors.Is(err, bufio.ErrTooLong):
		return fmt.Errorf("read events: one is larger than %d MiB", maxEventLine>>20)
	case err == nil:
		return fmt.Errorf("%w at %s any more: it ended the stream of events", ErrUnreachable, c.path)
	}
	return fmt.Errorf("%w at %s any more: %w", ErrUnreachable, c.path, err)
}

// wholeLines is a [bufio.SplitFunc] for lines that drops a last one without its end: it was cut off.
func wholeLines(data []byte, _ bool) (advance int, token []byte, err error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i], nil
	}
	return 0, nil, nil
}
