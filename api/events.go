package api

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"time"
)

// maxEventLine bounds the bytes of one event. The largest is a reset, which holds the whole view: 16 MiB are about
// 30,000 members.
const maxEventLine = 16 << 20

// EventsRequest says which events to send. The zero value asks for all from now on.
type EventsRequest struct {
	After    string   // "EPOCH:SEQ": only what came after this event, or a reset when that cannot be told any more
	Snapshot bool     // begin with a reset that holds the whole view, and go on without a gap
	Types    []string // only these types, see [EventTypes]; a reset comes in any case; empty means all
}

// Events returns the agent's events in its order, as they happen, for as long as the caller takes them. The loop over
// it ends when the caller leaves it, or after one last pair with an error: the context's own when that ended,
// [ErrUnreachable] when the agent ended the stream or broke off, else those of any call. It does not reconnect; to go
// on after a break, ask again with After set to the last epoch and seq seen.
//
// A caller that takes more than 10 seconds over what the socket can hold is disconnected by the agent.
func (c *Client) Events(ctx context.Context, r EventsRequest) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		body, err := c.openEvents(ctx, cancel, r)
		if err != nil {
			yield(Event{}, err)
			return
		}
		defer body.Close()
		lines := bufio.NewScanner(body)
		lines.Buffer(nil, maxEventLine)
		lines.Split(wholeLines)
		for lines.Scan() {
			if len(bytes.TrimSpace(lines.Bytes())) == 0 {
				continue
			}
			var e Event
			if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
				yield(Event{}, stranger(c.path, fmt.Sprintf("a line of its events is not JSON of this API: %v", err)))
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
func (c *Client) openEvents(ctx context.Context, cancel context.CancelCauseFunc, r EventsRequest) (io.ReadCloser,
	error) {
	query := url.Values{}
	if r.After != "" {
		query.Set("after", r.After)
	}
	if r.Snapshot {
		query.Set("snapshot", "true")
	}
	for _, t := range r.Types {
		query.Add("type", t)
	}
	request, err := newRequest(ctx, http.MethodGet, "/v1/events?"+query.Encode(), nil)
	if err != nil {
		return nil, err
	}
	patience := time.AfterFunc(answerTime, func() { cancel(errNoAnswer) })
	defer patience.Stop()
	response, err := c.do(request)
	if err != nil {
		return nil, err
	}
	return response.Body, nil
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
