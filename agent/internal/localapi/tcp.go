package localapi

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"heartsay/agent/addr"
	"heartsay/agent/internal/safefile"
	"heartsay/agent/ports"
	"heartsay/api"
)

// Bounds of the token that opens the API over TCP.
const (
	minToken = 16 // bytes
	maxToken = 4096
)

// ReadToken returns the token in the file at path: its content without the white space around it. The file must be a
// secret as [safefile.ReadSecret] takes it.
func ReadToken(path string) (string, error) {
	content, err := safefile.ReadSecret(path, maxToken)
	if err != nil {
		return "", fmt.Errorf("token file %w", err)
	}
	token := strings.TrimSpace(string(content))
	if len(token) < minToken {
		return "", fmt.Errorf("token file %s: a token has at least %d bytes: make one with heartsay keys gen", path, minToken)
	}
	if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", fmt.Errorf("token file %s: a token has letters, digits and signs of ASCII in one line", path)
	}
	return token, nil
}

// Tokens open the API by TCP. One that is "" opens nothing.
type Tokens struct {
	Full string // for each call
	Read string // for the calls that change nothing
}

// right is what the holder of a token may do.
type right int

const (
	mayNothing right = iota
	mayRead
	mayAll
)

// judge returns what returns the right of who sends a header Authorization. It takes equally long for all.
func (t Tokens) judge() func(authorization string) right {
	sum := func(s string) [32]byte { return sha256.Sum256([]byte("Bearer " + s)) }
	full, read := sum(t.Full), sum(t.Read)
	return func(authorization string) right {
		got := sha256.Sum256([]byte(authorization))
		isFull := subtle.ConstantTimeCompare(got[:], full[:]) == 1
		isRead := subtle.ConstantTimeCompare(got[:], read[:]) == 1
		switch {
		case isFull && t.Full != "":
			return mayAll
		case isRead && t.Read != "":
			return mayRead
		}
		return mayNothing
	}
}

// ListenTCP opens the address of the API by TCP, see [Server.ServeTCP].
func ListenTCP(address netip.AddrPort) (*ports.Listener, error) {
	l, err := net.Listen("tcp", address.String())
	if err != nil {
		return nil, err
	}
	return ports.Listen(l, ports.Bounds{Conns: ports.Places(doorConns), Idle: idleTime}), nil
}

// ServeTCP answers on l, whose address must be loopback, until Close. A caller must show a token in the header
// Authorization, as "Bearer TOKEN": any user of the host, and any page in a browser on it, can reach the port.
func (s *Server) ServeTCP(l *ports.Listener, tokens Tokens) error {
	s.SetTokens(tokens)
	d := newDoor(l.Conns)
	server := newHTTPServer(s.guardTCP(l.Addr()), s.log, &s.refused, d)
	s.closeToo(server, &s.byTCP, d)
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the API: %w", err)
	}
	return nil
}

// SetTokens makes other tokens the ones to show over TCP, from the next request on.
func (s *Server) SetTokens(tokens Tokens) {
	judge := tokens.judge()
	s.judge.Store(&judge)
}

// HasTokens reports whether there are tokens, since the API is served over TCP.
func (s *Server) HasTokens() bool { return s.judge.Load() != nil }

// guardTCP returns what answers at an address, to those who have a token. There must be tokens.
func (s *Server) guardTCP(at net.Addr) http.HandlerFunc {
	own, _ := addr.Of(at)
	return func(w http.ResponseWriter, r *http.Request) {
		if err := checkHostTCP(r, own); err != nil {
			s.refuse(w, err)
			return
		}
		switch (*s.judge.Load())(r.Header.Get("Authorization")) {
		case mayNothing:
			s.refused.token.Add(1)
			s.wrong.hold(r)
			w.Header().Set("WWW-Authenticate", "Bearer")
			w.Header().Set("Connection", "close")
			s.answer(w, http.StatusUnauthorized, &api.Error{Code: api.CodeNotPermitted,
				Message: "the token is missing or wrong: send the header Authorization: Bearer TOKEN, or give --token-file"})
			return
		case mayRead:
			if r.Method != http.MethodGet {
				s.refuse(w, &api.Error{Code: api.CodeNotPermitted, Message: fmt.Sprintf("this token may only read: "+
					"%s %s needs the token in the agent's --token-file", r.Method, r.URL.Path)})
				return
			}
		}
		admit(r)
		r.Host = "localhost" // checked above
		s.ServeHTTP(w, r)
	}
}

// checkHostTCP returns an error when a request is not for this host under one of its own names, as after DNS
// rebinding.
func checkHostTCP(r *http.Request, own netip.AddrPort) error {
	host := strings.ToLower(r.Host)
	port := fmt.Sprintf(":%d", own.Port())
	for _, name := range []string{"heartsay", "localhost", "localhost" + port, own.String()} {
		if host == name {
			return nil
		}
	}
	return errHost(r.Host)
}

func errHost(host string) error {
	return &api.Error{Code: api.CodeNotPermitted,
		Message: fmt.Sprintf("the request is for host %q: this is heartsay; call it so or localhost", host)}
}
