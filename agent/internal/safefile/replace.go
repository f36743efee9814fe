package safefile

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"syscall"
)

// steps are those by which a file is replaced. They are values so that tests can make each of them fail.
type steps struct {
	create  func(dir, pattern string) (file, error) // a new file that only its owner can read, see [os.CreateTemp]
	rename  func(from, to string) error
	remove  func(path string) error
	syncDir func(path string) error
}

// file is one that is being written.
type file interface {
	io.WriteCloser
	Name() string
	Chmod(mode fs.FileMode) error
	Chown(user, group int) error
	Sync() error
}

var system = steps{
	create:  func(dir, pattern string) (file, error) { return os.CreateTemp(dir, pattern) },
	rename:  os.Rename,
	remove:  os.Remove,
	syncDir: syncDir,
}

// Replace makes content the content of the file at path: wholly or not at all, at whatever moment the program or the
// power stops. The file is then this user's and has the mode. After an error it holds what it held before; only when
// the very last step fails, which makes the new file outlast a power cut, does it hold content already.
func Replace(path string, content []byte, mode fs.FileMode) error {
	return system.replace(path, content, mode, nil)
}

// ReplaceLike is [Replace] for a file that keeps its mode, its owner and its group. It is an error when there is none.
func ReplaceLike(path string, content []byte) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	return system.replace(path, content, info.Mode().Perm(), info.Sys().(*syscall.Stat_t))
}

// RemoveLeftovers removes what programs that stopped within a [Replace] left beside path. The caller must hold a lock
// that keeps others from replacing the file. It is a help only, so it tells of no error.
func RemoveLeftovers(path string) {
	dir, base := filepath.Split(path)
	leftover := regexp.MustCompile(`^\.` + regexp.QuoteMeta(base) + `\.[0-9]+\.tmp$`)
	entries, _ := os.ReadDir(filepath.Clean(dir))
	for _, e := range entries {
		if leftover.MatchString(e.Name()) {
			_ = os.Remove(dir + e.Name())
		}
	}
}

// replace writes a file beside path, and gives it the name. A nil owner is this user.
func (s steps) replace(path string, content []byte, mode fs.FileMode, owner *syscall.Stat_t) error {
	f, err := s.create(filepath.Dir(path), "."+filepath.Base(path)+".*.tmp")
	if err != nil {
		return err
	}
	err = write(f, content, mode, owner)
	if err == nil {
		err = s.rename(f.Name(), path)
	}
	if err != nil {
		_ = s.remove(f.Name()) // else RemoveLeftovers does
		return err
	}
	return s.syncDir(filepath.Dir(path))
}

// write makes a new file what it is to be, on the disk, and closes it.
func write(f file, content []byte, mode fs.FileMode, owner *syscall.Stat_t) (err error) {
	if owner != nil && (int(owner.Uid) != os.Geteuid() || int(owner.Gid) != os.Getegid()) {
		err = f.Chown(int(owner.Uid), int(owner.Gid))
	}
	if err == nil {
		err = f.Chmod(mode)
	}
	if err == nil {
		_, err = f.Write(content)
	}
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
