package agent

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// lockPatience is how long an agent waits for another that is making a socket at the same path. That takes
// milliseconds; who takes longer was stopped.
const lockPatience = 5 * time.Second

// lockSocket makes sure that no other agent makes or replaces the socket at path until unlock is called. Without that,
// an agent could take another's new socket for the stale one that both have seen. The lock is a file beside the
// socket that is gone afterwards, and that the kernel unlocks when its holder dies.
func lockSocket(path string) (unlock func(), err error) {
	name := path + ".lock"
	for deadline := time.Now().Add(lockPatience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW, 0o600)
		if err != nil {
			return nil, fmt.Errorf("lock the path of the API socket: %w: choose another place with --api", err)
		}
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil && isNow(f, name) {
			return func() { os.Remove(name); f.Close() }, nil
		}
		f.Close()
		if err != nil && !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return nil, fmt.Errorf("lock the path of the API socket: %w", err)
		}
	}
	return nil, fmt.Errorf("another agent is about to serve at %s: give this one its own --api", path)
}

// isNow reports whether f is what name names: whoever held the lock before may have removed the file since.
func isNow(f *os.File, name string) bool {
	var held, named fs.FileInfo
	held, err := f.Stat()
	if err == nil {
		named, err = os.Lstat(name)
	}
	return err == nil && os.SameFile(held, named)
}
