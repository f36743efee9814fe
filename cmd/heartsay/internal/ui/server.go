package ui

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"path"
	"sync/atomic"
	"time"

	"heartsay/agent/ports"
	"heartsay/api"
)

// assets are the files of the page. It needs nothing else from anywhere.
//
//go:embed page
var assets embed.FS

// server shows one agent to browsers.
type server struct {
	gate   *gate
	board  *board
	follow follower
	http   *http.Server
	places *ports.Conns // of browsers, and of who else connects
	pages  atomic.Int32 // streams that are open
}

const (
	headTime   = 5 * time.Second  // for a browser to send the head of a request
	writeTime  = 10 * time.Second // for it to take one answer or frame
	closeTime  = time.Second      // for it to take the last frame when the program ends
	maxHeader  = 16 << 10         // bytes
	idleTime   = time.Minute      // for a connection without a request
	maxConns   = 256              // connections at once; who may not see the page makes way for others
	maxStreams = 32               // pages at once; a browser opens six connections to one host at most
)

// newServer returns a ui of the agent that source asks.
func newServer(source source) *server {
	b := newBoard(time.Now())
	u := &server{gate: newGate(), board: b, follow: follower{source, b, api.EventsRequest{Snapshot: true}}}
	u.places = ports.New(ports.Bounds{Conns: ports.Places(maxConns), Idle: idleTime}) // of one source: all are on this host
	u.http = &http.Server{
		Handler: u, ReadHeaderTimeout: headTime, MaxHeaderBytes: maxHeader,
		IdleTimeout: idleTime, DisableGeneralOptionsHandler: true,
		ErrorLog: log.New(io.Discard, "", 0), // a browser that went away is nobody's trouble
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, connKey{}, c)
		},
		ConnState: func(c net.Conn, state http.ConnState) {
			if state == http.StateIdle {
				ports.Mark(c, ports.Resting)
			}
		},
	}
	return u
}

// connKey is where the context of a request has its connection.
type connKey struct{}

// run serves on l, which it closes, until ctx ends; then it tells the pages and returns nil.
func (u *server) run(ctx context.Context, l net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	followed := make(chan struct{})
	go func() { u.follow.run(ctx); close(followed) }()
	failed := make(chan error, 1)
	go func() { failed <- u.http.Serve(&ports.Listener{Listener: l, Conns: u.places}) }()
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	cancel()
	<-followed
	u.board.end()
	closing, stop := context.WithTimeout(context.Background(), closeTime)
	defer stop()
	if u.http.Shutdown(closing) != nil {
		u.http.Close()
	}
	if err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the page: %w", err)
	}
	return nil
}

// headers are on every answer. The policy lets the page load its own files and nothing else; no markup is ever made
// of text, which the last two directives make the browser enforce.
var headers = map[string]string{
	"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
		"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
		"require-trusted-types-for 'script'; trusted-types 'none'",
	"Cache-Control":                "no-store",
	"X-Content-Type-Options":       "nosniff",
	"X-Frame-Options":              "DENY",
	"Referrer-Policy":              "no-referrer",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
}

// ServeHTTP answers one request.
func (u *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for name, value := range headers {
		w.Header().Set(name, value)
	}
	control := http.NewResponseController(w)
	control.SetReadDeadline(time.Now().Add(headTime)) // no request has a body
	control.SetWriteDeadline(time.Now().Add(writeTime))
	if no := u.gate.admit(w, r); no != nil {
		refuse(w, no)
		return
	}
	if c, ok := r.Context().Value(connKey{}).(net.Conn); ok {
		ports.Mark(c, ports.Working) // its caller may see the page
	}
	switch name := r.URL.Path[len(u.gate.base):]; name {
	case "":
		serveFile(w, "index.html")
	case "stream":
		u.stream(w, r)
	default:
		serveFile(w, name)
	}
}

// contentTypes are those of the page's files, by extension. The tables of the host are not asked: they differ.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
}

func serveFile(w http.ResponseWriter, name string) {
	data, err := assets.ReadFile("page/" + name)
	kind := contentTypes[path.Ext(name)]
	if err != nil || kind == "" {
		refuse(w, refusedPath)
		return
	}
	w.Header().Set("Content-Type", kind)
	w.Write(data)
}

func refuse(w http.ResponseWriter, no *refusal) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(no.status)
	io.WriteString(w, no.message+"\n")
}
