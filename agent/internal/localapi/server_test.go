package localapi

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/go-hclog"

	"heartsay/agent/internal/eventlog"
	"heartsay/api"
)

// fakeBackend answers with what the test put in it.
type fakeBackend struct {
	ring     *eventlog.Ring
	once     sync.Once
	events   *eventlog.Views
	err      error         // what every call fails with
	leaving  chan struct{} // unless nil, Leave sends on it first
	mayLeave chan struct{} // and then waits for this
	asked    []string      // what the calls were asked for
	health   error
	view     func() []api.Member
}

func (b *fakeBackend) Members(context.Context) (api.Members, error) {
	var members []api.Member
	if b.view != nil {
		members = b.view()
	}
	return api.Members{Cluster: "c", Self: "me", Members: members}, b.err
}

func (b *fakeBackend) Self(context.Context) (api.Self, error) { return api.Self{Name: "me"}, b.err }

func (b *fakeBackend) Join(_ context.Context, addresses []string) (api.JoinResult, error) {
	b.asked = append(b.asked, addresses...)
	return api.JoinResult{Joined: len(addresses)}, b.err
}

func (b *fakeBackend) Leave(ctx context.Context) (api.LeaveResult, error) {
	if b.leaving != nil {
		b.leaving <- struct{}{}
		select {
		case <-b.mayLeave:
		case <-ctx.Done():
		}
	}
	return api.LeaveResult{Told: 2}, b.err
}

func (b *fakeBackend) ForgetAll(_ context.Context, r api.ForgetRequest) (api.ForgetResult, error) {
	b.asked = append(b.asked, fmt.Sprint(r.Name, r.Force))
	return api.ForgetResult{Name: r.Name, Forgotten: true}, b.err
}

func (b *fakeBackend) Probe(_ context.Context, address string) (api.ProbeResult, error) {
	b.asked = append(b.asked, address)
	return api.ProbeResult{Address: address}, b.err
}

func (b *fakeBackend) Tags(_ context.Context, change api.TagsRequest) (api.TagsResult, error) {
	b.asked = append(b.asked, fmt.Sprint(change.Set, change.Delete))
	return api.TagsResult{Tags: map[string]string{"a": "b"}}, b.err
}

func (b *fakeBackend) KeyStatus(context.Context) (api.Keys, error) { return api.Keys{}, b.err }
func (b *fakeBackend) ReloadKeys() error                           { return errors.New("no key file is given") }

func (b *fakeBackend) Events() *eventlog.Views {
	b.once.Do(func() { b.events = eventlog.NewViews(b.ring, b.Members) })
	return b.events
}

func (b *fakeBackend) Healthy(context.Context) error { return b.health }

// fixture is a server on a real socket, with a client of it.
type fixture struct {
	backend *fakeBackend
	server  *Server
	path    string
	client  *http.Client
	served  chan error
}

// startServer serves b until the test ends. The server is configured before it starts.
func startServer(t *testing.T, b *fakeBackend, configure ...func(*Server)) *fixture {
	t.Helper()
	if b.ring == nil {
		b.ring = eventlog.NewRing(16, "e1")
	}
	f := &fixture{backend: b, server: New(b, hclog.NewNullLogger()), path: filepath.Join(shortDir(t), "s")}
	for _, c := range configure {
		c(f.server)
	}
	l := listenAt(t, f.path)
	dial := func(context.Context, string, string) (net.Conn, error) { return net.Dial("unix", f.path) }
	f.client = &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}
	f.served = make(chan error, 1)
	go func() { f.served <- f.server.Serve(l) }()
	t.Cleanup(func() { f.server.Close() })
	return f
}

// do sends a request and returns the status and the body of the answer.
func (f *fixture) do(t *testing.T, method, target, body string, header ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://heartsay"+target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
	}
	response, err := f.client.Do(r)
	if err != nil {
		t.Fatalf("%s %s: %v", method, target, err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, target, err)
	}
	return response.StatusCode, string(data)
}

// wantError fails the test unless the answer is an api.Error with this status, code and words.
func wantError(t *testing.T, what string, status int, body string, wantStatus int, wantCode, wantWords string) {
	t.Helper()
	var e api.Error
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		t.Errorf("%s is answered with %d %q, want an error in JSON", what, status, body)
	}
	if status != wantStatus || e.Code != wantCode || !strings.Contains(e.Message, wantWords) {
		t.Errorf("%s is answered with %d %s %q, want %d %s with %q",
			what, status, e.Code, e.Message, wantStatus, wantCode, wantWords)
	}
}

