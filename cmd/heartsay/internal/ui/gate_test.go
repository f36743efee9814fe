package ui

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"heartsay/api"
)

// nobody is an agent that does not answer.
type nobody struct{}

var errNobody = errors.New("nobody is here")

func (nobody) Members(context.Context) (api.Members, error) { return api.Members{}, errNobody }
func (nobody) Self(context.Context) (api.Self, error)       { return api.Self{}, errNobody }
func (nobody) Follow(context.Context, api.EventsRequest) iter.Seq2[api.Event, error] {
	return func(yield func(api.Event, error) bool) { yield(api.Event{}, errNobody) }
}

// get asks for a URL with headers, "Name: value", and returns the answer and its body.
func browse(t *testing.T, url string, headers ...string) (*http.Response, string) {
	t.Helper()
	return ask(t, http.MethodGet, url, headers...)
}

func ask(t *testing.T, method, url string, headers ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if r.Header.Add(name, value); name == "Host" {
			r.Host = value
		}
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.Header.Get("Content-Type") == "text/event-stream" {
		return response, ""
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

// letIn opens the link and returns where the page is and its cookie as a header.
func letIn(t *testing.T, link string) (page, cookie string) {
	t.Helper()
	response, body := browse(t, link)
	if response.StatusCode != http.StatusOK || !strings.Contains(body, "<title>") {
		t.Fatalf("the link answers %s, %q, want the page", response.Status, body)
	}
	page, _, _ = strings.Cut(link, "?")
	cookie, _, _ = strings.Cut(response.Header.Get("Set-Cookie"), ";")
	return page, "Cookie: " + cookie
}

func TestTheLinkLetsOneBrowserInOnce(t *testing.T) {
	_, link := serveUI(t, newServer(nobody{}))
	page, cookie := letIn(t, link)
	for _, url := range []string{link, page, page + "main.js", page + "stream", page + "?token="} {
		if response, body := browse(t, url); response.StatusCode != http.StatusForbidden || !strings.Contains(body, "works once") {
			t.Errorf("a second browser gets %s, %q for %s, want 403 and why", response.Status, body, url)
		}
		if response, _ := browse(t, url, cookie); response.StatusCode != http.StatusOK {
			t.Errorf("the first browser gets %s for %s, want 200 with its cookie", response.Status, url)
		}
	}
}

func TestWrongTokenIsRefusedAndTheRightOneStillWorks(t *testing.T) {
	_, link := serveUI(t, newServer(nobody{}))
	page, token, _ := strings.Cut(link, "?token=")
	for _, wrong := range []string{"", "?token=", "?token=x", "?token=" + token[:len(token)-1], "?token=" + token + "A",
		"?token=" + strings.ToLower(token), "?Token=" + token, "#" + token} {
		if response, _ := browse(t, page+wrong); response.StatusCode != http.StatusForbidden {
			t.Errorf("%q answers %s, want 403", wrong, response.Status)
		}
	}
	letIn(t, link)
}

func TestOfManyWhoUseTheTokenAtOnceOneIsLetIn(t *testing.T) {
	g := newGate()
	var let atomic.Int32
	var all sync.WaitGroup
	token := g.token
	for range 50 {
		all.Go(func() {
			if g.redeem(token) {
				let.Add(1)
			}
		})
	}
	all.Wait()
	if let.Load() != 1 {
		t.Errorf("%d of 50 are let in, want 1", let.Load())
	}
}

func TestBrowserThatLoadsAheadDoesNotUseTheTokenUp(t *testing.T) {
	_, link := serveUI(t, newServer(nobody{}))
	if response, _ := browse(t, link, "Sec-Purpose: prefetch;prerender"); response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("loading ahead answers %s, want 503", response.Status)
	}
	if response, _ := ask(t, http.MethodHead, link); response.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("HEAD answers %s, want 405", response.Status)
	}
	letIn(t, link)
}

func TestTheCookieIsForThisPageAloneAndNotForScripts(t *testing.T) {
	_, link := serveUI(t, newServer(nobody{}))
	response, _ := browse(t, link)
	cookies := response.Cookies()
	if len(cookies) != 1 {
		t.Fatalf("the page sets %d cookies, want 1", len(cookies))
	}
	c := cookies[0]
	if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Domain != "" || !c.Expires.IsZero() || c.MaxAge != 0 {
		t.Errorf("the cookie is %s, want HttpOnly, SameSite=Strict, of this host and session", c)
	}
	if !strings.Contains(link, c.Path) || len(c.Path) < 20 {
		t.Errorf("the cookie's path is %q, want the page's own, which nobody can guess", c.Path)
	}
	if strings.Contains(link, c.Value) {
		t.Errorf("the cookie %q is in the link %s", c.Value, link)
	}
}

