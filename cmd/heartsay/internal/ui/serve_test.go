package ui

import (
	"context"
	"fmt"
	"net"
	"testing"

	"heartsay/api"
)

// startUI serves the page of an agent until the test ends and returns it with its address.
func startUI(t *testing.T, agentURL string) (*server, string) {
	t.Helper()
	client, err := api.New(agentURL)
	if err != nil {
		t.Fatal(err)
	}
	return serveUI(t, newServer(client))
}

func serveUI(t *testing.T, u *server) (*server, string) {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- u.run(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the server of the page ended with %v", err)
		}
	})
	return u, fmt.Sprintf("http://%s%s", l.Addr(), u.gate.link())
}