func TestServerAnswersEachCall(t *testing.T) {
	f := startServer(t, &fakeBackend{})
	for _, c := range []struct{ method, target, body, want string }{
		{"GET", "/v1/members", "", `{"cluster":"c","self":"me","members":[]}`},
		{"GET", "/v1/self", "", `"name":"me"`},
		{"POST", "/v1/join", `{"addresses":["a:1","b"]}`, `{"joined":2,"results":null}`},
		{"POST", "/v1/leave", "", `{"told":2}`},
		{"POST", "/v1/leave", "{}", `{"told":2}`},
		{"POST", "/v1/forget", `{"name":"x","force":true}`, `{"name":"x","forgotten":true}`},
		{"GET", "/livez", "", `{"status":"ok"}`},
	} {
		status, body := f.do(t, c.method, c.target, c.body)
		if status != 200 || !strings.Contains(body, c.want) {
			t.Errorf("%s %s is answered with %d %s, want 200 with %s", c.method, c.target, status, body, c.want)
		}
	}
	if want := []string{"a:1", "b", "xtrue"}; !reflect.DeepEqual(f.backend.asked, want) {
		t.Errorf("the agent was asked for %v, want %v", f.backend.asked, want)
	}
}

func TestServerGivesEachCodeItsStatus(t *testing.T) {
	b := &fakeBackend{}
	f := startServer(t, b)
	for code, want := range map[string]int{
		api.CodeBadRequest: 400, api.CodeNotPermitted: 403, api.CodeNotFound: 404, api.CodeRefused: 409,
		api.CodeUnavailable: 503, api.CodeInternal: 500, "new": 500,
	} {
		b.err = fmt.Errorf("forget x: %w", &api.Error{Code: code, Message: "because"})
		status, body := f.do(t, "POST", "/v1/forget", `{"name":"x"}`)
		wantError(t, code, status, body, want, code, "because")
	}
	b.err = errors.New("disk on fire")
	status, body := f.do(t, "GET", "/v1/self", "")
	wantError(t, "an error of another kind", status, body, 500, api.CodeInternal, "disk on fire")
}

func TestServerSaysWhenTheAgentIsNotLive(t *testing.T) {
	f := startServer(t, &fakeBackend{health: errors.New("the loop stands still")})
	status, body := f.do(t, "GET", "/livez", "")
	wantError(t, "livez", status, body, 503, api.CodeUnavailable, "the loop stands still")
}

func TestServerRefusesUnknownRoutesAndMethodsInJSON(t *testing.T) {
	f := startServer(t, &fakeBackend{})
	for _, target := range []string{"/", "/v1", "/v1/members/", "//v1/members", "/v1/../v1/members", "/metrics", "/V1/self"} {
		status, body := f.do(t, "GET", target, "")
		wantError(t, target, status, body, 404, api.CodeNotFound, "there is no route")
	}
	for target, method := range map[string]string{
		"/v1/members": "POST", "/v1/self": "DELETE", "/v1/events": "PUT", "/v1/join": "GET", "/v1/leave": "GET",
		"/livez": "BREW", "/v1/forget": "OPTIONS",
	} {
		status, body := f.do(t, method, target, "")
		wantError(t, method+" "+target, status, body, 405, api.CodeBadRequest, "takes")
	}
}

func TestServerRefusesWebPages(t *testing.T) {
	f := startServer(t, &fakeBackend{})
	for _, header := range [][]string{
		{"Origin", "http://localhost"}, {"Origin", "null"}, {"Origin", ""}, {"Host", "evil.example"}, {"Host", "heartsay:80"},
		{"Host", "127.0.0.1"},
	} {
		status, body := f.do(t, "POST", "/v1/leave", "", header...)
		wantError(t, strings.Join(header, " "), status, body, 403, api.CodeNotPermitted, "the request")
	}
	for _, host := range []string{"heartsay", "localhost", "LOCALHOST"} {
		if status, body := f.do(t, "GET", "/livez", "", "Host", host); status != 200 {
			t.Errorf("host %s is answered with %d %s, want 200", host, status, body)
		}
	}
}

func TestServerTakesAnEmptyHost(t *testing.T) {
	f := startServer(t, &fakeBackend{})
	for _, head := range []string{"GET /livez HTTP/1.1\r\nHost:\r\n\r\n", "GET /livez HTTP/1.0\r\n\r\n"} {
		if line := f.raw(t, head); !strings.Contains(line, "200") {
			t.Errorf("%q is answered with %q, want 200", head, line)
		}
	}
}

// raw sends bytes and returns the first line of the answer.
func (f *fixture) raw(t *testing.T, s string) string {
	t.Helper()
	c, err := net.Dial("unix", f.path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, s)
	line, _ := bufio.NewReader(c).ReadString('\n')
	return strings.TrimSpace(line)
}