func TestWhatAnotherSiteMayAskForIsRefused(t *testing.T) {
	_, link := serveUI(t, newServer(nobody{}))
	page, cookie := letIn(t, link)
	origin := page[:strings.Index(page[8:], "/")+8]
	port := page[strings.LastIndex(origin, ":"):len(origin)]
	for headers, want := range map[string]int{
		"Host: evil.example":                                   403,
		"Host: evil.example" + port:                            403,
		"Host: 127.0.0.1.evil.example":                         403,
		"Host: 10.0.0.1" + port:                                403,
		"Host: localhost" + port:                               200,
		"Host: localhost:9999":                                 200, // ssh -L
		"Origin: " + origin:                                    200,
		"Origin: null":                                         403,
		"Origin: http://evil.example":                          403,
		"Origin: http://127.0.0.1:1":                           403,
		"Origin: https" + origin[4:]:                           403,
		"Origin: " + origin + "\nOrigin: http://evil.example":  403,
		"Sec-Fetch-Site: same-origin":                          200,
		"Sec-Fetch-Site: cross-site":                           403,
		"Sec-Fetch-Site: same-site":                            403,
		"Sec-Fetch-Site: cross-site\nSec-Fetch-Mode: navigate": 403,
		"Sec-Fetch-Site: cross-site\nSec-Fetch-Mode: no-cors":  403,
		"Sec-Fetch-Site: cross-site\nSec-Fetch-Mode: navigate\nSec-Fetch-Dest: iframe":   403,
		"Sec-Fetch-Site: cross-site\nSec-Fetch-Mode: navigate\nSec-Fetch-Dest: document": 200,
	} {
		response, _ := browse(t, page, append(strings.Split(headers, "\n"), cookie)...)
		if response.StatusCode != want {
			t.Errorf("with %q the page answers %s, want %d", headers, response.Status, want)
		}
	}
	for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PROPFIND"} {
		if response, _ := ask(t, method, page, cookie); response.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("%s answers %s, want 405", method, response.Status)
		}
	}
}

func TestThereIsNothingBesideThePage(t *testing.T) {
	_, link := serveUI(t, newServer(nobody{}))
	page, cookie := letIn(t, link)
	host := page[:strings.Index(page[8:], "/")+9]
	for _, url := range []string{host, host + "main.js", host + "favicon.ico", page + "nosuch.js", page + "../ui.go",
		page + "..%2fui.go", page + "%2e%2e/ui.go", page + "main.js/", page + "stream/", page + "index.html/..", page + "%00"} {
		if response, _ := browse(t, url, cookie); response.StatusCode != http.StatusNotFound {
			t.Errorf("%s answers %s, want 404", url, response.Status)
		}
	}
}

func TestEveryAnswerHasTheHeadersThatGuardIt(t *testing.T) {
	_, link := serveUI(t, newServer(nobody{}))
	page, cookie := letIn(t, link)
	for _, url := range []string{page, page + "main.js", page + "stream", page + "nosuch", link + "x"} {
		response, _ := browse(t, url, cookie)
		policy := response.Header.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "base-uri 'none'",
			"form-action 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'"} {
			if !strings.Contains(policy+";", part+";") {
				t.Errorf("the policy of %s is %q, want %q in it", url, policy, part)
			}
		}
		if strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") {
			t.Errorf("the policy of %s is %q, which lets too much in", url, policy)
		}
		for name, want := range map[string]string{"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
			"Referrer-Policy": "no-referrer", "Cross-Origin-Resource-Policy": "same-origin"} {
			if got := response.Header.Get(name); got != want {
				t.Errorf("%s of %s is %q, want %q", name, url, got, want)
			}
		}
	}
}

func TestPageThatDoesNotReadHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	u, link := serveUI(t, newServer(nobody{}))
	page, cookie := letIn(t, link)
	address, path, _ := strings.Cut(strings.TrimPrefix(page, "http://"), "/")
	stuck, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer stuck.Close()
	fmt.Fprintf(stuck, "GET /%sstream HTTP/1.1\r\nHost: %s\r\n%s\r\n\r\n", path, address, cookie)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, page+"stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Cookie", strings.TrimPrefix(cookie, "Cookie: "))
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	frames := bufio.NewReader(response.Body)
	for i := range 20 {
		e := stateEvent("update", fmt.Sprint("m", i))
		e.Reason = strings.Repeat("x", 1<<20) // more than a socket holds
		u.board.event(e)
		for {
			line, err := frames.ReadString('\n')
			if err != nil {
				t.Fatalf("the other page's stream ended before event %d: %v", i, err)
			}
			if strings.Contains(line, e.Member.Name+`"`) {
				break
			}
		}
	}
}

func TestOnlySoManyPagesAreServedAtOnce(t *testing.T) {
	u, link := serveUI(t, newServer(nobody{}))
	page, cookie := letIn(t, link)
	u.pages.Store(maxStreams)
	response, body := browse(t, page+"stream", cookie)
	if response.StatusCode != http.StatusServiceUnavailable || !strings.Contains(body, "pages are open") {
		t.Errorf("one page more gets %s, %q, want 503 and why", response.Status, body)
	}
	u.pages.Store(maxStreams - 1)
	if response, _ := browse(t, page+"stream", cookie); response.StatusCode != http.StatusOK {
		t.Errorf("the last page gets %s, want 200", response.Status)
	}
}
