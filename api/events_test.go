package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// collect returns the events of a stream and the error that ended it.
func collect(ctx context.Context, c *Client, r EventsRequest) (events []Event, end error) {
	for e, err := range c.Events(ctx, r) {
		if err != nil {
			return events, err
		}
		events = append(events, e)
	}
	return events, nil
}

func TestEventsAsksForWhatTheCallerWants(t *testing.T) {
	var got string
	c := serve(t, func(_ http.ResponseWriter, r *http.Request) { got = r.RequestURI })
	collect(t.Context(), c, EventsRequest{After: Cursor{"e", 7}, Snapshot: true, Types: []EventType{"dead", "join"}})
	if want := "/v1/events?after=e%3A7&snapshot=true&type=dead&type=join"; got != want {
		t.Errorf("the agent got %s, want %s", got, want)
	}
}

func TestEventsYieldsEachLineAndThenThatTheAgentIsGone(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"epoch":"e","seq":1,"type":"join"}`+"\n\n"+`{"epoch":"e","seq":2,"type":"dead"}`+"\n")
	})
	events, err := collect(t.Context(), c, EventsRequest{})
	if len(events) != 2 || events[0].Type != "join" || events[1].Seq != 2 {
		t.Errorf("the events are %+v, want join 1 and dead 2", events)
	}
	if !errors.Is(err, ErrUnreachable) {
		t.Errorf("the stream ended with %v, want ErrUnreachable", err)
	}
}

func TestEventsNeverYieldsALineThatWasCutOff(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"seq":1}`+"\n"+`{"seq":2}`)
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	events, err := collect(t.Context(), c, EventsRequest{})
	if len(events) != 1 || !errors.Is(err, ErrUnreachable) {
		t.Errorf("a broken stream gave %d events and %v, want 1 and ErrUnreachable", len(events), err)
	}
}

func TestEventsEndsWithTheContext(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `{"seq":1}`+"\n")
		http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var end error
	for _, err := range c.Events(ctx, EventsRequest{}) {
		cancel()
		end = err
	}
	if !errors.Is(end, context.Canceled) {
		t.Errorf("the stream ended with %v, want the context's own error", end)
	}
}

func TestEventsHangsUpWhenTheCallerLeavesTheLoop(t *testing.T) {
	gone := make(chan struct{})
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `{"seq":1}`+"\n")
		http.NewResponseController(w).Flush()
		<-r.Context().Done()
		close(gone)
	})
	for range c.Events(t.Context(), EventsRequest{}) {
		break
	}
	<-gone
}

func TestEventsReportsARefusalOnce(t *testing.T) {
	c := serve(t, refuseWith(400, `{"code":"bad_request","message":"type \"x\" is not known"}`))
	pairs := 0
	for _, err := range c.Events(t.Context(), EventsRequest{Types: []EventType{"x"}}) {
		pairs++
		var e *Error
		if !errors.As(err, &e) || e.Code != CodeBadRequest {
			t.Errorf("the refusal came as %v, want *Error bad_request", err)
		}
	}
	if pairs != 1 {
		t.Errorf("the refusal came %d times, want once", pairs)
	}
}

func TestEventsGivesUpOnALineWithoutEnd(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		chunk := strings.Repeat("x", 1<<20)
		for range 17 {
			io.WriteString(w, chunk)
		}
	})
	_, err := collect(t.Context(), c, EventsRequest{})
	if err == nil || !strings.Contains(err.Error(), "larger than 16 MiB") {
		t.Errorf("an endless line gave %v, want an error with the bound", err)
	}
}

func TestEventsTakesAResetOfTenThousandMembers(t *testing.T) {
	member := `{"name":"host-%d","address":"10.0.0.1:4327","state":"alive","tags":{"role":"` + strings.Repeat("x", 99) + `"}}`
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"type":"reset","members":[`)
		for i := range 10_000 {
			if i > 0 {
				io.WriteString(w, ",")
			}
			fmt.Fprintf(w, member, i)
		}
		io.WriteString(w, "]}\n")
	})
	events, err := collect(t.Context(), c, EventsRequest{Snapshot: true})
	if len(events) != 1 || len(events[0].Members) != 10_000 {
		t.Errorf("got %d events and %v, want one reset with 10,000 members", len(events), err)
	}
}