func TestServerRefusesOddRequests(t *testing.T) {
	f := startServer(t, &fakeBackend{})
	for head, want := range map[string]string{
		"GET http://evil.example/livez HTTP/1.1\r\nHost: heartsay\r\n\r\n":                               "403",
		"OPTIONS * HTTP/1.1\r\nHost: heartsay\r\n\r\n":                                                   "404",
		"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n":                            "403",
		"GET /livez HTTP/1.1\r\n\r\n":                                                                    "400",
		"GET /livez HTTP/1.1\r\nHost: heartsay\r\nX: " + strings.Repeat("x", 32<<10) + "\r\n\r\n":        "431",
		"GET /livez?x=%zz HTTP/1.1\r\nHost: heartsay\r\n\r\n":                                            "400",
		"GET /v1/members?token=abc HTTP/1.1\r\nHost: heartsay\r\n\r\n":                                   "400",
		"SSH-2.0-OpenSSH_9.6\r\n\r\n":                                                                    "400",
		"POST /v1/leave HTTP/1.1\r\nHost: heartsay\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nx\r\n\r\n": "400",
	} {
		if line := f.raw(t, head); !strings.Contains(line, want) {
			t.Errorf("%.60q is answered with %q, want %s", head, line, want)
		}
	}
}

func TestServerReadsBodiesStrictly(t *testing.T) {
	f := startServer(t, &fakeBackend{})
	for _, c := range []struct{ target, body, words string }{
		{"/v1/join", "", "names no address"},
		{"/v1/join", "{}", "names no address"},
		{"/v1/join", "null", "names no address"},
		{"/v1/join", `{"addresses":["a"],"fast":true}`, `unknown field "fast"`},
		{"/v1/join", `{"addresses":["a"]} {}`, "goes on after its JSON object"},
		{"/v1/join", `{"addresses":["a"]} x`, "goes on after its JSON object"},
		{"/v1/join", `{"addresses":"a"}`, "string"},
		{"/v1/join", `{"addresses":["a"`, "not what is asked for"},
		{"/v1/join", "[" + strings.Repeat(" ", 1<<20) + "]", "larger than 1048576 bytes"},
		{"/v1/join", strings.Repeat("[", 1<<19), "not what is asked for"},
		{"/v1/join", `{"addresses":["a"],"addresses":["b"]}`, `has "addresses" twice`},
		{"/v1/join", `{"addresses":["a"],"ADDRESSES":["b"]}`, `has "ADDRESSES" twice`},
		{"/v1/tags", `{"set":{"a":"1","a":"2"}}`, `has "a" twice`},
		{"/v1/forget", `{"name":""}`, "names no member"},
		{"/v1/forget", `{"name":7}`, "number"},
		{"/v1/leave", `{"now":true}`, `unknown field "now"`},
	} {
		status, body := f.do(t, "POST", c.target, c.body)
		wantError(t, c.target+" "+c.body[:min(len(c.body), 60)], status, body, 400, api.CodeBadRequest, c.words)
	}
	for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded", "application/json;;"} {
		status, body := f.do(t, "POST", "/v1/join", `{"addresses":["a"]}`, "Content-Type", kind)
		wantError(t, "content type "+kind, status, body, 400, api.CodeBadRequest, "send application/json")
	}
	status, body := f.do(t, "POST", "/v1/join", `{"addresses":["a"]}`, "Content-Type", "application/json; charset=utf-8")
	if status != 200 {
		t.Errorf("a content type with a charset is answered with %d %s, want 200", status, body)
	}
	if len(f.backend.asked) != 1 {
		t.Errorf("the agent was asked for %v, want only for what the good request named", f.backend.asked)
	}
}

