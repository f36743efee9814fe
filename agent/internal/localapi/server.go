// Package localapi serves the API of one agent by HTTP: on a Unix socket for all users who may open it, on a loopback port for
// requests with a token, and a few routes on a port for scrapes.
//
// A [Server] has the calls of its [Backend], which is the agent, and routes that the agent adds (calls.go, [Route]). It
// owns no state of the agent: what it holds are connections. A stream of events (events.go) has a goroutine of its
// own, which takes the connection over from net/http, follows the events at the reader's pace (package eventlog), and
// ends a reader who takes nothing. Close ends all streams with what is there to tell.
//
// Each way to it is a door with bounds of its own (door.go): who crowds one keeps nobody from another. A token opens the
// API by TCP (tcp.go); who shows a wrong one waits (wrongtokens.go). Who asked for a change is logged (calls.go).
//
// Bodies are read strictly, in one way (json.go). What is refused is counted by its reason (refused.go). Web pages may
// not use any of it: see checkCaller.
package localapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"

	"heartsay/agent/internal/eventlog"
	"heartsay/agent/internal/ratelimit"
	"heartsay/api"
)

// Backend is what the API needs of an agent. Its methods are called by many goroutines at once and return when their
// context ends. An error that is an [*api.Error] reaches the caller with the status of its code, any other as an
// internal one.
type Backend interface {
	Members(ctx context.Context) (api.Members, error)
	Self(ctx context.Context) (api.Self, error)
	Join(ctx context.Context, addresses []string) (api.JoinResult, error)
	Leave(ctx context.Context) (api.LeaveResult, error)
	ForgetAll(ctx context.Context, r api.ForgetRequest) (api.ForgetResult, error)
	Probe(ctx context.Context, address string) (api.ProbeResult, error)
	Tags(ctx context.Context, change api.TagsRequest) (api.TagsResult, error)
	KeyStatus(ctx context.Context) (api.Keys, error)
	ReloadKeys() error
	// Events returns what follows the agent's events.
	Events() *eventlog.Views
	// Healthy returns why the agent does not do its work, or nil.
	Healthy(ctx context.Context) error
}

// Times of the server. They guard it against callers that stop half-way; none limits what a call itself may take.
const (
	requestTime = 5 * time.Second  // for the caller to send the head of a request, and again for its body
	writeTime   = 10 * time.Second // for the caller to take an answer, or one event
	keepAlive   = 10 * time.Second // between two signs of life on a stream without events
	idleTime    = time.Minute      // for a connection without a request
	healthTime  = 2 * time.Second  // for the agent to show that it lives
	closeTime   = 2 * time.Second  // for calls under way when the server closes
	maxHeader   = 16 << 10         // bytes of the head of a request
)

// Server serves the local API of one agent. Its zero value is not usable, see [New].
type Server struct {
	backend   Backend
	http      *http.Server
	routes    map[string]route
	log       hclog.Logger
	readers   *readers
	refused   refused
	lines     lineCache
	writeTime time.Duration   // for one write; see the constant
	workWait  time.Duration   // for a place for a large answer; see the constant
	keepAlive time.Duration   // between two signs of life on a quiet stream; see the constant
	stopping  context.Context // ends when the streams shall end
	stop      context.CancelFunc
	aborted   context.Context // ends when they are broken off
	abort     context.CancelFunc

	socket *door                     // also of a program that serves the routes itself
	view   *ratelimit.Shared[[]byte] // members as JSON
	wrong  *wrongTokens
	judge  atomic.Pointer[func(authorization string) right] // of requests over TCP; nil while there are none

	mu      sync.Mutex
	tcp     []*http.Server // see ServeTCP and ServeScrapes
	byTCP   *door          // see ServeTCP; nil without it
	scrapes *door          // see ServeScrapes; nil without it
}

// route is what the server does with one path.
type route struct {
	method string
	reads  bool     // a GET is taken as well
	large  bool     // the answer grows with the cluster: few are made at once
	query  []string // the parameters that it takes
	handle http.HandlerFunc
}

// Route is a path that the agent adds to those of its backend. It is there to be read: by GET.
type Route struct {
	Path  string
	Query []string // the parameters that it takes; a request with others is refused
	// Answer returns what to answer as JSON. Its error reaches the caller as one of the backend does.
	Answer func(*http.Request) (any, error)
	// Large, when there is no Answer, returns what writes the answer as JSON, piece by piece. It has ten seconds for that.
	Large func(*http.Request) (io.WriterTo, error)
	// Handler, when there is neither, answers by itself. It has ten seconds for that.
	Handler http.Handler
}

// Add adds a route, before the server serves.
func (s *Server) Add(r Route) {
	var handle http.HandlerFunc
	switch {
	case r.Answer != nil:
		handle = func(w http.ResponseWriter, q *http.Request) {
			answer, err := r.Answer(q)
			s.reply(w, answer, err)
		}
	case r.Large != nil:
		handle = func(w http.ResponseWriter, q *http.Request) {
			answer, err := r.Large(q)
			s.replyLarge(w, answer, err)
		}
	default:
		handle = func(w http.ResponseWriter, q *http.Request) {
			http.NewResponseController(w).SetWriteDeadline(time.Now().Add(s.writeTime))
			r.Handler.ServeHTTP(w, q)
		}
	}
	s.routes[r.Path] = route{method: http.MethodGet, query: r.Query, large: r.Answer == nil, handle: handle}
}

