package localapi

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/hashicorp/go-hclog"

	"heartsay/agent/internal/eventlog"
)

// scrapePort serves the scrape routes as if on a port at address, and returns what a request is answered.
func scrapePort(address string) func(method, path string, header ...string) (int, string) {
	s := New(&fakeBackend{ring: eventlog.NewRing(16, "e1")}, hclog.NewNullLogger())
	for _, path := range scrapeRoutes {
		if _, has := s.routes[path]; has {
			continue
		}
		s.Add(Route{Path: path, Answer: func(*http.Request) (any, error) { return "well", nil }})
	}
	port := s.scrapePort(netip.MustParseAddrPort(address).Addr().IsLoopback())
	return func(method, path string, header ...string) (int, string) {
		r := httptest.NewRequest(method, path, nil)
		r.Host = address
		for i := 0; i < len(header); i += 2 {
			if header[i] == "Host" {
				r.Host = header[i+1]
			} else {
				r.Header.Set(header[i], header[i+1])
			}
		}
		w := httptest.NewRecorder()
		port(w, r)
		return w.Code, w.Body.String()
	}
}

func TestScrapePortChangesNothingAndServesNoPages(t *testing.T) {
	ask := scrapePort("127.0.0.1:9100")
	for _, path := range scrapeRoutes {
		if status, body := ask(http.MethodGet, path); status != 200 {
			t.Errorf("%s is answered with %d %s", path, status, body)
		}
		if status, _ := ask(http.MethodPost, path); status != 405 {
			t.Errorf("POST %s is answered with %d, want 405", path, status)
		}
	}
	for _, path := range []string{"/v1/members", "/v1/self", "/v1/events", "/v1/leave", "/v1/forget", "/v1/join", "/"} {
		if status, _ := ask(http.MethodGet, path); status != 404 {
			t.Errorf("GET %s is answered with %d, want 404", path, status)
		}
		if status, _ := ask(http.MethodPost, path); status != 404 {
			t.Errorf("POST %s is answered with %d, want 404", path, status)
		}
	}
	for host, want := range map[string]int{
		"localhost:9100": 200, "LOCALHOST": 200, "127.0.0.1": 200, "[::1]:9100": 200, "": 200,
		"evil.example": 403, "evil.example:9100": 403, "127.0.0.1.evil.example": 403,
	} {
		if status, _ := ask(http.MethodGet, "/metrics", "Host", host); status != want {
			t.Errorf("host %q is answered with %d, want %d", host, status, want)
		}
	}
	if status, _ := ask(http.MethodGet, "/metrics", "Origin", "http://localhost"); status != 403 {
		t.Errorf("a request with an Origin is answered with %d, want 403", status)
	}
	open := scrapePort("10.0.0.1:9100")
	if status, _ := open(http.MethodGet, "/metrics", "Host", "web1.example:9100"); status != 200 {
		t.Errorf("on a port that is open to the network a name is answered with %d, want 200", status)
	}
}
