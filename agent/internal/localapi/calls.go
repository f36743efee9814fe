package localapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"

	"heartsay/api"
)

// The calls of the API: each is one of the backend's methods. A call that makes no sense without something is refused
// before the backend is asked.

// calls returns the routes of the calls.
func (s *Server) calls() map[string]route {
	return map[string]route{
		"/livez":      {method: http.MethodGet, handle: s.livez},
		"/v1/members": {method: http.MethodGet, large: true, handle: s.members},
		"/v1/self":    {method: http.MethodGet, handle: s.self},
		"/v1/events":  {method: http.MethodGet, query: []string{"after", "snapshot", "type"}, handle: s.events},
		"/v1/join":    {method: http.MethodPost, handle: post(s, s.join)},
		"/v1/leave":   {method: http.MethodPost, handle: post(s, s.leave)},
		"/v1/forget":  {method: http.MethodPost, handle: post(s, s.forget)},
		"/v1/probe":   {method: http.MethodPost, handle: post(s, s.probe)},
		"/v1/tags":    {method: http.MethodPost, reads: true, handle: post(s, s.tags)},
		"/v1/keys":    {method: http.MethodGet, handle: s.keys},

		"/v1/keys/reload": {method: http.MethodPost, handle: post(s, s.reloadKeys)},
	}
}

// maxAsked is how many bytes of a request are logged.
const maxAsked = 256

// logAsked logs who asks for a change, before it is made: a leave ends the agent. A probe changes nothing.
func (s *Server) logAsked(r *http.Request, request any) {
	if r.URL.Path == "/v1/probe" {
		return
	}
	asked, _ := json.Marshal(request) // it was JSON before
	if len(asked) > maxAsked {
		asked = append(asked[:maxAsked], "..."...)
	}
	s.log.Info("asked over the API", append([]any{"call", r.URL.Path, "request", string(asked)}, askedBy(r)...)...)
}

// askedBy returns who sent r, as the fields of a line of the log: the user and process at the other end of the socket, or
// an address.
func askedBy(r *http.Request) []any {
	if c := callerOf(r); c != nil {
		if unix, ok := c.conn.(*net.UnixConn); ok {
			if uid, pid, err := peerOf(unix); err == nil {
				return []any{"uid", uid, "pid", pid}
			}
		}
	}
	return []any{"address", r.RemoteAddr}
}

// post returns what answers a request whose body is a T, or nothing: with what call returns.
func post[T any](s *Server, call func(context.Context, T) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var request T
		if r.Method == http.MethodPost {
			if err := s.decodeBody(w, r, &request); err != nil {
				s.refuse(w, err)
				return
			}
			s.logAsked(r, request)
		}
		answer, err := call(r.Context(), request)
		s.reply(w, answer, err)
	}
}

// members answers with the view, which is asked for and encoded once for all who ask at once.
func (s *Server) members(w http.ResponseWriter, r *http.Request) {
	data, err := s.view.Get(r.Context())
	if err != nil {
		s.refuse(w, err)
		return
	}
	s.answerJSON(w, http.StatusOK, data)
}

func (s *Server) encodeMembers(ctx context.Context) ([]byte, error) {
	m, err := s.backend.Members(ctx)
	if err != nil {
		return nil, err
	}
	if m.Members == nil {
		m.Members = []api.Member{}
	}
	data, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encode the members: %w", err)
	}
	return append(data, '\n'), nil
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

func (s *Server) join(ctx context.Context, r api.JoinRequest) (any, error) {
	if len(r.Addresses) == 0 {
		return nil, api.BadRequest("the body names no address to join: send {\"addresses\": [\"HOST:PORT\"]}")
	}
	return s.backend.Join(ctx, r.Addresses)
}

func (s *Server) leave(ctx context.Context, _ struct{}) (any, error) { return s.backend.Leave(ctx) }

func (s *Server) forget(ctx context.Context, r api.ForgetRequest) (any, error) {
	switch {
	case r.Name == "" && len(r.Names) == 0 && r.State == "":
		return nil, api.BadRequest("the body names no member to forget: send {\"name\": \"NAME\"}")
	case r.State != "" && r.State != api.Dead && r.State != api.Left:
		return nil, api.BadRequest("only members that are dead or left are forgotten by their state, not %q", r.State)
	case r.Force && (r.Everywhere || r.State != ""):
		return nil, api.BadRequest("force is for members by name in the list of this agent alone, not for a state or for all agents")
	case slices.Contains(r.Names, ""):
		return nil, api.BadRequest("one of the names is empty")
	}
	return s.backend.ForgetAll(ctx, r)
}

// probe looks whether an address can be talked to.
func (s *Server) probe(ctx context.Context, r api.ProbeRequest) (any, error) {
	if r.Address == "" {
		return nil, api.BadRequest("the body names no address to probe: send {\"address\": \"HOST:PORT\"}")
	}
	return s.backend.Probe(ctx, r.Address)
}

// tags changes this member's tags and answers with all of them. Without a request it changes nothing.
func (s *Server) tags(ctx context.Context, r api.TagsRequest) (any, error) {
	return s.backend.Tags(ctx, r)
}

func (s *Server) keys(w http.ResponseWriter, r *http.Request) {
	status, err := s.backend.KeyStatus(r.Context())
	s.reply(w, status, err)
}

func (s *Server) reloadKeys(context.Context, struct{}) (any, error) {
	err := s.backend.ReloadKeys()
	var own *api.Error
	if err != nil && !errors.As(err, &own) {
		err = &api.Error{Code: api.CodeRefused, Message: err.Error()}
	}
	return struct{}{}, err
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
