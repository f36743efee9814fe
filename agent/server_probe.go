package agent

import (
	"net/http"

	"heartsay/api"
)

// probe looks whether an address can be talked to.
func (s *Server) probe(w http.ResponseWriter, r *http.Request) {
	var request api.ProbeRequest
	if err := s.decodeBody(w, r, &request); err != nil {
		s.refuse(w, err)
		return
	}
	if request.Address == "" {
		s.refuse(w, badRequest("the body names no address to probe: send {\"address\": \"HOST:PORT\"}"))
		return
	}
	result, err := s.backend.Probe(r.Context(), request.Address)
	s.reply(w, result, err)
}
