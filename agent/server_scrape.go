package agent

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"

	"heartsay/api"
)

// scrapeRoutes are what the port of --metrics serves: nothing that changes anything, nor the stream of events.
var scrapeRoutes = []string{"/metrics", "/livez", "/readyz", "/v1/sd/prometheus"}

// scrapeHead is how long a caller may take to send its request: few connections are open at a time, and a probe waits.
const scrapeHead = 2 * time.Second

// scrapeServer serves a few routes of a [Server] on a TCP port, for tools that cannot speak to a Unix socket.
type scrapeServer struct {
	routes   *Server
	http     *http.Server
	loopback bool
}

// newScrapeServer returns a server of s's scrapeRoutes for a listener at address.
func newScrapeServer(s *Server, address netip.AddrPort, log hclog.Logger) *scrapeServer {
	p := &scrapeServer{routes: s, loopback: address.Addr().IsLoopback()}
	p.http = newHTTPServer(p, log, &s.refused)
	p.http.ReadHeaderTimeout, p.http.WriteTimeout = scrapeHead, 2*writeTime
	return p
}

// serve answers on l until close, and then returns nil.
func (p *scrapeServer) serve(l net.Listener) error {
	if err := p.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve metrics: %w", err)
	}
	return nil
}

// ServeHTTP answers one request.
func (p *scrapeServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	http.NewResponseController(w).SetReadDeadline(time.Now().Add(requestTime))
	if err := p.checkCaller(r); err != nil {
		p.routes.refuse(w, err)
		return
	}
	if !slices.Contains(scrapeRoutes, r.URL.Path) {
		p.routes.refuse(w, &api.Error{Code: api.CodeNotFound, Message: fmt.Sprintf(
			"there is no route %q on this port: it has %s", r.URL.Path, strings.Join(scrapeRoutes, " "))})
		return
	}
	p.routes.dispatch(w, r)
}

// checkCaller returns an error for a request of a web page. On loopback only a browser of this host can be tricked into
// asking, under a name that was made to point here; an IP and localhost cannot be made so. A port that was opened to the
// network is asked under whatever name the network has for it.
func (p *scrapeServer) checkCaller(r *http.Request) error {
	if _, ok := r.Header["Origin"]; ok {
		return &api.Error{Code: api.CodeNotPermitted, Message: "the request has an Origin header: web pages may not ask here"}
	}
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	if err == nil || host == "" || strings.EqualFold(host, "localhost") || !p.loopback {
		return nil
	}
	return &api.Error{Code: api.CodeNotPermitted,
		Message: fmt.Sprintf("the request is for host %q: on loopback, ask for an IP or localhost", r.Host)}
}
