package localapi

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"

	"heartsay/agent/ports"
	"heartsay/api"
)

// Bounds of what callers may have at each door, see package ports.
const (
	doorConns = 1024            // connections to the API by TCP
	workPlace = 8               // large answers that are made and taken at once
	workShare = 4               // of them, for one source
	workWait  = 2 * time.Second // for a request to get one of these places
)

// door is one way to the API: the socket, the API by TCP, or the port for scrapes. Each has bounds of its own, so that who
// crowds one keeps nobody from another.
type door struct {
	work *ports.Work
	open *ports.Conns // nil on the socket: who reaches that could end the agent
}

func newDoor(open *ports.Conns) *door { return &door{ports.NewWork(workPlace, workShare), open} }

// caller is the connection that a request came by.
type caller struct {
	conn        net.Conn
	door        *door
	began, read atomic.Uint64 // requests that began, and that could be read: net/http answers the rest and tells nobody
}

type callerKey struct{}

// callerOf returns the connection that r came by, nil when it came by no door: a program serves the routes itself.
func callerOf(r *http.Request) *caller {
	c, _ := r.Context().Value(callerKey{}).(*caller)
	return c
}

// newHTTPServer returns a server with the bounds of this API for one door, which counts what it cannot read.
func newHTTPServer(h http.Handler, log hclog.Logger, refused *refused, d *door) *http.Server {
	server := &http.Server{
		ReadHeaderTimeout:            requestTime,
		IdleTimeout:                  idleTime,
		MaxHeaderBytes:               maxHeader,
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     connectionLog(log),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			callerOf(r).read.Add(1)
			h.ServeHTTP(w, r)
		}),
	}
	var open sync.Map // of *caller, by net.Conn
	server.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		n := &caller{conn: c, door: d}
		open.Store(c, n)
		return context.WithValue(ctx, callerKey{}, n)
	}
	server.ConnState = func(c net.Conn, state http.ConnState) {
		n, ok := open.Load(c)
		if !ok {
			return
		}
		switch of := n.(*caller); state {
		case http.StateActive:
			of.began.Add(1)
		case http.StateIdle:
			ports.Mark(c, ports.Resting)
		case http.StateHijacked:
			open.Delete(c)
		case http.StateClosed:
			open.Delete(c)
			refused.malformed.Add(of.began.Load() - of.read.Load())
		}
	}
	return server
}

// admit notes that the caller of r may ask: from now on its connection makes way only while it rests.
func admit(r *http.Request) {
	if c := callerOf(r); c != nil {
		ports.Mark(c.conn, ports.Working)
	}
}

// beginLarge takes one of the places for large answers at the door that r came by, until done is called. The error says
// that others have them all.
func (s *Server) beginLarge(r *http.Request) (done func(), err error) {
	work, source := s.socket.work, netip.Addr{}
	if c := callerOf(r); c != nil {
		work, source = c.door.work, ports.SourceOf(c.conn)
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.workWait)
	defer cancel()
	if done, err = work.Begin(ctx, source); err != nil {
		s.refused.busy.Add(1)
		return nil, &api.Error{Code: api.CodeUnavailable, Message: fmt.Sprintf(
			"%d large answers are under way already, as many as this port makes at once: ask again in a second", workPlace)}
	}
	return done, nil
}

// crowded returns how many connections had no place at a door, none at one that is nil.
func (d *door) crowded() ports.Crowded {
	if d == nil {
		return ports.Crowded{}
	}
	return d.open.Crowded()
}
