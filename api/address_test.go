package api

import (
	"strings"
	"testing"
)

func TestDefaultURLFollowsTheUserAndTheRuntimeFolder(t *testing.T) {
	for _, c := range []struct {
		uid        int
		runtimeDir string
		want       string
	}{
		{0, "", "unix:///run/heartsay/heartsay.sock"},
		{0, "/run/user/0", "unix:///run/heartsay/heartsay.sock"},
		{1000, "/run/user/1000", "unix:///run/user/1000/heartsay.sock"},
		{1000, "", "unix:///tmp/heartsay-1000/heartsay.sock"},
		{1000, "run", "unix:///tmp/heartsay-1000/heartsay.sock"},
	} {
		if got := defaultURL(c.uid, c.runtimeDir); got != c.want {
			t.Errorf("uid %d with XDG_RUNTIME_DIR=%q talks to %s, want %s", c.uid, c.runtimeDir, got, c.want)
		}
	}
}

func TestDefaultURLIsOneThatSocketPathTakes(t *testing.T) {
	if _, err := SocketPath(DefaultURL()); err != nil {
		t.Errorf("the default address is refused: %v", err)
	}
}

func TestSocketPathTakesAbsolutePathsLiterally(t *testing.T) {
	longest := "/" + strings.Repeat("x", 106)
	for _, path := range []string{"/run/heartsay.sock", "/tmp/a b/%20?#.sock", longest} {
		if got, err := SocketPath("unix://" + path); err != nil || got != path {
			t.Errorf("SocketPath of %s is %q, %v, want the path as it was written", path, got, err)
		}
	}
}

func TestSocketPathSaysWhatIsWrongWithAnAddress(t *testing.T) {
	for _, c := range []struct{ url, want string }{
		{"", "empty"},
		{"/run/a.sock", "write unix:///run/a.sock"},
		{"http://127.0.0.1:80", "only unix:///path is; over TCP an agent serves its API by --api-tcp"},
		{"tcp://127.0.0.1:80", "only unix:///path"},
		{"a.sock", "only unix:///path"},
		{"unix:/run/a.sock", "only unix:///path"},
		{"unix://a.sock", "relative"},
		{"unix://run/a.sock", "three slashes"},
		{"unix://", "relative"},
		{"unix:///", "folder"},
		{"unix:///run/", "folder"},
		{"unix:///run/a\x00b", "NUL"},
		{"unix:///" + strings.Repeat("x", 107), "108 bytes: a Unix socket may have 107"},
	} {
		path, err := SocketPath(c.url)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("SocketPath(%q) is %q, %v, want an error with %q", c.url, path, err, c.want)
		}
	}
}

func TestClientOfAnAddressThatIsNoneSaysWhichTwoThereAre(t *testing.T) {
	for _, url := range []string{"bogus", "127.0.0.1:80", "https://127.0.0.1:80", "unix:/run/a.sock", "a.sock"} {
		if _, err := New(url); err == nil || !strings.Contains(err.Error(), "write unix:///path or http://127.0.0.1:PORT") {
			t.Errorf("a client of %q: %v, want what to write", url, err)
		}
	}
}
