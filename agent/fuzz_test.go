package agent

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"heartsay/agent/internal/eventlog"
	"heartsay/api"
)

// FuzzOpenPacket gives foreign bytes to an agent with keys. Nothing may come out but what was sealed for it.
func FuzzOpenPacket(f *testing.F) {
	sender, receiver := NewSealer("prod", testKeys("xy")), NewSealer("prod", testKeys("xy"))
	sender.contacts.at(addrB).boot = receiver.boot
	f.Add([]byte{})
	f.Add(sender.SealPacket(addrB, []byte("hello"), noon)[:sealOverhead+3])
	f.Add(sender.Ask(addrB, noon))
	f.Add(NewSealer("prod", testKeys("m")).Ask(addrB, noon))
	f.Add(NewEnvelope("prod", 1).Seal(nil, ClassPacket, []byte("hello")))
	f.Add(append([]byte("hs\x01\x01"), make([]byte, 60)...))
	f.Add(append([]byte("hs\x01\x03\xff\xff\xff\xff"), make([]byte, 60)...))
	f.Add([]byte("GET / HTTP/1.1\r\nHost: example\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		payload, _, err := receiver.OpenPacket(b, addrA, noon)
		switch {
		case err != nil && (reasonOf(err) == "none" || payload != nil):
			t.Fatalf("error %v has no reason, or the payload %q came with it", err, payload)
		case payload != nil:
			t.Fatalf("bytes that nobody sealed for this agent open as %q", payload)
		case len(receiver.peers.byBoot) > 0:
			t.Fatal("a sender is remembered that never was")
		}
	})
}

// FuzzOpenStream plays the other side of a stream to an agent with keys.
func FuzzOpenStream(f *testing.F) {
	s := NewSealer("prod", testKeys("x"))
	_, opening := NewSealer("prod", testKeys("x")).opening()
	_, foreign := NewSealer("prod", testKeys("m")).opening()
	f.Add(opening, true)
	f.Add(append(bytes.Clone(opening), opening...), false)
	f.Add(foreign, true)
	f.Add(opening[:40], true)
	f.Add([]byte("\x00\x00\x00\x3chs\x01\x02"), false)
	f.Add([]byte("\x00\x02\x00\x00hs\x01\x04"), false)
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"), false)
	f.Fuzz(func(t *testing.T, b []byte, dialed bool) {
		c := &scripted{Reader: bytes.NewReader(b)}
		frames, err := s.OpenStream(c, dialed, time.Time{})
		if err != nil {
			return
		}
		if payload, err := ReadFrame(c, frames); err == nil {
			t.Fatalf("bytes that nobody sealed for this stream open as %q", payload)
		}
	})
}

// scripted is a stream whose other side says what is written down, and listens to nothing.
type scripted struct{ io.Reader }

func (*scripted) Write(b []byte) (int, error)      { return len(b), nil }
func (*scripted) Close() error                     { return nil }
func (*scripted) LocalAddr() net.Addr              { return addrOf("10.0.0.2:4327") }
func (*scripted) RemoteAddr() net.Addr             { return addrOf("10.0.0.1:4327") }
func (*scripted) SetDeadline(time.Time) error      { return nil }
func (*scripted) SetReadDeadline(time.Time) error  { return nil }
func (*scripted) SetWriteDeadline(time.Time) error { return nil }

// FuzzServe gives bytes to the server of the local API, as whoever can reach its socket may. Whatever is answered is
// JSON with a status, and nothing is done.
func FuzzServe(f *testing.F) {
	b := &fakeBackend{ring: eventlog.NewRing(16, "e1")}
	s := NewServer(keyedBackend{b}, hclog.NewNullLogger())
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

// FuzzQueries reads what follows the question mark of a request for events or targets. What is taken of it means one
// thing: asked for again as it was understood, it is understood the same.
func FuzzQueries(f *testing.F) {
	for _, seed := range []string{
		"", "after=e1:7", "after=e1:18446744073709551615&type=join&type=dead", "snapshot=true", "snapshot=1&snapshot=0", "after=:&after=%zz",
		"state=alive&state=dead", "tag=role=db&port=80", "port_tag=http", "port=65536", "tag==", "token=x", ";", "type=\x00",
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
		q, err := parseTargetsQuery(r.URL.Query())
		if err == nil && (len(q.states) == 0 || q.port != 0 && q.portTag != "") {
			t.Fatalf("%q asks for targets of no state, or of two ports: %+v", query, q)
		}
	})
}
