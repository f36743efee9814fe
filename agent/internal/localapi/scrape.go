package localapi

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"heartsay/agent/addr"
	"heartsay/agent/ports"
	"heartsay/api"
)

// scrapeRoutes are what the port of --metrics serves: nothing that changes anything, nor the stream of events.
var scrapeRoutes = []string{"/metrics", "/livez", "/readyz", "/v1/sd/prometheus"}

// scrapeHead is how long a caller may take to send its request: few connections are open at a time, and a probe waits.
const scrapeHead = 2 * time.Second

// Connections that the port for scrapes has at a time, and those of one source.
const (
	scrapeConns = 64
	scrapeShare = 16
)

// ListenForScrapes opens the port for scrapes, see [Server.ServeScrapes]. Port 0 picks a free one.
func ListenForScrapes(address netip.AddrPort) (*ports.Listener, error) {
	l, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(address))
	if err != nil {
		return nil, fmt.Errorf("listen for scrapes on %s: %w", address, err)
	}
	return ports.Listen(l, ports.Bounds{Conns: ports.Places(scrapeConns), Share: scrapeShare, Idle: idleTime}), nil
}

// ServeScrapes answers on l until Close, for tools that cannot speak to a Unix socket. Of the routes it has those that
// are scraped: metrics, health and targets.
func (s *Server) ServeScrapes(l *ports.Listener) error {
	own, _ := addr.Of(l.Addr())
	d := newDoor(l.Conns)
	server := newHTTPServer(s.scrapePort(own.Addr().IsLoopback()), s.log, &s.refused, d)
	server.ReadHeaderTimeout, server.WriteTimeout = scrapeHead, 2*writeTime
	s.closeToo(server, &s.scrapes, d)
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve metrics: %w", err)
	}
	return nil
}

// scrapePort returns what answers on the port for scrapes.
func (s *Server) scrapePort(loopback bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		http.NewResponseController(w).SetReadDeadline(time.Now().Add(requestTime))
		if err := checkScraper(r, loopback); err != nil {
			s.refuse(w, err)
			return
		}
		if !slices.Contains(scrapeRoutes, r.URL.Path) {
			s.refuse(w, &api.Error{Code: api.CodeNotFound, Message: fmt.Sprintf(
				"there is no route %q on this port: it has %s", r.URL.Path, strings.Join(scrapeRoutes, " "))})
			return
		}
		admit(r)
		s.dispatch(w, r)
	}
}

// checkScraper returns an error for a request of a web page. On loopback only a browser of this host can be tricked into
// asking, under a name that was made to point here; an IP and localhost cannot be made so. A port that was opened to the
// network is asked under whatever name the network has for it.
func checkScraper(r *http.Request, loopback bool) error {
	if _, ok := r.Header["Origin"]; ok {
		return &api.Error{Code: api.CodeNotPermitted, Message: "the request has an Origin header: web pages may not ask here"}
	}
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	if err == nil || host == "" || strings.EqualFold(host, "localhost") || !loopback {
		return nil
	}
	return &api.Error{Code: api.CodeNotPermitted,
		Message: fmt.Sprintf("the request is for host %q: on loopback, ask for an IP or localhost", r.Host)}
}