func TestHostile14WhatTheAPIDoesNotTakeIsCountedByItsReason(t *testing.T) {
	f := startServer(t, &fakeBackend{})
	post := func(path, headers, body string) string {
		return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: heartsay\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%s\r\n%s",
			path, len(body), headers, body)
	}
	for _, c := range []struct{ what, request, reason string }{
		{"another protocol", "SSH-2.0-OpenSSH_9.6\r\n\r\n", "api_malformed"},
		{"TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", "api_malformed"},
		{"a giant head", "GET /livez HTTP/1.1\r\nHost: heartsay\r\nX: " + strings.Repeat("x", 32<<10) + "\r\n\r\n", "api_malformed"},
		{"two hosts", "GET /livez HTTP/1.1\r\nHost: heartsay\r\nHost: evil.example\r\n\r\n", "api_malformed"},
		{"two lengths", "POST /v1/leave HTTP/1.1\r\nHost: heartsay\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxy", "api_malformed"},
		{"another site's host", "GET /livez HTTP/1.1\r\nHost: evil.example\r\n\r\n", "api_not_permitted"},
		{"a proxy's request", "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n", "api_not_permitted"},
		{"an origin", post("/v1/leave", "Origin: null\r\n", ""), "api_not_permitted"},
		{"another site's page", post("/v1/leave", "Sec-Fetch-Site: cross-site\r\n", ""), "api_not_permitted"},
		{"an odd path", "GET /v1/../v1/members HTTP/1.1\r\nHost: heartsay\r\n\r\n", "api_not_found"},
		{"an odd method", "BREW /livez HTTP/1.1\r\nHost: heartsay\r\n\r\n", "api_bad_request"},
		{"a token in the query", "GET /livez?token=x HTTP/1.1\r\nHost: heartsay\r\n\r\n", "api_bad_request"},
		{"a giant body", post("/v1/join", "", strings.Repeat(" ", maxBody+1)), "api_bad_request"},
		{"a body nested deep", post("/v1/join", "", strings.Repeat("[", 1<<19)), "api_bad_request"},
		{"a body of another form", post("/v1/forget", "", `{"name":7}`), "api_bad_request"},
		{"a field twice", post("/v1/forget", "", `{"name":"a","name":"b"}`), "api_bad_request"},
		{"an unknown field", post("/v1/forget", "", `{"name":"a","x":1}`), "api_bad_request"},
	} {
		before := f.server.Refused()
		before[c.reason]++
		line := f.raw(t, c.request)
		if !strings.HasPrefix(line, "HTTP/1.1 4") {
			t.Errorf("%s is answered with %q, want it refused", c.what, line)
		}
		await(t, c.what+" is counted as "+c.reason+" and as nothing else", func() bool {
			return reflect.DeepEqual(f.server.Refused(), before)
		})
	}
	before := f.server.Refused()
	for range 3 {
		if status, _ := f.do(t, "GET", "/livez", ""); status != 200 {
			t.Fatalf("a good request is answered with %d", status)
		}
	}
	if c, err := net.Dial("unix", f.path); err == nil {
		c.Close() // and who says nothing
	}
	if got := f.server.Refused(); !reflect.DeepEqual(got, before) || len(f.backend.asked) != 0 {
		t.Errorf("good requests are counted as refused: %v became %v; the agent was asked for %v", before, got, f.backend.asked)
	}
}

func TestServerRefusesABodyThatEndsEarly(t *testing.T) {
	f := startServer(t, &fakeBackend{})
	c, err := net.Dial("unix", f.path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "POST /v1/join HTTP/1.1\r\nHost: heartsay\r\nContent-Length: 99\r\n\r\n{")
	c.(*net.UnixConn).CloseWrite()
	answer, _ := io.ReadAll(c)
	if !strings.Contains(string(answer), "400 Bad Request") || len(f.backend.asked) != 0 {
		t.Errorf("half a body is answered with %q, want 400", answer)
	}
}

func TestServerThatIsClosedFinishesTheCallUnderWay(t *testing.T) {
	b := &fakeBackend{leaving: make(chan struct{}), mayLeave: make(chan struct{})}
	f := startServer(t, b)
	answered := make(chan string)
	go func() {
		response, err := f.client.Post("http://heartsay/v1/leave", "", nil)
		if err != nil {
			answered <- err.Error()
			return
		}
		defer response.Body.Close()
		body, _ := io.ReadAll(response.Body)
		answered <- string(body)
	}()
	<-b.leaving
	closed := make(chan error)
	go func() { closed <- f.server.Close() }()
	<-f.server.stopping.Done()
	close(b.mayLeave)
	if got := <-answered; !strings.Contains(got, `{"told":2}`) {
		t.Errorf("the call under way is answered with %q, want its result", got)
	}
	if err := <-closed; err != nil {
		t.Errorf("Close failed: %v", err)
	}
	if err := <-f.served; err != nil {
		t.Errorf("Serve returned %v, want nil after Close", err)
	}
	if _, err := os.Lstat(f.path); !os.IsNotExist(err) {
		t.Errorf("the socket is still there after Close: %v", err)
	}
}

func TestPIShowsAndChangesTags(t *testing.T) {
	b := &fakeBackend{}
	f := startServer(t, b)
	for method, body := range map[string]string{"GET": "", "POST": `{"set":{"a":"b"},"delete":["c"]}`} {
		if status, got := f.do(t, method, "/v1/tags", body); status != 200 || !strings.Contains(got, `{"tags":{"a":"b"}}`) {
			t.Errorf("%s /v1/tags is answered with %d %s, want 200 and the tags", method, status, got)
		}
	}
	status, got := f.do(t, "DELETE", "/v1/tags", "")
	wantError(t, "DELETE", status, got, 405, api.CodeBadRequest, "takes POST")
	status, got = f.do(t, "POST", "/v1/tags", `{"tags":{}}`)
	wantError(t, "POST of an unknown field", status, got, 400, api.CodeBadRequest, "tags")
}
