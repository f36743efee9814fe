package safefile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	lockRetry = 5 * time.Millisecond // pause between two attempts to get a lock
	maxStolen = 1000                 // locks of files that were gone by then, before that counts as one that is held
)

// Lock is what one program holds at a time, until it lets go or ends in whatever way.
type Lock struct {
	f *os.File
}

// HeldError says that another program holds a lock.
type HeldError struct {
	Path   string
	Holder int // its process id; 0: not known
}

func (e *HeldError) Error() string {
	if e.Holder == 0 {
		return fmt.Sprintf("lock %s: another program holds it", e.Path)
	}
	return fmt.Sprintf("lock %s: the program with process id %d holds it", e.Path, e.Holder)
}

// LockFile returns the lock on the file at path, which is made when it is missing, for this user only. A link there, or a
// file of others, is an error. When another program holds the lock for longer than patience, the error is a [*HeldError]; a patience of
// 0 waits for nobody.
func LockFile(path string, patience time.Duration) (*Lock, error) {
	open := func() (*os.File, error) {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
		if err != nil {
			return nil, err
		}
		info, err := f.Stat()
		if err == nil {
			err = checkFile(path, info, os.Geteuid()) // or another user could hold it for ever
		}
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		return f, nil
	}
	l, err := lock(path, patience, open)
	if err == nil {
		l.writeHolder()
	}
	return l, err
}

// LockFolder returns the lock on a folder, which leaves nothing in it. Otherwise it is as [LockFile].
func LockFolder(dir string, patience time.Duration) (*Lock, error) {
	return lock(dir, patience, func() (*os.File, error) { return os.Open(dir) })
}

// Close lets go of the lock. A locked file stays.
func (l *Lock) Close() error { return l.f.Close() }

// Remove removes the locked file and lets go of the lock.
func (l *Lock) Remove() error { return errors.Join(os.Remove(l.f.Name()), l.f.Close()) }

func lock(path string, patience time.Duration, open func() (*os.File, error)) (*Lock, error) {
	stolen := 0
	for deadline := time.Now().Add(patience); ; time.Sleep(lockRetry) {
		f, err := open()
		if err != nil {
			return nil, err
		}
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil && isNow(f, path) {
			return &Lock{f}, nil
		}
		holder := readHolder(f)
		_ = f.Close()
		if err == nil {
			stolen++
		}
		switch {
		case err != nil && !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR):
			return nil, fmt.Errorf("lock %s: %w", path, err)
		case err != nil && !time.Now().Before(deadline), stolen > maxStolen:
			return nil, &HeldError{path, holder}
		}
	}
}

// isNow reports whether f is what path names: the holder of the lock before may have removed the file since.
func isNow(f *os.File, path string) bool {
	var held, named fs.FileInfo
	held, err := f.Stat()
	if err == nil {
		named, err = os.Stat(path)
	}
	return err == nil && os.SameFile(held, named)
}

// writeHolder notes in a locked file who holds it. That is a help for people only, so it may fail.
func (l *Lock) writeHolder() {
	if l.f.Truncate(0) == nil {
		_, _ = l.f.WriteAt(fmt.Appendf(nil, "%d\n", os.Getpid()), 0)
	}
}

// readHolder returns the process id in a locked file, 0 when there is none.
func readHolder(f *os.File) int {
	b := make([]byte, 20) // the digits of a process id
	n, _ := f.ReadAt(b, 0)
	pid, err := strconv.ParseUint(strings.TrimSpace(string(b[:n])), 10, 31)
	if err != nil {
		return 0
	}
	return int(pid)
}
