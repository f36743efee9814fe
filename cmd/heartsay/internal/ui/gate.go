package ui

import (
	"crypto/rand"
	"crypto/subtle"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// gate decides who sees the page. A link with a token lets one browser in, once; from then on that browser has a
// cookie. All paths lie under one that nobody can guess: a cookie is not bound to a port, and the browser must not show
// it to another user's server on 127.0.0.1.
type gate struct {
	base    string // path of the page, "/SECRET/"
	session string // value of the cookie

	mu    sync.Mutex
	token string // "" once it was used
}

const sessionCookie = "heartsay"

func newGate() *gate {
	return &gate{base: "/" + rand.Text() + "/", session: rand.Text(), token: rand.Text()}
}

// link returns path and query of the link that lets a browser in.
func (g *gate) link() string { return g.base + "?token=" + g.token }

// refusal is why a request is not answered.
type refusal struct {
	status  int
	message string
}

var (
	refusedHost = &refusal{http.StatusForbidden,
		"403: the request is for another host: this page is at 127.0.0.1 or localhost"}
	refusedOrigin = &refusal{http.StatusForbidden, "403: the request comes from another site's page"}
	refusedMethod = &refusal{http.StatusMethodNotAllowed, "405: this page can only be looked at"}
	refusedPath   = &refusal{http.StatusNotFound, "404: there is nothing here: open the address that heartsay ui printed"}
	refusedToken  = &refusal{http.StatusForbidden, "403: this address is not valid, or was opened before: it works once, " +
		"in one browser.\nEnd heartsay ui, run it again and open the new address."}
	refusedEarly = &refusal{http.StatusServiceUnavailable, "503: this page is not loaded ahead of time"}
)

// admit returns nil when r may be answered, after it has handed out the cookie when r is the one with the token.
func (g *gate) admit(w http.ResponseWriter, r *http.Request) *refusal {
	switch {
	case !isLoopbackName(r.Host):
		return refusedHost
	case !sameOrigin(r):
		return refusedOrigin
	case r.Method != http.MethodGet:
		return refusedMethod
	case !strings.HasPrefix(r.URL.Path, g.base):
		return refusedPath
	case g.knows(r):
		return nil
	case r.URL.Path != g.base:
		return refusedToken
	case strings.Contains(r.Header.Get("Sec-Purpose"), "prefetch"):
		return refusedEarly // or a browser that guesses what the user types would use the token up
	case !g.redeem(r.URL.Query().Get("token")):
		return refusedToken
	}
	http.SetCookie(w, &http.Cookie{
		Name: sessionCookie, Value: g.session, Path: g.base, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
	return nil
}

// knows reports whether r has the cookie.
func (g *gate) knows(r *http.Request) bool {
	c, err := r.Cookie(sessionCookie)
	return err == nil && same(c.Value, g.session)
}

// redeem reports whether token is the one that lets a browser in. It is so once.
func (g *gate) redeem(token string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.token == "" || !same(token, g.token) {
		return false
	}
	g.token = ""
	return true
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// isLoopbackName reports whether host, with or without a port, names this host to itself. Any other name could be one
// that its owner has pointed here to get past the browser's rules (DNS rebinding). The port may be another than the one
// listened on: ssh -L.
func isLoopbackName(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	return name == "127.0.0.1" || strings.EqualFold(name, "localhost")
}

// sameOrigin reports whether r is of our own page or of no page at all, as far as the browser tells
// [Fetch; Fetch Metadata]. A link may be followed from anywhere: that is a navigation.
func sameOrigin(r *http.Request) bool {
	if origins, ok := r.Header["Origin"]; ok {
		u, err := url.Parse(origins[0])
		if err != nil || len(origins) > 1 || u.Scheme != "http" || u.Host != r.Host {
			return false
		}
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
		return true
	}
	return r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
}
