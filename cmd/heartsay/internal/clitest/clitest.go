// Package clitest runs command lines in tests: a program with its environment, against an agent that the test plays.
package clitest

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"heartsay/cmd/heartsay/internal/cli"
)

// Env returns an environment of variables and their values, in turn.
func Env(pairs ...string) func(string) string {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return func(name string) string { return m[name] }
}

// Run runs a command line of p against the agent at url, "" for the usual one, and returns what it prints.
func Run(p *cli.Program, url string, args ...string) (code int, out, err string) {
	var o, e bytes.Buffer
	code = p.Run(args, nil, &o, &e, Env("HEARTSAY_API", url))
	return code, o.String(), e.String()
}

// Agent answers on a Unix socket with h in place of an agent, until the test ends, and returns its URL.
func Agent(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	path := filepath.Join(SocketDir(t), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: h}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	return "unix://" + path
}

// Answer returns a handler that gives one answer to everything.
func Answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// SocketDir returns a folder with a path short enough for sockets, until the test ends.
func SocketDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "hs")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}
