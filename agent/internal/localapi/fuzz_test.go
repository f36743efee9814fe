package localapi

import (
	"bufio"
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"

	"heartsay/agent/internal/eventlog"
	"heartsay/api"
)

// FuzzServe gives bytes to the server of the local API, as anybody who can reach its socket may. Whatever is answered is
// JSON with a status, and nothing is done.
func FuzzServe(f *testing.F) {
	b := &fakeBackend{ring: eventlog.NewRing(16, "e1")}
	s := New(b, hclog.NewNullLogger())
	for _, seed := range []string{
		"GET /v1/members HTTP/1.1\r\nHost: heartsay\r\n\r\n",
		"POST /v1/forget HTTP/1.1\r\nHost: heartsay\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n{\"name\":\"bob\"}",
		"POST /v1/join HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 17\r\n\r\n{\"addresses\":[1]}",
		"GET /v1/keys?x=%zz HTTP/1.1\r\nHost: heartsay\r\n\r\n",
		"POST /v1/keys/reload HTTP/1.1\r\nHost: heartsay\r\nOrigin: null\r\n\r\n",
		"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw)))
		if err != nil || r.URL.Path == "/v1/events" || r.URL.Path == "/v1/leave" {
			return
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if kind := w.Header().Get("Content-Type"); kind != "application/json" || w.Code < 200 {
			t.Fatalf("%q is answered with %d, %q", raw, w.Code, kind)
		}
		own := r.Host == "" || strings.EqualFold(r.Host, "heartsay") || strings.EqualFold(r.Host, "localhost")
		if _, web := r.Header["Origin"]; (web || !own) && w.Code != http.StatusForbidden {
			t.Fatalf("a request of a web page or for another host is answered with %d: %q", w.Code, raw)
		}
	})
}

// FuzzEventQueries reads what follows the question mark of a request for events. What is taken of it means one
// thing: asked for again as it was understood, it is understood the same.
func FuzzEventQueries(f *testing.F) {
	for _, seed := range []string{
		"", "after=e1:7", "after=e1:18446744073709551615&type=join&type=dead", "snapshot=true", "snapshot=1&snapshot=0", "after=:&after=%zz",
		"token=x", ";", "type=\x00",
	} {
		f.Add(seed, "e1:3")
	}
	f.Fuzz(func(t *testing.T, query, lastEvent string) {
		r := &http.Request{URL: &url.URL{RawQuery: query}, Header: http.Header{"Last-Event-Id": {lastEvent}}}
		if q, err := parseEventsQuery(r); err == nil && !q.After.IsZero() {
			if again, err := api.ParseCursor(q.After.String()); err != nil || again != q.After {
				t.Fatalf("%q is read as event %s, which is read again as %s (%v)", query, q.After, again, err)
			}
		}
	})
}