// New returns a server of b's API that logs what goes wrong with connections to log.
func New(b Backend, log hclog.Logger) *Server {
	s := &Server{backend: b, log: log, writeTime: writeTime, workWait: workWait, keepAlive: keepAlive, readers: newReaders()}
	s.stopping, s.stop = context.WithCancel(context.Background())
	s.aborted, s.abort = context.WithCancel(context.Background())
	s.routes = s.calls()
	s.socket = newDoor(nil)
	s.view = ratelimit.NewShared(s.encodeMembers)
	s.wrong = newWrongTokens(log)
	s.http = newHTTPServer(s, log, &s.refused, s.socket)
	return s
}

// Serve answers on l until Close, which also closes l, and then returns nil.
func (s *Server) Serve(l net.Listener) error {
	if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the API: %w", err)
	}
	return nil
}

// Close stops taking connections, ends the streams after the events that are in the ring, lets other calls finish for
// two seconds, and then breaks off what is left.
func (s *Server) Close() error {
	s.stop()
	s.wrong.close()
	defer s.abort()
	giveUp := time.After(closeTime)
	ctx, cancel := context.WithTimeout(context.Background(), closeTime)
	defer cancel()
	s.mu.Lock()
	all := append([]*http.Server{s.http}, s.tcp...)
	s.mu.Unlock()
	var faults []error
	for _, server := range all {
		if server.Shutdown(ctx) != nil {
			faults = append(faults, server.Close())
		}
	}
	s.readers.wait(giveUp)
	return errors.Join(faults...)
}

// closeToo lets Close close a server as well, whose door is kept in at.
func (s *Server) closeToo(server *http.Server, at **door, d *door) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tcp = append(s.tcp, server)
	*at = d
}

// Refused returns how many requests and connections were not taken, by reason. The caller owns the map.
func (s *Server) Refused() map[string]uint64 {
	all := s.refused.snapshot()
	s.mu.Lock()
	defer s.mu.Unlock()
	byTCP, scrapes := s.byTCP.crowded(), s.scrapes.crowded()
	all["api_limit"] = byTCP.Full // by TCP: all who call come from this host, which has no share
	all["scrape_limit"], all["scrape_share"] = scrapes.Full, scrapes.Share
	return all
}

// Readers returns counts of those who follow the events.
func (s *Server) Readers() ReaderStats { return s.readers.stats() }

// ServeHTTP answers one request. It refuses whatever a web browser may be tricked into sending.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	http.NewResponseController(w).SetReadDeadline(time.Now().Add(requestTime)) // of the body, even of an unwanted one
	if err := checkCaller(r); err != nil {
		s.refuse(w, err)
		return
	}
	s.dispatch(w, r)
}

// Routes returns what answers like [Server.ServeHTTP], but anybody: for a program that guards it itself.
func (s *Server) Routes() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		s.dispatch(w, r)
	})
}

// dispatch answers a request whose caller may make it.
func (s *Server) dispatch(w http.ResponseWriter, r *http.Request) {
	route, ok := s.routes[r.URL.Path]
	switch {
	case !ok:
		s.refuse(w, &api.Error{Code: api.CodeNotFound, Message: fmt.Sprintf("there is no route %q", r.URL.Path)})
	case r.Method != route.method && !(route.reads && r.Method == http.MethodGet):
		w.Header().Set("Allow", route.method)
		e := api.BadRequest("%s takes %s, not %q", r.URL.Path, route.method, r.Method)
		s.refused.count(e)
		s.answer(w, http.StatusMethodNotAllowed, e)
	default:
		if err := checkQuery(r.URL.RawQuery, route.query); err != nil {
			s.refuse(w, err)
			return
		}
		s.handle(route, w, r)
	}
}

// handle answers a request for a route.
func (s *Server) handle(route route, w http.ResponseWriter, r *http.Request) {
	if route.large {
		done, err := s.beginLarge(r)
		if err != nil {
			w.Header().Set("Retry-After", "1")
			s.refuse(w, err)
			return
		}
		defer done()
	}
	route.handle(w, r)
}

// checkCaller returns an error for a request of a web page: with an Origin, or under a name that is not ours, as after
// DNS rebinding.
func checkCaller(r *http.Request) error {
	if _, ok := r.Header["Origin"]; ok {
		return &api.Error{Code: api.CodeNotPermitted,
			Message: "the request has an Origin header: web pages may not use this API"}
	}
	if err := crossOrigin.Check(r); err != nil {
		return &api.Error{Code: api.CodeNotPermitted, Message: "the request comes from a web page: " + err.Error()}
	}
	switch strings.ToLower(r.Host) {
	case "", "heartsay", "localhost":
		return nil
	}
	return errHost(r.Host)
}

// crossOrigin knows the requests that browsers send for pages of other sites.
var crossOrigin = http.NewCrossOriginProtection()

// checkQuery returns an error when query is malformed or has a parameter that is not one of known. A parameter that is
// ignored would look as if it worked.
func checkQuery(query string, known []string) error {
	values, err := url.ParseQuery(query)
	if err != nil {
		return api.BadRequest("the query is malformed: %v", err)
	}
	for name := range values {
		if !slices.Contains(known, name) {
			return api.BadRequest("query parameter %q is not known here", name)
		}
	}
	return nil
}

// connectionLog returns where net/http writes of broken connections, which are the caller's trouble.
func connectionLog(l hclog.Logger) *log.Logger {
	return l.Named("api").StandardLogger(&hclog.StandardLoggerOptions{ForceLevel: hclog.Debug})
}
