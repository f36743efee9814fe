package localapi

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"heartsay/agent/internal/safefile"
	"heartsay/api"
)

// ListenSocket listens on a Unix socket at path that only this user can use. A missing folder is made, for this user
// alone. A socket on which nobody listens any more is replaced; anything else at path is left alone and is an error,
// which is a [*PlaceError] when it does not pass by itself.
// Closing the listener removes the socket, unless somebody put another one there. [Socket.Restore] makes it again when
// somebody removed it.
//
// The socket is made in a private folder and then linked to path, so that it is never open to others, not even for a
// moment. Of agents that start at once exactly one gets it.
func ListenSocket(path string) (*Socket, error) {
	if _, err := api.SocketPath("unix://" + path); err != nil {
		return nil, err
	}
	if err := makeSocketFolder(filepath.Dir(path)); err != nil {
		return nil, err
	}
	lock, err := lockSocket(path)
	if err != nil {
		return nil, err
	}
	defer lock.Remove()
	stale, err := checkSocket(path)
	if err != nil {
		return nil, err
	}
	private, err := makePrivateFolder(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("make a socket at %s: %w: choose another place with --api", path, err)
	}
	defer os.RemoveAll(private)
	l, err := listenIn(private, path)
	if err != nil {
		return nil, err
	}
	if err := publish(private, path, stale); err != nil {
		l.now.listener.Close()
		return nil, err
	}
	return l, nil
}

// listenIn listens on a socket in the folder private that is to be known as path.
func listenIn(private, path string) (*Socket, error) {
	name := filepath.Join(private, "s")
	if _, err := api.SocketPath("unix://" + name); err != nil {
		return nil, badPlace("make a socket at %s: the path is %d bytes too long to do that safely: choose a shorter one",
			path, len(name)-107)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: name, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("make a socket at %s: %w", path, err)
	}
	l.SetUnlinkOnClose(false)
	if err = os.Chmod(name, 0o600); err == nil {
		var info fs.FileInfo
		if info, err = os.Lstat(name); err == nil {
			return &Socket{path: path, now: published{l, info}}, nil
		}
	}
	l.Close()
	return nil, fmt.Errorf("make a socket at %s: %w", path, err)
}

// publish gives the socket in private the name path, on which there is a stale one or nothing.
func publish(private, path string, stale bool) error {
	if stale {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove the stale socket: %w", err)
		}
	}
	err := os.Link(filepath.Join(private, "s"), path)
	if err != nil {
		return fmt.Errorf("make a socket at %s: %w: choose another place with --api", path, err)
	}
	return nil
}

// Socket is a listener on a socket that was bound under one name and is known by another. It is safe for concurrent use.
type Socket struct {
	path string

	mu     sync.Mutex // protects the rest
	now    published
	closed bool
}

// published is a listener whose socket has, or had, the name of a [Socket].
type published struct {
	listener *net.UnixListener
	info     fs.FileInfo // of the socket, to know it again
}

// Addr returns the address by which the socket is known.
func (l *Socket) Addr() net.Addr { return &net.UnixAddr{Name: l.path, Net: "unix"} }

// Accept returns the next connection.
func (l *Socket) Accept() (net.Conn, error) {
	for {
		listener := l.listener()
		c, err := listener.Accept()
		if err == nil || listener == l.listener() {
			return c, err
		}
	}
}

func (l *Socket) listener() *net.UnixListener {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now.listener
}

// Restore makes the socket again when there is nothing at its path, as after somebody cleaned the folder, and reports whether
// it did. What others put at the path is left alone.
func (l *Socket) Restore() (made bool, err error) {
	if _, err := os.Lstat(l.path); !errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	again, err := ListenSocket(l.path)
	if err != nil {
		return false, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false, again.Close()
	}
	before := l.now.listener
	l.now = again.now
	return true, before.Close()
}

// Close removes the socket if it is still this one, and stops listening. As long as it is open, no other socket can be
// mistaken for it: the file system does not reuse its number.
func (l *Socket) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if info, err := os.Lstat(l.path); !l.closed && err == nil && os.SameFile(info, l.now.info) {
		os.Remove(l.path)
	}
	l.closed = true
	return l.now.listener.Close()
}

// socketPatience is how long a socket that is in the way gets to show that somebody listens. The kernel answers at once
// for a listener.
const socketPatience = time.Second

// socketLockPatience is how long an agent waits for another that is making a socket at the same path. That takes
// milliseconds; who takes longer was stopped.
const socketLockPatience = 5 * time.Second

// lockSocket makes sure that no other agent makes or replaces the socket at path until the lock is removed. Without
// that, an agent could take another's new socket for the stale one that both have seen.
func lockSocket(path string) (*safefile.Lock, error) {
	lock, err := safefile.LockFile(path+".lock", socketLockPatience)
	var held *safefile.HeldError
	switch {
	case errors.As(err, &held):
		return nil, fmt.Errorf("another agent is about to serve at %s: give this one its own --api", path)
	case err != nil:
		return nil, fmt.Errorf("lock the path of the API socket: %w: choose another place with --api", err)
	}
	return lock, nil
}

// PlaceError says that a path is none for the socket of an API, and stays none until somebody changes it or what is
// there.
type PlaceError struct{ text string }

func (e *PlaceError) Error() string { return e.text }

func badPlace(format string, args ...any) error { return &PlaceError{fmt.Sprintf(format, args...)} }

// makeSocketFolder makes dir if it is missing, and returns an error when others could replace what is in it.
func makeSocketFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the folder of the API socket: %w: choose another place with --api", err)
	}
	err := safefile.CheckFolder(dir)
	if others := new(safefile.UntrustedError); errors.As(err, &others) {
		return badPlace("the API socket cannot be made safely: %v, or give another place with --api", err)
	}
	if err != nil {
		return fmt.Errorf("look at the folder of the API socket: %w", err)
	}
	return nil
}

// checkSocket reports whether there is a socket at path on which nobody listens, rather than nothing. Anything else at
// path is an error.
func checkSocket(path string) (stale bool, err error) {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("look at the API socket: %w", err)
	case info.Mode().Type() != fs.ModeSocket:
		return false, badPlace("%s is taken by something that is not a socket (%v): remove it, "+
			"or choose another place with --api", path, info.Mode())
	}
	c, err := net.DialTimeout("unix", path, socketPatience)
	switch {
	case err == nil:
		c.Close()
		return false, errTaken(path)
	case errors.Is(err, syscall.ECONNREFUSED):
		return true, nil
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case errors.Is(err, syscall.EAGAIN), os.IsTimeout(err):
		return false, errTaken(path)
	}
	return false, fmt.Errorf("%s is taken by a socket that cannot be asked who listens: %w: choose another place with --api",
		path, err)
}

func errTaken(path string) error {
	return fmt.Errorf("another agent answers at %s: give this one its own --api", path)
}

// makePrivateFolder returns a new folder in dir that only this user can enter. Its name is short, because the socket
// is bound in it and paths of sockets are.
func makePrivateFolder(dir string) (string, error) {
	for i := 0; ; i++ {
		name := filepath.Join(dir, ".h"+strconv.FormatInt(int64(os.Getpid()), 36)+strconv.Itoa(i))
		if err := os.Mkdir(name, 0o700); err == nil || i == 99 || !errors.Is(err, fs.ErrExist) {
			return name, err
		}
	}
}
