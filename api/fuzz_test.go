package api

import (
	"bytes"
	"io"
	"net/http"
	"testing"
)

// saying is an agent that answers every request with the same bytes.
type saying []byte

func (b saying) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(b)), Request: r}, nil
}

// FuzzEvents lets a client read events and members from any listener at the socket. Each stream ends with an error,
// whatever came, and the view that is kept of it stays one.
func FuzzEvents(f *testing.F) {
	f.Add([]byte(`{"epoch":"e","seq":1,"time":"2026-01-01T00:00:00Z","type":"join","member":{"name":"a","state":"alive"}}` + "\n"))
	f.Add([]byte(`{"epoch":"e","seq":2,"type":"reset","members":[{"name":"a"},{"name":"a"}]}` + "\n\n" + `{"type":"dead","member":{"name":"a"}}` + "\n"))
	f.Add([]byte(`{"type":"end","code":"too_slow","reason":"x"}` + "\n"))
	f.Add([]byte(`{"cluster":"c","self":"a","members":[{"name":"a","phi":1e400}]}` + "\n"))
	f.Add([]byte("null\n[]\n7\n\"x\"\n{\n"))
	f.Add(bytes.Repeat([]byte("["), 20000))
	f.Fuzz(func(t *testing.T, b []byte) {
		c := &Client{path: "/s", http: &http.Client{Transport: saying(b)}}
		view, ended := new(View), false
		for e, err := range c.Events(t.Context(), EventsRequest{Snapshot: true}) {
			if ended {
				t.Fatal("the stream goes on after its error")
			}
			if ended = err != nil; !ended {
				view.Apply(e)
			}
		}
		if !ended {
			t.Fatal("the stream ends without an error")
		}
		if m, err := c.Members(t.Context()); err == nil && m.Members == nil {
			t.Fatal("the members are null")
		}
	})
}
