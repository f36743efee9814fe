package api

import (
	"fmt"
	"net/netip"
	"strings"
)

// Option changes how a [Client] calls.
type Option func(*Client)

// WithToken makes a client show the token that an API over TCP asks for.
func WithToken(token string) Option { return func(c *Client) { c.token = token } }

const tcpScheme = "http://"

// IsTCP reports whether url names an API over TCP, which asks for a token.
func IsTCP(url string) bool { return strings.HasPrefix(url, tcpScheme) }

// endpoint returns the network and the address in url.
func endpoint(url string) (network, address string, err error) {
	switch {
	case strings.Contains(url, "://") && !IsTCP(url) && !strings.HasPrefix(url, scheme):
		return "", "", fmt.Errorf("API address %q is not supported: write unix:///path or http://127.0.0.1:PORT", url)
	case !IsTCP(url):
		path, err := SocketPath(url)
		return "unix", path, err
	}
	address = strings.TrimSuffix(strings.TrimPrefix(url, tcpScheme), "/")
	address = strings.Replace(address, "localhost:", "127.0.0.1:", 1)
	at, err := netip.ParseAddrPort(address)
	if err != nil || !at.Addr().Unmap().IsLoopback() || at.Port() == 0 {
		return "", "", fmt.Errorf("API address %q: over TCP it is http://127.0.0.1:PORT or http://[::1]:PORT: "+
			"a token must not leave the host in the clear", url)
	}
	return "tcp", at.String(), nil
}
