package localapi

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// shortDir returns a new folder whose path leaves room for the name of a socket, unlike that of t.TempDir.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "hs")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// listenAt listens at path until the test ends, at the latest.
func listenAt(t *testing.T, path string) net.Listener {
	t.Helper()
	l, err := ListenSocket(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// leaveStale puts a socket at path on which nobody listens.
func leaveStale(t *testing.T, path string) {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
}

// wantRefused fails the test unless ListenSocket refuses path with an error that says want.
func wantRefused(t *testing.T, path, want string) {
	t.Helper()
	l, err := ListenSocket(path)
	if err == nil {
		l.Close()
		t.Fatalf("ListenSocket(%s) succeeded, want an error with %q", path, want)
	}
	if !strings.Contains(err.Error(), want) {
		t.Errorf("ListenSocket says %q, want it to say %q", err, want)
	}
}

func TestSocketIsForItsUserAloneAndGoneAfterClose(t *testing.T) {
	dir := filepath.Join(shortDir(t), "new", "deep")
	path := filepath.Join(dir, "api.sock")
	l := listenAt(t, path)
	for name, want := range map[string]os.FileMode{dir: os.ModeDir | 0o700, path: os.ModeSocket | 0o600} {
		if info, err := os.Lstat(name); err != nil || info.Mode() != want {
			t.Errorf("%s is %v, %v, want mode %v", name, info.Mode(), err, want)
		}
	}
	if got := l.Addr().String(); got != path {
		t.Errorf("the listener says that it is at %s, want %s", got, path)
	}
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatalf("nobody can connect: %v", err)
	}
	c.Close()
	l.Close()
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("after Close the folder still holds %v, want nothing", left)
	}
	if err := l.Close(); err == nil {
		t.Errorf("a second Close reports nothing, want that it is closed")
	}
}

func TestSocketReplacesAStaleOne(t *testing.T) {
	path := filepath.Join(shortDir(t), "s.sock.long")
	leaveStale(t, path)
	listenAt(t, path)
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatalf("nobody answers where the stale socket was: %v", err)
	}
	c.Close()
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("the folder holds %v, want the socket alone", left)
	}
}

func TestSocketNeverTakesThePlaceOfALiveAgent(t *testing.T) {
	path := filepath.Join(shortDir(t), "s")
	listenAt(t, path)
	wantRefused(t, path, "another agent answers at "+path+": give this one its own --api")
	if c, err := net.Dial("unix", path); err != nil {
		t.Errorf("the first agent lost its socket: %v", err)
	} else {
		c.Close()
	}
}

func TestSocketNeverDeletesWhatIsNotASocket(t *testing.T) {
	dir := shortDir(t)
	file, folder, link := filepath.Join(dir, "file"), filepath.Join(dir, "folder"), filepath.Join(dir, "link")
	os.WriteFile(file, []byte("precious"), 0o600)
	os.Mkdir(folder, 0o700)
	os.Symlink(file, link)
	for _, path := range []string{file, folder, link} {
		wantRefused(t, path, path+" is taken by something that is not a socket")
		if _, err := os.Lstat(path); err != nil {
			t.Errorf("%s is gone: %v", path, err)
		}
	}
	if data, _ := os.ReadFile(file); string(data) != "precious" {
		t.Errorf("the file holds %q now, want what it held", data)
	}
}

func TestSocketIsNotMadeWhereOthersCouldReplaceIt(t *testing.T) {
	dir := filepath.Join(shortDir(t), "open")
	os.Mkdir(dir, 0o700)
	os.Chmod(dir, 0o777)
	wantRefused(t, filepath.Join(dir, "s"), "writable by everybody")
	os.Chmod(dir, 0o777|os.ModeSticky)
	listenAt(t, filepath.Join(dir, "s"))
}

func TestSocketPathIsCheckedBeforeAnythingIsMade(t *testing.T) {
	dir := shortDir(t)
	wantRefused(t, filepath.Join(dir, "new", strings.Repeat("x", 100)), "a Unix socket may have 107")
	wantRefused(t, "relative/s", "relative path")
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("the folder holds %v, want nothing", left)
	}
}

func TestSocketFolderThatIsAFileIsSaid(t *testing.T) {
	file := filepath.Join(shortDir(t), "file")
	os.WriteFile(file, nil, 0o600)
	wantRefused(t, filepath.Join(file, "s"), "make the folder of the API socket")
}

func TestSocketAtTheLongestPathWorks(t *testing.T) {
	dir := shortDir(t)
	path := filepath.Join(dir, strings.Repeat("x", 107-len(dir)-1))
	listenAt(t, path)
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatalf("nobody can connect to a path of %d bytes: %v", len(path), err)
	}
	c.Close()
}

func TestSocketThatIsNotOursIsLeftAloneByClosing(t *testing.T) {
	path := filepath.Join(shortDir(t), "s")
	first := listenAt(t, path)
	os.Remove(path)
	listenAt(t, path)
	first.Close()
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatalf("closing the first listener took the second one's socket: %v", err)
	}
	c.Close()
}

func TestSocketGoesToExactlyOneOfManyAgentsAtOnce(t *testing.T) {
	rounds := 200
	if testing.Short() {
		rounds = 20
	}
	for round := range rounds {
		path := filepath.Join(shortDir(t), fmt.Sprintf("%d.sock.long", round))
		leaveStale(t, path)
		var group sync.WaitGroup
		won := make(chan net.Listener, 8)
		for range cap(won) {
			group.Go(func() {
				if l, err := ListenSocket(path); err == nil {
					won <- l
				}
			})
		}
		group.Wait()
		close(won)
		if len(won) != 1 {
			t.Fatalf("%d agents have the socket, want one", len(won))
		}
		if c, err := net.Dial("unix", path); err != nil {
			t.Fatalf("the winner cannot be reached: %v", err)
		} else {
			c.Close()
		}
		(<-won).Close()
	}
}

func TestSocketThatSomebodyRemovedIsMadeAgain(t *testing.T) {
	path := filepath.Join(shortDir(t), "run", "s")
	l, err := ListenSocket(path)
	if err != nil {
		t.Fatal(err)
	}
	accepted := make(chan error)
	go func() {
		for {
			c, err := l.Accept()
			if accepted <- err; err != nil {
				return
			}
			c.Close()
		}
	}()
	answers := func() {
		t.Helper()
		c, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := <-accepted; err != nil {
			t.Errorf("accept: %v", err)
		}
	}
	answers()
	if made, err := l.Restore(); made || err != nil {
		t.Errorf("a socket that is there is made again: %v, %v", made, err)
	}
	for _, remove := range []string{path, filepath.Dir(path)} {
		if err := os.RemoveAll(remove); err != nil {
			t.Fatal(err)
		}
		if made, err := l.Restore(); !made || err != nil {
			t.Fatalf("without %s the socket is not made again: %v, %v", remove, made, err)
		}
		answers()
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if err := <-accepted; err == nil {
		t.Error("a closed socket accepts")
	}
	if _, err := os.Lstat(path); err == nil {
		t.Error("the socket stays after Close")
	}
	if made, err := l.Restore(); made || err != nil {
		t.Errorf("a closed socket is made again: %v, %v", made, err)
	}
	if _, err := os.Lstat(path); err == nil {
		t.Error("a closed socket is there again")
	}
}
