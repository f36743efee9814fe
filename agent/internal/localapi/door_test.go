package localapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"heartsay/agent/internal/eventlog"
	"heartsay/agent/ports"
	"heartsay/api"
)

// askOn sends a request on a connection and returns the status of its answer.
func askOn(t *testing.T, c net.Conn, path string, header ...string) string {
	t.Helper()
	fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n", path, strings.Join(header, ""))
	c.SetReadDeadline(time.Now().Add(10 * time.Second))
	b := make([]byte, 4096)
	n, err := c.Read(b)
	if err != nil {
		t.Fatalf("GET %s: %v", path, err)
	}
	status, _, _ := strings.Cut(string(b[:n]), "\r\n")
	return status
}

func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestHostile18IdleConnectionsToThePortForScrapesKeepNoProbeWaiting(t *testing.T) {
	s := New(&fakeBackend{ring: eventlog.NewRing(16, "e1")}, hclog.NewNullLogger())
	l, err := ListenForScrapes(netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	go s.ServeScrapes(l)
	defer s.Close()
	for i := range 4 * scrapeConns {
		c := dial(t, l.Addr().String())
		if i%2 == 0 {
			askOn(t, c, "/livez") // it has proven itself, and rests now
		}
	}
	if got := askOn(t, dial(t, l.Addr().String()), "/livez"); got != "HTTP/1.1 200 OK" {
		t.Errorf("beside idle connections /livez is answered with %s", got)
	}
	if got := s.Refused()["scrape_limit"]; got < 3*scrapeConns {
		t.Errorf("%d connections are counted as without a place, want %d", got, 3*scrapeConns+1)
	}
}

func TestHostile18ConnectionsWithoutTheTokenEndNothing(t *testing.T) {
	address, s := tcpServer(t)
	works := dial(t, address)
	token := "Authorization: Bearer " + testToken + "\r\n"
	fmt.Fprintf(works, "GET /v1/events HTTP/1.1\r\nHost: localhost\r\n%s\r\n", token)
	works.Read(make([]byte, 1))
	for range ports.Places(doorConns) + 200 {
		dial(t, address)
	}
	if got := askOn(t, dial(t, address), "/v1/self", token); got != "HTTP/1.1 200 OK" {
		t.Errorf("beside silent connections a request with the token is answered with %s", got)
	}
	if got := s.Refused()["api_limit"]; got < 200 {
		t.Errorf("%d connections are counted as without a place, want 202", got)
	}
	if open := s.Readers().Open; open != 1 {
		t.Errorf("%d streams of events are open: that of the one who has the token had to stay", open)
	}
}

// slowly is an answer that is written until it may end.
type slowly struct{ begun, end chan struct{} }

func (a slowly) WriteTo(io.Writer) (int64, error) {
	a.begun <- struct{}{}
	<-a.end
	return 0, nil
}

func TestHostile18LargeAnswersAreMadeAFewAtATimeAndTheRestIsToldToWait(t *testing.T) {
	f := startServer(t, &fakeBackend{})
	s := New(f.backend, f.server.log)
	s.workWait = time.Millisecond
	answer := slowly{make(chan struct{}), make(chan struct{})}
	s.Add(Route{Path: "/v1/sd/prometheus", Large: func(*http.Request) (io.WriterTo, error) { return answer, nil }})
	l, err := ListenForScrapes(netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	go s.ServeScrapes(l)
	defer s.Close()
	for range workPlace {
		fmt.Fprint(dial(t, l.Addr().String()), "GET /v1/sd/prometheus HTTP/1.1\r\nHost: localhost\r\n\r\n")
		<-answer.begun
	}
	if got := askOn(t, dial(t, l.Addr().String()), "/livez"); got != "HTTP/1.1 200 OK" {
		t.Errorf("beside large answers /livez is answered with %s", got)
	}
	if got := askOn(t, dial(t, l.Addr().String()), "/v1/sd/prometheus"); got != "HTTP/1.1 503 Service Unavailable" {
		t.Errorf("one large answer too many: %s", got)
	}
	if got := s.Refused()["api_busy"]; got != 1 {
		t.Errorf("%d requests are counted as too many", got)
	}
	close(answer.end)
}

func TestMembersAreEncodedOnceForAllWhoAskAtOnce(t *testing.T) {
	asked, may := 0, make(chan struct{})
	f := startServer(t, &fakeBackend{view: func() []api.Member {
		asked++
		<-may
		return []api.Member{{Name: fmt.Sprint("m", asked)}}
	}})
	answers := make(chan string)
	get := func() {
		_, body := f.do(t, "GET", "/v1/members", "")
		answers <- body
	}
	go get()
	may <- struct{}{} // it is being made
	if got := <-answers; !strings.Contains(got, `"m1"`) {
		t.Errorf("the first caller gets %s", got)
	}
	for range 6 {
		go get()
	}
	close(may)
	for range 6 {
		<-answers
	}
	if asked > 7 {
		t.Errorf("the backend was asked %d times by 7 callers", asked)
	}
}

func TestWhoAsksForAChangeIsLogged(t *testing.T) {
	var out bytes.Buffer
	f := startServer(t, &fakeBackend{}, func(s *Server) {
		s.log = hclog.New(&hclog.LoggerOptions{Output: &out, JSONFormat: true})
	})
	f.do(t, "POST", "/v1/forget", `{"name":"web1","force":true}`)
	f.do(t, "POST", "/v1/probe", `{"address":"10.0.0.1:1"}`)
	f.do(t, "GET", "/v1/self", "")
	var line struct {
		Level         string `json:"@level"`
		Call, Request string
		UID, PID      *int
	}
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatalf("%v in the log, want one line:\n%s", err, out.String())
	}
	if line.UID == nil || line.PID == nil || *line.UID != os.Getuid() || *line.PID != os.Getpid() || line.Level != "info" ||
		line.Call != "/v1/forget" || line.Request != `{"name":"web1","force":true}` {
		t.Errorf("the log says %s", out.String())
	}

	out.Reset()
	address, _ := tcpServer(t, func(s *Server) { s.log = hclog.New(&hclog.LoggerOptions{Output: &out}) })
	askTCP(t, address, "POST", "/v1/leave", "Authorization", "Bearer "+testToken)
	if !strings.Contains(out.String(), "call=/v1/leave") || !strings.Contains(out.String(), "address=127.0.0.1:") {
		t.Errorf("the log says %q", out.String())
	}
}
