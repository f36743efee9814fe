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

// ServeTCP answers on l, whose address must be loopback, until Close. A caller must show the token in the header
// Authorization, as "Bearer TOKEN": any user of the host, and any page in a browser on it, can reach the port.
func (s *Server) ServeTCP(l net.Listener, token string) error {
	server := s.guardTCP(l.Addr(), token)
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the API: %w", err)
	}
	return nil
}

// guardTCP returns the server for an address, which ends with s.
func (s *Server) guardTCP(at net.Addr, token string) *http.Server {
	own, _ := addr.Of(at)
	want := sha256.Sum256([]byte("Bearer " + token))
	server := newHTTPServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := checkHostTCP(r, own); err != nil {
			s.refuse(w, err)
			return
		}
		got := sha256.Sum256([]byte(r.Header.Get("Authorization")))
		if subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			s.refused.token.Add(1)
			w.Header().Set("WWW-Authenticate", "Bearer")
			s.answer(w, http.StatusUnauthorized, &api.Error{Code: api.CodeNotPermitted,
				Message: "the token is missing or wrong: send the header Authorization: Bearer TOKEN, or give --token-file"})
			return
		}
		r.Host = "localhost" // checked above
		s.ServeHTTP(w, r)
	}), s.log, &s.refused)
	s.closeToo(server)
	return server
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
