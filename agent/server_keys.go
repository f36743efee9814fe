package agent

import (
	"context"
	"errors"
	"net/http"

	"heartsay/api"
)

// keyBackend is what the routes about keys need. A [Backend] that is none has no such routes.
type keyBackend interface {
	KeyStatus(ctx context.Context) (api.Keys, error)
	ReloadKeys() error
}

// addKeyRoutes adds the routes about keys.
func (s *Server) addKeyRoutes(b Backend) {
	if b, ok := b.(keyBackend); ok {
		s.routes["/v1/keys"] = route{http.MethodGet, nil, func(w http.ResponseWriter, r *http.Request) {
			status, err := b.KeyStatus(r.Context())
			s.reply(w, status, err)
		}}
		s.routes["/v1/keys/reload"] = route{http.MethodPost, nil, func(w http.ResponseWriter, r *http.Request) {
			s.reloadKeys(w, r, b)
		}}
	}
}

func (s *Server) reloadKeys(w http.ResponseWriter, r *http.Request, b keyBackend) {
	if err := s.decodeBody(w, r, &struct{}{}); err != nil {
		s.refuse(w, err)
		return
	}
	err := b.ReloadKeys()
	var own *api.Error
	if err != nil && !errors.As(err, &own) {
		err = &api.Error{Code: api.CodeRefused, Message: err.Error()}
	}
	s.reply(w, struct{}{}, err)
}
