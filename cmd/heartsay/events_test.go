package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"heartsay/api"
)

func TestEventsAreLinesThatShowWhatHappenedToWhom(t *testing.T) {
	defer func(l *time.Location) { time.Local = l }(time.Local)
	time.Local = time.UTC
	var b bytes.Buffer
	w := newEventWriter(&b, "table")
	at := noon.Add(1234 * time.Millisecond)
	for _, e := range []api.Event{
		{Type: "dead", Time: at, Member: api.Member{Name: "bob", Address: "10.0.0.2:4327"}, Reason: "silent for 2.5s"},
		{Type: "conflict", Time: at, Member: api.Member{Name: strings.Repeat("n", 20)}, Reason: "\x1b[2J\n"},
		{Type: "join", Time: at, Member: api.Member{Name: "eve", Address: "10.0.0.3:4327"}},
		{Type: "reset", Time: at, Reason: "asked for", Members: []api.Member{{Name: "ann", Address: "10.0.0.1:1", State: "alive"}}},
		{Type: "reset", Time: at},
	} {
		if err := w.write(e); err != nil {
			t.Fatal(err)
		}
	}
	want := `
12:00:01.234  dead       bob               10.0.0.2:4327          silent for 2.5s
12:00:01.234  conflict   nnnnnnnnnnnnnnnnnnnn                         \x1b[2J\x0a
12:00:01.234  join       eve               10.0.0.3:4327
12:00:01.234  reset      -                 -                      the view has 1 member: asked for
12:00:01.234             ann               10.0.0.1:1             is alive
12:00:01.234  reset      -                 -                      the view has 0 members
`
	if got := "\n" + b.String(); got != want {
		t.Errorf("the events are%swant%s", got, want)
	}
}
