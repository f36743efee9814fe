package localapi

import (
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"heartsay/api"
)

const (
	testToken = "correct-horse-battery-staple"
	readToken = "only-to-look-at-everything"
)

// tcpServer serves the API over TCP until the test ends, and returns its address and paths.
func tcpServer(t *testing.T, configure ...func(*Server)) (address string, s *Server) {
	t.Helper()
	l, err := ListenTCP(netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	f := startServer(t, &fakeBackend{})
	s = New(f.backend, f.server.log)
	s.wrong.every = 0
	for _, c := range configure {
		c(s)
	}
	go s.ServeTCP(l, Tokens{Full: testToken, Read: readToken})
	t.Cleanup(func() { s.Close() })
	return l.Addr().String(), s
}

// ask sends a request over TCP and returns the status of the answer.
func askTCP(t *testing.T, address, method, path string, header ...string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+address+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		if r.Header.Set(header[i], header[i+1]); header[i] == "Host" {
			r.Host = header[i+1]
		}
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	return response.StatusCode
}

func TestHostile14EveryRouteOverTCPAsksForTheTokenAndKnowsItsHosts(t *testing.T) {
	address, s := tcpServer(t)
	bearer := []string{"Authorization", "Bearer " + testToken}
	tokens, permits := 0, 0
	paths := []string{"/nosuch"}
	for path := range s.routes {
		if path != "/v1/events" && path != "/v1/leave" { // they are the ones that last
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	for _, path := range paths {
		method := http.MethodGet
		if r, ok := s.routes[path]; ok {
			method = r.method
		}
		for _, c := range []struct {
			what   string
			header []string
			want   int
		}{
			{"no token", nil, 401},
			{"an empty token", []string{"Authorization", "Bearer "}, 401},
			{"a wrong token", []string{"Authorization", "Bearer " + testToken[1:] + "x"}, 401},
			{"a token and more", []string{"Authorization", "Bearer " + testToken + "x"}, 401},
			{"the token in another scheme", []string{"Authorization", "Basic " + testToken}, 401},
			{"the token in a cookie", []string{"Cookie", "token=" + testToken}, 401},
			{"another site's name", append([]string{"Host", "evil.example"}, bearer...), 403},
			{"another site's name on this port", append([]string{"Host", "evil.example" + address[strings.LastIndex(address, ":"):]},
				bearer...), 403},
			{"a web page of this host", append([]string{"Origin", "http://" + address}, bearer...), 403},
			{"a web page of another site", append([]string{"Sec-Fetch-Site", "cross-site", "Origin", "null"}, bearer...), 403},
		} {
			if c.want == 401 {
				tokens++
			} else {
				permits++
			}
			if got := askTCP(t, address, method, path, c.header...); got != c.want {
				t.Errorf("%s %s with %s is answered with %d, want %d", method, path, c.what, got, c.want)
			}
		}
		if got := askTCP(t, address, method, path+"?token="+testToken); got != 401 {
			t.Errorf("%s %s with the token in the query is answered with %d, want 401: logs keep queries", method, path, got)
		}
	}
	for _, host := range []string{address, "localhost", "heartsay", strings.Replace(address, "127.0.0.1", "localhost", 1)} {
		if got := askTCP(t, address, "GET", "/livez", append([]string{"Host", host}, bearer...)...); got != 200 {
			t.Errorf("GET /livez of %s with the token is answered with %d, want 200", host, got)
		}
	}
	if got := askTCP(t, address, "POST", "/v1/forget", append([]string{"Sec-Fetch-Site", "cross-site"}, bearer...)...); got != 403 {
		t.Errorf("a POST that a browser marks as another site's is answered with %d, want 403", got)
	}
	tokens, permits = tokens+len(paths), permits+1
	if got := s.Refused(); got["api_token"] != uint64(tokens) || got["api_not_permitted"] != uint64(permits) {
		t.Errorf("%v are counted, want %d without the token and %d that are not permitted", got, tokens, permits)
	}
}

func TestReadTokenChangesNothing(t *testing.T) {
	address, s := tcpServer(t)
	bearer := []string{"Authorization", "Bearer " + readToken}
	reads := 0
	for path, route := range s.routes {
		if path == "/v1/events" {
			continue // it lasts
		}
		if got := askTCP(t, address, http.MethodPost, path, bearer...); got != 403 {
			t.Errorf("POST %s with the token to read is answered with %d, want 403", path, got)
		}
		if route.method != http.MethodGet && !route.reads {
			continue
		}
		reads++
		if got := askTCP(t, address, http.MethodGet, path, bearer...); got != 200 {
			t.Errorf("GET %s with the token to read is answered with %d, want 200", path, got)
		}
	}
	if reads < 4 {
		t.Errorf("%d routes were read: the test proves nothing", reads)
	}
	c, err := api.New("http://"+address, api.WithToken(readToken))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Forget(t.Context(), "b", false); err == nil || !strings.Contains(err.Error(), "may only read") {
		t.Errorf("a forget with the token to read: %v, want a sentence that says what it lacks", err)
	}
	if judge := (Tokens{Full: testToken}).judge(); judge("Bearer ") != mayNothing || judge("Bearer "+testToken) != mayAll {
		t.Error("without a second token, an empty one opens something")
	}
}

func TestClientShowsItsTokenOverTCP(t *testing.T) {
	address, server := tcpServer(t)
	c, err := api.New("http://"+address, api.WithToken(testToken))
	if err != nil {
		t.Fatal(err)
	}
	if self, err := c.Self(t.Context()); err != nil || self.Name != "me" {
		t.Errorf("with the token: %+v, %v", self, err)
	}
	scrapes, err := ListenForScrapes(netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	go server.ServeScrapes(scrapes)
	c, _ = api.New("http://"+scrapes.Addr().String(), api.WithToken(testToken))
	if _, err := c.Self(t.Context()); err == nil || !strings.Contains(err.Error(), "on this port: it has /metrics") {
		t.Errorf("on the port for scrapes: %v: want that it says what that port has", err)
	}
	c, _ = api.New("http://" + address)
	if _, err := c.Self(t.Context()); err == nil || !strings.Contains(err.Error(), "--token-file") {
		t.Errorf("without it: %v: want that it says what to give", err)
	}
	for _, url := range []string{"http://10.0.0.1:1", "http://example.org", "http://127.0.0.1", "https://127.0.0.1:1", "http://127.0.0.1:0"} {
		if _, err := api.New(url); err == nil {
			t.Errorf("a client of %s is made: a token would leave the host in the clear", url)
		}
	}
}

func TestHostile15ASecretIsTakenFromAPrivateFileAlone(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	write := func(name string, mode os.FileMode) {
		if err := os.WriteFile(at(name), []byte(testToken+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(at(name), mode); err != nil {
			t.Fatal(err)
		}
	}
	write("good", 0o600)
	write("readonly", 0o400)
	write("group", 0o640)
	write("world", 0o604)
	write("writable", 0o602)
	write("runnable", 0o601)
	os.Symlink(at("good"), at("link"))
	os.Mkdir(at("folder"), 0o700)
	os.WriteFile(at("large"), make([]byte, maxToken+1), 0o600)
	os.WriteFile(at("short"), []byte("short"), 0o600)
	os.WriteFile(at("lines"), []byte(testToken+"\n"+testToken), 0o600)
	for _, c := range []struct{ name, says string }{
		{"good", ""}, {"readonly", ""},
		{"group", "mode 0640"}, {"world", "mode 0604"}, {"writable", "mode 0602"}, {"runnable", "mode 0601"},
		{"link", "it is a link"}, {"folder", "not a regular file"}, {"missing", "no such file"},
		{"large", "more than 4096 bytes"}, {"short", "at least 16"}, {"lines", "in one line"},
	} {
		token, err := ReadToken(at(c.name))
		if c.says == "" && (err != nil || token != testToken) {
			t.Errorf("%s: %q, %v: want the token", c.name, token, err)
		}
		if c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), testToken)) {
			t.Errorf("%s: %v: want that it says %q and not what is in the file", c.name, err, c.says)
		}
	}
}

func TestAnotherTokenCountsFromTheNextRequestOn(t *testing.T) {
	address, s := tcpServer(t)
	status := func(token string) int {
		t.Helper()
		return askTCP(t, address, http.MethodGet, "/v1/self", "Authorization", "Bearer "+token, "Host", "heartsay")
	}
	const other = "another-horse-battery-staple"
	if old, next := status(testToken), status(other); old != http.StatusOK || next != http.StatusUnauthorized {
		t.Errorf("before the change the tokens lead to %d and %d", old, next)
	}
	s.SetTokens(Tokens{Full: other})
	if old, next := status(testToken), status(other); old != http.StatusUnauthorized || next != http.StatusOK {
		t.Errorf("after the change the tokens lead to %d and %d", old, next)
	}
}
