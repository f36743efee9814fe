package localapi

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"heartsay/agent/internal/eventlog"
	"heartsay/api"
)

// reader is one open stream of events.
type reader struct {
	t      *testing.T
	lines  *bufio.Reader
	header http.Header
}

// read opens a stream; the agent has heard it when read returns.
func (f *fixture) read(t *testing.T, query string, header ...string) *reader {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", "http://heartsay/v1/events"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := f.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	if response.StatusCode != 200 {
		body, _ := io.ReadAll(response.Body)
		t.Fatalf("events%s is answered with %d %s", query, response.StatusCode, body)
	}
	return &reader{t, bufio.NewReader(response.Body), response.Header}
}

// next returns the next event.
func (r *reader) next() api.Event {
	r.t.Helper()
	line, err := r.lines.ReadString('\n')
	if err != nil {
		r.t.Fatalf("read the next event: %v", err)
	}
	var e api.Event
	if err := json.Unmarshal([]byte(line), &e); err != nil {
		r.t.Fatalf("the line %q is not an event: %v", line, err)
	}
	return e
}

// want fails the test unless the next events have these types and numbers, written "join 1".
func (r *reader) want(events ...string) {
	r.t.Helper()
	for _, want := range events {
		if e := r.next(); fmt.Sprintf("%s %d", e.Type, e.Seq) != want {
			r.t.Fatalf("the next event is %s %d (%s), want %s", e.Type, e.Seq, e.Reason, want)
		}
	}
}

// wantEnd fails the test unless the stream is over and says why: the agent stops, after the event with this number.
func (r *reader) wantEnd(seq uint64) {
	r.t.Helper()
	rest, err := io.ReadAll(r.lines)
	var end api.StreamEnd
	if err != nil || json.Unmarshal(rest, &end) != nil || strings.Count(string(rest), "\n") != 1 {
		r.t.Fatalf("the stream ends with %q, %v, want one last line and a plain end", rest, err)
	}
	want := api.StreamEnd{Epoch: "e1", Seq: seq, Type: "end", Code: api.CodeUnavailable, Reason: "the agent is stopping"}
	if end != want {
		r.t.Errorf("the stream ends with %+v, want %+v", end, want)
	}
}

// happen appends events of these types to the ring.
func (f *fixture) happen(types ...api.EventType) {
	for _, t := range types {
		f.backend.ring.Append(api.Event{Type: t, Member: api.Member{Name: "m"}})
	}
}

func TestEventsBeginWithWhatHappensFromNowOn(t *testing.T) {
	f := startServer(t, &fakeBackend{})
	f.happen("join")
	r := f.read(t, "")
	if kind := r.header.Get("Content-Type"); kind != "application/x-ndjson" {
		t.Errorf("the content type is %q, want application/x-ndjson", kind)
	}
	f.happen("suspect", "dead")
	r.want("suspect 2", "dead 3")
	f.happen("alive")
	if e := r.next(); e.Epoch != "e1" || e.Seq != 4 || e.Member.Name != "m" {
		t.Errorf("the event reads %+v, want number 4 of epoch e1 about m", e)
	}
}

func TestEventsGoOnAfterACursor(t *testing.T) {
	f := startServer(t, &fakeBackend{})
	f.happen("join", "suspect", "dead")
	f.read(t, "?after=e1:1").want("suspect 2", "dead 3")
	f.read(t, "?after=e1:0").want("join 1", "suspect 2", "dead 3")
	r := f.read(t, "?after=e1:3")
	f.happen("alive")
	r.want("alive 4")
}

func TestEventsOfferASnapshotAndGoOnAfterIt(t *testing.T) {
	b := &fakeBackend{view: func() []api.Member { return []api.Member{{Name: "a"}, {Name: "b"}} }}
	f := startServer(t, b)
	f.happen("join", "join")
	r := f.read(t, "?snapshot=true")
	e := r.next()
	if e.Type != api.EventReset || e.Epoch != "e1" || e.Seq != 2 || len(e.Members) != 2 || e.Time.IsZero() || e.Reason == "" {
		t.Errorf("the snapshot reads %+v, want a reset after number 2 with two members", e)
	}
	if e.Member.Tags == nil {
		t.Errorf("the tags of the reset's member are null, want {}")
	}
	f.happen("dead")
	r.want("dead 3")
}

func TestEventBetweenTheNumberAndTheViewIsNotMissed(t *testing.T) {
	f := startServer(t, &fakeBackend{})
	f.backend.view = func() []api.Member {
		f.happen("join")
		f.backend.view = nil
		return []api.Member{{Name: "a"}}
	}
	f.read(t, "?snapshot=true").want("reset 0", "join 1")
}

func TestCursorThatCannotBeFollowedGetsAReset(t *testing.T) {
	f := startServer(t, &fakeBackend{ring: eventlog.NewRing(2, "e1")})
	f.happen("join", "suspect", "dead", "alive")
	for _, query := range []string{"?after=e2:4", "?after=e1:99", "?after=e1:1", "?after=e1:0"} {
		r := f.read(t, query)
		r.want("reset 4")
	}
	f.read(t, "?after=e1:2").want("dead 3", "alive 4")
}

