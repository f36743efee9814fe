package localapi

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"

	"heartsay/api"
)

// ListenSocket listens on a Unix socket at path that only this user can use. A missing folder is made, for this user
// alone. A socket on which nobody listens any more is replaced; anything else at path is left alone and is an error,
// which is a [*PlaceError] when it does not pass by itself.
// Closing the listener removes the socket, unless somebody put another one there.
//
// The socket is made in a private folder and then linked to path, so that it is never open to others, not even for a
// moment. Of agents that start at once exactly one gets it.
func ListenSocket(path string) (net.Listener, error) {
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
		l.UnixListener.Close()
		return nil, err
	}
	return l, nil
}

// listenIn listens on a socket in the folder private that is to be known as path.
func listenIn(private, path string) (*socketListener, error) {
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
			return &socketListener{UnixListener: l, path: path, info: info}, nil
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

// socketListener is a listener on a socket that was bound under one name and is known by another.
type socketListener struct {
	*net.UnixListener
	path   string
	info   fs.FileInfo // of the socket, to know it again
	remove sync.Once
}

// Addr returns the address by which the socket is known.
func (l *socketListener) Addr() net.Addr { return &net.UnixAddr{Name: l.path, Net: "unix"} }

// Close removes the socket if it is still this one, and stops listening. As long as it is open, no other socket can be
// mistaken for it: the file system does not reuse its number.
func (l *socketListener) Close() error {
	l.remove.Do(func() {
		if info, err := os.Lstat(l.path); err == nil && os.SameFile(info, l.info) {
			os.Remove(l.path)
		}
	})
	return l.UnixListener.Close()
}
