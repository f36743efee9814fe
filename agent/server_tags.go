package agent

import (
	"net/http"

	"heartsay/api"
)

// readsTags reports whether a request is the one GET of a path that is there to be posted to.
func readsTags(r *http.Request) bool { return r.Method == http.MethodGet && r.URL.Path == "/v1/tags" }

// tags changes this member's tags and answers with all of them. A GET changes nothing.
func (s *Server) tags(w http.ResponseWriter, r *http.Request) {
	var request api.TagsRequest
	if r.Method == http.MethodPost {
		if err := s.decodeBody(w, r, &request); err != nil {
			s.refuse(w, err)
			return
		}
	}
	result, err := s.backend.Tags(r.Context(), request)
	s.reply(w, result, err)
}
