package localapi

import (
	"context"
	"net"
	"net/http"
	"sync"
	"sync/atomic"

	"heartsay/api"
)

// refused counts what the servers of the API did not take. The names are those of the JSON and the metrics.
type refused struct {
	malformed    atomic.Uint64 // api_malformed: no HTTP, cut off, or with too large a head
	badRequest   atomic.Uint64 // api_bad_request: a body, query or method that is not taken
	notPermitted atomic.Uint64 // api_not_permitted: of a web page, or for another host
	token        atomic.Uint64 // api_token: without the token
	notFound     atomic.Uint64 // api_not_found: a route or member that there is not
}

func (r *refused) snapshot() map[string]uint64 {
	return map[string]uint64{
		"api_malformed":     r.malformed.Load(),
		"api_bad_request":   r.badRequest.Load(),
		"api_not_permitted": r.notPermitted.Load(),
		"api_token":         r.token.Load(),
		"api_not_found":     r.notFound.Load(),
	}
}

// count counts an error that is answered, when it is one of the caller's.
func (r *refused) count(e *api.Error) {
	switch e.Code {
	case api.CodeBadRequest:
		r.badRequest.Add(1)
	case api.CodeNotPermitted:
		r.notPermitted.Add(1)
	case api.CodeNotFound:
		r.notFound.Add(1)
	}
}

// requestsOf are the requests of one connection: those that began, and those that could be read. The rest was answered
// by net/http, which tells nobody.
type requestsOf struct{ began, read atomic.Uint64 }

type requestsKey struct{}

// watch makes s count the requests that cannot be read.
func (r *refused) watch(s *http.Server) {
	var open sync.Map // of *requestsOf, by net.Conn
	handler := s.Handler
	s.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		n := new(requestsOf)
		open.Store(c, n)
		return context.WithValue(ctx, requestsKey{}, n)
	}
	s.ConnState = func(c net.Conn, state http.ConnState) {
		n, ok := open.Load(c)
		if !ok {
			return
		}
		switch of := n.(*requestsOf); state {
		case http.StateActive:
			of.began.Add(1)
		case http.StateHijacked:
			open.Delete(c)
		case http.StateClosed:
			open.Delete(c)
			r.malformed.Add(of.began.Load() - of.read.Load())
		}
	}
	s.Handler = http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		q.Context().Value(requestsKey{}).(*requestsOf).read.Add(1)
		handler.ServeHTTP(w, q)
	})
}
