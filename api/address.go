package api

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

const (
	scheme        = "unix://"
	tcpScheme     = "http://"
	maxSocketPath = 107 // bytes that Linux has for the path of a socket, unix(7): 108 with the closing NUL
)

// DefaultURL returns where the agent of this user serves its API when nobody says otherwise: for root
// unix:///run/heartsay/heartsay.sock, for others heartsay.sock in $XDG_RUNTIME_DIR, or in /tmp/heartsay-UID when
// that variable is not set to an absolute path.
func DefaultURL() string {
	return defaultURL(os.Getuid(), os.Getenv("XDG_RUNTIME_DIR"))
}

func defaultURL(uid int, runtimeDir string) string {
	switch {
	case uid == 0:
		return scheme + "/run/heartsay/heartsay.sock"
	case filepath.IsAbs(runtimeDir):
		return scheme + filepath.Join(runtimeDir, "heartsay.sock")
	}
	return scheme + "/tmp/heartsay-" + strconv.Itoa(uid) + "/heartsay.sock"
}

// SocketPath returns the path in url, which must read unix:///path. What follows unix:// is taken literally, without
// escapes, so that any path can be written. The error says what is wrong and what to write.
func SocketPath(url string) (string, error) {
	path, ok := strings.CutPrefix(url, scheme)
	switch {
	case url == "":
		return "", errors.New("API address is empty: write unix:///path/to/heartsay.sock")
	case !ok && filepath.IsAbs(url):
		return "", fmt.Errorf("API address %q has no scheme: write unix://%s", url, url)
	case IsTCP(url):
		return "", fmt.Errorf("API address %q is not supported: only unix:///path is; over TCP an agent serves its API by --api-tcp", url)
	case !ok:
		return "", fmt.Errorf("API address %q is not supported: only unix:///path is", url)
	case !filepath.IsAbs(path):
		return "", fmt.Errorf("API address %q has a relative path: write unix:///path, with three slashes", url)
	case strings.HasSuffix(path, "/"):
		return "", fmt.Errorf("API address %q names a folder: add the name of the socket", url)
	case strings.ContainsRune(path, 0):
		return "", fmt.Errorf("API address %q holds a NUL byte: no path can", url)
	case len(path) > maxSocketPath:
		return "", fmt.Errorf("API address %q has a path of %d bytes: a Unix socket may have %d, choose a shorter one",
			url, len(path), maxSocketPath)
	}
	return path, nil
}

// IsTCP reports whether url names an API over TCP, which asks for a token.
func IsTCP(url string) bool { return strings.HasPrefix(url, tcpScheme) }

// endpoint returns the network and the address in url.
func endpoint(url string) (network, address string, err error) {
	switch {
	case url != "" && !filepath.IsAbs(url) && !IsTCP(url) && !strings.HasPrefix(url, scheme):
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