func TestReaderThatFallsBehindGetsAReset(t *testing.T) {
	f := startServer(t, &fakeBackend{ring: eventlog.NewRing(2, "e1")})
	entered, proceed := make(chan struct{}), make(chan struct{})
	f.backend.view = func() []api.Member { // holds the reader up while the ring turns
		f.backend.view = nil
		close(entered)
		<-proceed
		return nil
	}
	r := f.read(t, "?snapshot=true")
	<-entered
	f.happen("join", "suspect", "dead", "alive", "update")
	close(proceed)
	r.want("reset 0", "reset 5")
	f.happen("left")
	r.want("left 6")
}

func TestEventsOfOtherTypesAreLeftOutButNeverAReset(t *testing.T) {
	f := startServer(t, &fakeBackend{})
	f.happen("join", "suspect", "update", "dead", "left")
	f.read(t, "?after=e1:0&type=dead&type=join").want("join 1", "dead 4")
	f.read(t, "?after=e0:0&type=dead").want("reset 5")
	f.read(t, "?snapshot=1&type=dead").want("reset 5")
}

func TestEventsComeAsServerSentEventsWhenAskedFor(t *testing.T) {
	f := startServer(t, &fakeBackend{})
	f.happen("join", "dead")
	r := f.read(t, "?after=e1:0", "Accept", "text/html, text/event-stream;q=0.9")
	if kind := r.header.Get("Content-Type"); kind != "text/event-stream" {
		t.Errorf("the content type is %q, want text/event-stream", kind)
	}
	for _, want := range []string{"id: e1:1", "event: join", `data: {"epoch":"e1","seq":1,`, "", "id: e1:2", "event: dead"} {
		if line, err := r.lines.ReadString('\n'); err != nil || !strings.HasPrefix(line, want) {
			t.Errorf("the line is %q, %v, want %s", line, err, want)
		}
	}
}

func TestEventSourceThatReconnectsGoesOnWhereItWas(t *testing.T) {
	f := startServer(t, &fakeBackend{})
	f.happen("join", "dead")
	f.read(t, "", "Last-Event-ID", "e1:1").want("dead 2")
	f.read(t, "?after=e1:0", "Last-Event-ID", "e1:1").want("join 1")
	f.read(t, "?snapshot=true", "Last-Event-ID", "e1:1").want("dead 2") // it had its snapshot
}

func TestEventsRefuseAQueryThatMakesNoSense(t *testing.T) {
	f := startServer(t, &fakeBackend{})
	for query, words := range map[string]string{
		"?after=nonsense":          "cursor",
		"?after=":                  "cursor",
		"?after=e1:-1":             "cursor",
		"?after=e1:1&after=e1:2":   "repeated",
		"?snapshot=maybe":          "true or false",
		"?type=murder":             `event type "murder" is not known: choose of join alive`,
		"?type=join,dead":          "is not known",
		"?snapshots=true":          `"snapshots" is not known`,
		"?type=%1b%5b31m":          `\x1b[31m`,
		"?snapshot=true&after=bad": "cursor",
	} {
		status, body := f.do(t, "GET", "/v1/events"+query, "")
		wantError(t, query, status, body, 400, api.CodeBadRequest, words)
	}
}

func TestStreamsEndWithTheServerAfterItsLastEvents(t *testing.T) {
	f := startServer(t, &fakeBackend{})
	readers := []*reader{f.read(t, ""), f.read(t, "?type=left"), f.read(t, "?snapshot=true&type=left")}
	f.happen("dead", "left")
	if err := f.server.Close(); err != nil {
		t.Errorf("Close failed: %v", err)
	}
	readers[0].want("dead 1", "left 2")
	readers[1].want("left 2")
	readers[2].next()
	for _, r := range readers[:2] {
		r.wantEnd(2)
	}
}

func TestStreamsEndWithTheRing(t *testing.T) {
	f := startServer(t, &fakeBackend{})
	r := f.read(t, "")
	f.happen("left")
	f.backend.ring.Close()
	r.want("left 1")
	r.wantEnd(1)
}

func TestClientOfThePackageAPIUnderstandsTheServer(t *testing.T) {
	f := startServer(t, &fakeBackend{view: func() []api.Member { return []api.Member{{Name: "a", State: "alive"}} }})
	c, err := api.New("unix://" + f.path)
	if err != nil {
		t.Fatal(err)
	}
	if m, err := c.Members(t.Context()); err != nil || len(m.Members) != 1 || m.Members[0].Name != "a" {
		t.Errorf("Members is %+v, %v, want a", m, err)
	}
	if r, err := c.Join(t.Context(), "x:1"); err != nil || r.Joined != 1 {
		t.Errorf("Join is %+v, %v, want one joined", r, err)
	}
	if r, err := c.Leave(t.Context()); err != nil || r.Told != 2 {
		t.Errorf("Leave is %+v, %v, want two told", r, err)
	}
	if r, err := c.Forget(t.Context(), "x", true); err != nil || !r.Forgotten {
		t.Errorf("Forget is %+v, %v, want forgotten", r, err)
	}
	var types []api.EventType
	for e, err := range c.Events(t.Context(), api.EventsRequest{Snapshot: true, Types: []api.EventType{"dead"}}) {
		if err != nil {
			break
		}
		if types = append(types, e.Type); len(types) == 1 {
			f.happen("join", "dead")
			f.backend.ring.Close()
		}
	}
	if want := []api.EventType{"reset", "dead"}; !reflect.DeepEqual(types, want) {
		t.Errorf("the events are %v, want %v", types, want)
	}
}
