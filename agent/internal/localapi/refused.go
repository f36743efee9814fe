package localapi

import (
	"sync/atomic"

	"heartsay/api"
)

// refused counts what the servers of the API did not take. The names are those of the JSON and the metrics.
type refused struct {
	malformed    atomic.Uint64 // api_malformed: no HTTP, cut off, or with too large a head
	badRequest   atomic.Uint64 // api_bad_request: a body, query or method that is not taken
	notPermitted atomic.Uint64 // api_not_permitted: of a web page, or for another host
	token        atomic.Uint64 // api_token: without the token
	busy         atomic.Uint64 // api_busy: more large answers at once than the port makes
	notFound     atomic.Uint64 // api_not_found: a route or member that there is not
}

func (r *refused) snapshot() map[string]uint64 {
	return map[string]uint64{
		"api_malformed":     r.malformed.Load(),
		"api_bad_request":   r.badRequest.Load(),
		"api_not_permitted": r.notPermitted.Load(),
		"api_token":         r.token.Load(),
		"api_busy":          r.busy.Load(),
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
