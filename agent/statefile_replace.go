package agent

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// fileOps are the steps by which a file is read and replaced. They are values so that tests can make each of them
// fail.
type fileOps struct {
	read    func(path string, limit int64) ([]byte, error) // see readBounded
	create  func(path string) (syncFile, error)            // a new file that only its owner can read
	rename  func(from, to string) error
	remove  func(path string) error
	syncDir func(path string) error
}

// syncFile is a file that is being written.
type syncFile interface {
	io.WriteCloser
	Sync() error
}

var osFileOps = fileOps{
	read: readBounded,
	create: func(path string) (syncFile, error) {
		return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	},
	rename:  os.Rename,
	remove:  os.Remove,
	syncDir: syncDir,
}

// replaceFile makes content the content of the file at path: wholly or not at all, at whatever moment the program or
// the power stops. The caller must hold the lock of path, because the file is written under a fixed other name.
func (ops fileOps) replaceFile(path string, content []byte) error {
	temp := path + ".tmp"
	if err := ops.remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) { // left by a crash
		return err
	}
	err := ops.writeFile(temp, content)
	if err == nil {
		err = ops.rename(temp, path)
	}
	if err != nil {
		_ = ops.remove(temp) // else the next attempt removes it
		return err
	}
	return ops.syncDir(filepath.Dir(path))
}

// writeFile makes a new file of content that has reached the disk.
func (ops fileOps) writeFile(path string, content []byte) error {
	f, err := ops.create(path)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}

// syncDir makes the names in a folder outlast a power cut.
func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

// lockFile opens the file at path, made when missing, and takes a lock on it that ends when it is closed or the
// program ends. It fails at once when somebody else holds the lock. The file is never removed: a lock on a removed
// file would keep nobody out.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock file: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		holder := readHolder(f)
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock %s: %s holds it: "+
				"stop that agent, or give this one another --name or --state-dir", path, holder)
		}
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	writeHolder(f)
	return f, nil
}

// writeHolder notes in a lock file who holds it. That is a help for people only, so it may fail.
func writeHolder(f *os.File) {
	if f.Truncate(0) == nil {
		_, _ = f.WriteAt(fmt.Appendf(nil, "%d\n", os.Getpid()), 0)
	}
}

func readHolder(f *os.File) string {
	b := make([]byte, 20) // the digits of a process id
	n, _ := f.ReadAt(b, 0)
	pid := strings.TrimSpace(string(b[:n]))
	if pid == "" || strings.Trim(pid, "0123456789") != "" {
		return "another agent"
	}
	return "the agent with process id " + pid
}
