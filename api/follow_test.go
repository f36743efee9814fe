package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"sync/atomic"
	"testing"
	"time"
)

// script answers the n-th request for events with the n-th answer, and the rest with the last.
func script(t *testing.T, answers ...http.HandlerFunc) (c *Client, asked func() []string) {
	t.Helper()
	var n atomic.Int64
	queries := make(chan string, 100)
	c = serve(t, func(w http.ResponseWriter, r *http.Request) {
		queries <- r.URL.RawQuery
		answers[min(int(n.Add(1)), len(answers))-1](w, r)
	})
	return c, func() (all []string) {
		for len(queries) > 0 {
			all = append(all, <-queries)
		}
		return all
	}
}

// tell streams lines from a cursor on and then ends.
func tell(cursor string, lines ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set(CursorHeader, cursor)
		for _, line := range lines {
			io.WriteString(w, line+"\n")
		}
	}
}

func breakOff(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set(CursorHeader, "e1:7")
	http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// followed returns the first n events that Follow yields, as "type epoch:seq".
func followed(t *testing.T, c *Client, r EventsRequest, n int) (events []string) {
	t.Helper()
	for e, err := range c.Follow(t.Context(), r) {
		if err != nil {
			t.Fatalf("after %v Follow gave up: %v", events, err)
		}
		if events = append(events, fmt.Sprintf("%s %s:%d", e.Type, e.Epoch, e.Seq)); len(events) == n {
			break
		}
	}
	return events
}

func TestFollowGoesOnAfterTheLastEventOverBreaksAndRestarts(t *testing.T) {
	c, asked := script(t,
		tell("e1:4", `{"epoch":"e1","seq":5,"type":"join"}`, "", `{"epoch":"e1","seq":6,"type":"dead"}`),
		refuseWith(503, `{"code":"unavailable","message":"the agent is stopping"}`),
		breakOff,
		tell("e1:6", `{"type":"end","code":"too_slow","epoch":"e1","seq":6,"reason":"too slow"}`),
		tell("e2:3", `{"epoch":"e2","seq":3,"type":"reset","reason":"another life","members":[]}`),
		tell("e2:3", `{"epoch":"e2","seq":4,"type":"left"}`),
	)
	var breaks []error
	r := EventsRequest{Types: []EventType{"dead"}, OnBreak: func(err error) { breaks = append(breaks, err) }}
	got := followed(t, c, r, 4)
	if want := []string{"join e1:5", "dead e1:6", "reset e2:3", "left e2:4"}; !slices.Equal(got, want) {
		t.Errorf("the events are %v, want %v", got, want)
	}
	want := []string{"type=dead", "after=e1%3A6&type=dead", "after=e1%3A6&type=dead", "after=e1%3A6&type=dead",
		"after=e1%3A6&type=dead", "after=e2%3A3&type=dead"}
	if got := asked(); !slices.Equal(got, want) {
		t.Errorf("the requests were %q, want %q", got, want)
	}
	if len(breaks) != 5 {
		t.Errorf("OnBreak heard %d times, want 5: %v", len(breaks), breaks)
	}
}

func TestFollowMissesNothingWhenTheFirstStreamBreaksBeforeItsFirstEvent(t *testing.T) {
	c, asked := script(t, breakOff, tell("e1:7", `{"epoch":"e1","seq":8,"type":"join"}`))
	followed(t, c, EventsRequest{}, 1)
	if got, want := asked(), []string{"", "after=e1%3A7"}; !slices.Equal(got, want) {
		t.Errorf("the requests were %q, want %q: on from where the first stream began", got, want)
	}
	c, asked = script(t, breakOff, tell("e1:7", `{"epoch":"e1","seq":7,"type":"reset"}`))
	followed(t, c, EventsRequest{Snapshot: true}, 1)
	if got, want := asked(), []string{"snapshot=true", "snapshot=true"}; !slices.Equal(got, want) {
		t.Errorf("the requests were %q, want %q: the snapshot is still owed", got, want)
	}
}

func TestFollowGivesUpOnWhatWillNotPass(t *testing.T) {
	c, asked := script(t, refuseWith(400, `{"code":"bad_request","message":"no such type"}`))
	pairs := 0
	for _, err := range c.Follow(t.Context(), EventsRequest{}) {
		pairs++
		var e *Error
		if !errors.As(err, &e) || e.Code != CodeBadRequest {
			t.Errorf("Follow ended with %v, want the agent's refusal", err)
		}
	}
	if pairs != 1 || len(asked()) != 1 {
		t.Errorf("a refusal came %d times, want once after one request", pairs)
	}
}

func TestFollowPersistsOverARefusalAndPausesNoLongerThanItMay(t *testing.T) {
	refuse := refuseWith(403, `{"code":"not_permitted","message":"not yet"}`)
	c, asked := script(t, refuse, refuse, refuse, refuse, refuse, refuse, refuse, refuse, // 16 s with the usual pauses
		tell("e1:0", `{"epoch":"e1","seq":1,"type":"join"}`))
	refused := 0
	followed(t, c, EventsRequest{Persist: true, MaxPause: time.Millisecond, OnBreak: func(err error) {
		if errors.Is(err, ErrNotPermitted) {
			refused++
		}
	}}, 1)
	if n := len(asked()); n != 9 || refused != 8 {
		t.Errorf("after %d requests and %d refusals that were told there is an event, want 9 and 8", n, refused)
	}
}

func TestEventsFromTheStartAreThoseOfThisLifeOfTheAgent(t *testing.T) {
	c, asked := script(t,
		func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"epoch":"e7","last_seq":1}`) },
		tell("e7:0", `{"epoch":"e7","seq":1,"type":"join"}`), tell("e7:1", `{"epoch":"e7","seq":2,"type":"dead"}`))
	followed(t, c, EventsRequest{FromStart: true}, 2)
	if got, want := asked(), []string{"", "after=e7%3A0", "after=e7%3A1"}; !slices.Equal(got, want) {
		t.Errorf("the requests were %q, want %q: for the epoch, from its start, on after the break", got, want)
	}
}

func TestFollowWaitsForAnAgentUntilTheContextEnds(t *testing.T) {
	c := client(t, shortDir(t)+"/s")
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	tries := 0
	r := EventsRequest{OnBreak: func(err error) {
		if !errors.Is(err, ErrUnreachable) {
			t.Errorf("OnBreak heard %v, want ErrUnreachable", err)
		}
		if tries++; tries == 2 {
			cancel(why)
		}
	}}
	for _, err := range c.Follow(ctx, r) {
		if !errors.Is(err, why) {
			t.Errorf("Follow ended with %v, want the context's own cause", err)
		}
	}
	if tries != 2 {
		t.Errorf("Follow tried %d times, want 2", tries)
	}
}

func TestWaitForReturnsTheMembersAsSoonAsTheyAreEnough(t *testing.T) {
	c, _ := script(t,
		tell("e1:1", `{"epoch":"e1","seq":1,"type":"reset","members":[{"name":"b","state":"alive"}]}`,
			`{"epoch":"e1","seq":2,"type":"join","member":{"name":"c","state":"alive"}}`),
		tell("e1:2", `{"epoch":"e1","seq":3,"type":"join","member":{"name":"a","state":"alive"}}`),
	)
	var sizes []int
	members, err := c.WaitFor(t.Context(), func(m []Member) bool { sizes = append(sizes, len(m)); return len(m) == 3 })
	if err != nil || len(members) != 3 || members[0].Name != "a" || members[2].Name != "c" {
		t.Errorf("WaitFor returned %+v, %v, want a, b and c", members, err)
	}
	if want := []int{1, 2, 3}; !reflect.DeepEqual(sizes, want) {
		t.Errorf("it was asked about %v members, want %v", sizes, want)
	}
}

func TestWaitForSaysWhyTheAgentWasNotReached(t *testing.T) {
	c := client(t, shortDir(t)+"/s")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := c.WaitFor(ctx, func([]Member) bool { return true })
	if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, ErrUnreachable) {
		t.Errorf("WaitFor without an agent returned %v, want the time-out and ErrUnreachable", err)
	}
}

func TestEventsNoticesAnAgentWithoutASignOfLife(t *testing.T) {
	silent := failure(cancelled(errSilent), "/s", context.Canceled)
	if !errors.Is(silent, ErrUnreachable) || errors.Is(silent, context.Canceled) {
		t.Errorf("a silent stream ends with %v, want ErrUnreachable that says so", silent)
	}
}

func cancelled(cause error) context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(cause)
	return ctx
}

func TestViewIsWhatTheEventsTell(t *testing.T) {
	var v View
	v.Apply(Event{Type: "join", Member: Member{Name: "x"}})
	if v.Valid() || len(v.Members()) != 0 {
		t.Errorf("a view without a reset shows %v", v.Members())
	}
	v.Apply(Event{Type: EventReset, Members: []Member{{Name: "b", State: "alive"}, {Name: "a", State: "alive"}}})
	v.Apply(Event{Type: "dead", Member: Member{Name: "b", State: "dead"}})
	v.Apply(Event{Type: "conflict", Member: Member{Name: "a", State: "dead"}})
	v.Apply(Event{Type: "join", Member: Member{Name: "c", State: "alive"}})
	v.Apply(Event{Type: "forgotten", Member: Member{Name: "c"}})
	want := []Member{{Name: "a", State: "alive"}, {Name: "b", State: "dead"}}
	if !v.Valid() || !reflect.DeepEqual(v.Members(), want) {
		t.Errorf("the view shows %v, want %v", v.Members(), want)
	}
	if m, ok := v.Member("b"); !ok || m.State != "dead" {
		t.Errorf("b is %+v, %v, want dead", m, ok)
	}
}
