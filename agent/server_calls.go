package agent

import (
	"context"
	"net/http"

	"heartsay/api"
)

func (s *Server) members(w http.ResponseWriter, r *http.Request) {
	m, err := s.backend.Members(r.Context())
	if m.Members == nil {
		m.Members = []api.Member{}
	}
	s.reply(w, m, err)
}

func (s *Server) self(w http.ResponseWriter, r *http.Request) {
	self, err := s.backend.Self(r.Context())
	if self.Counters != nil {
		now := s.Readers()
		self.Counters["readers_open"] = uint64(now.Open)
		self.Counters["readers_too_slow"], self.Counters["readers_resets"] = now.Slow, now.Resets
	}
	s.reply(w, self, err)
}

func (s *Server) join(w http.ResponseWriter, r *http.Request) {
	var request api.JoinRequest
	if err := s.decodeBody(w, r, &request); err != nil {
		s.refuse(w, err)
		return
	}
	if len(request.Addresses) == 0 {
		s.refuse(w, badRequest("the body names no address to join: send {\"addresses\": [\"HOST:PORT\"]}"))
		return
	}
	result, err := s.backend.Join(r.Context(), request.Addresses)
	s.reply(w, result, err)
}

func (s *Server) leave(w http.ResponseWriter, r *http.Request) {
	if err := s.decodeBody(w, r, &struct{}{}); err != nil {
		s.refuse(w, err)
		return
	}
	result, err := s.backend.Leave(r.Context())
	s.reply(w, result, err)
}

func (s *Server) forget(w http.ResponseWriter, r *http.Request) {
	var request api.ForgetRequest
	if err := s.decodeBody(w, r, &request); err != nil {
		s.refuse(w, err)
		return
	}
	if request.Name == "" {
		s.refuse(w, badRequest("the body names no member to forget: send {\"name\": \"NAME\"}"))
		return
	}
	result, err := s.backend.Forget(r.Context(), request.Name, request.Force)
	s.reply(w, result, err)
}

// livez says whether the agent's loop still turns.
func (s *Server) livez(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), healthTime)
	defer cancel()
	if err := s.backend.Healthy(ctx); err != nil {
		s.refuse(w, &api.Error{Code: api.CodeUnavailable, Message: "the agent is not live: " + err.Error()})
		return
	}
	s.answer(w, http.StatusOK, map[string]string{"status": "ok"})
}
