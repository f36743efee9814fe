// Package safefile reads files that hold secrets or that others must not change, replaces files wholly or not at all, and
// keeps other programs from a file or a folder while one works on it.
//
// It owns no state. To replace a file with [Replace] takes no lock: each attempt writes a file of its own
// beside the old one and gives it the name at the end. The holder of a lock of the file may clean up with
// [RemoveLeftovers] what a crash left. What others could change is told by [CheckFile] and [CheckFolder] (trust.go). Keys, tokens and secrets of webhooks are read with [ReadSecret]; the state file
// and the key file are locked with [LockFile] and [LockFolder], as is the place of the API's socket.
package safefile

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// TooLargeError says that a file has more bytes than its reader allows.
type TooLargeError struct{ Limit int64 }

func (e *TooLargeError) Error() string { return fmt.Sprintf("it has more than %d bytes", e.Limit) }

// keySize is how many bytes a key has, which somebody may give in place of the path of its file.
const keySize = 32

// ReadSecret returns the content of the file at path, of limit bytes at most, if it is one that only this user can
// read: a regular file and no link, that belongs to this user and gives nobody else a right (0600 or 0400). A file of
// root's may also be read by its group (0440), which is how systemd hands credentials to a service of another user and
// how a secret is mounted for a group. What is wrong is said with the path in front.
func ReadSecret(path string, limit int64) ([]byte, error) {
	if err := CheckPath(path); err != nil {
		return nil, err
	}
	content, err := read(path, limit, syscall.O_NOFOLLOW, func(info fs.FileInfo) error {
		return checkSecret(info, os.Geteuid())
	})
	if errors.Is(err, syscall.ELOOP) {
		err = errors.New("it is a link: name the file itself")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, Cause(err))
	}
	return content, nil
}

// Read returns the content of the regular file at path, of limit bytes at most. An error wraps [fs.ErrNotExist] when
// there is none, and a [*TooLargeError] when it has more bytes.
func Read(path string, limit int64) ([]byte, error) {
	content, err := read(path, limit, 0, checkRegular)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, Cause(err))
	}
	return content, nil
}

// CheckPath returns an error when path is a key rather than the path of a file. The error does not repeat it.
func CheckPath(path string) error {
	if key, err := base64.StdEncoding.DecodeString(path); err == nil && len(key) == keySize {
		return errors.New("is to be named here, and a secret itself is given: write it to a file; and as others can see " +
			"command lines, better make a new one")
	}
	return nil
}

// Cause returns the cause of an error of a file, without the path. Other errors it returns as they are.
func Cause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// read returns the content of a file that check lets pass. Without O_NONBLOCK, a pipe in the place of the file would be
// waited for.
func read(path string, limit int64, flag int, check func(fs.FileInfo) error) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|flag, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil {
		err = check(info)
	}
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(content)) > limit {
		return nil, &TooLargeError{limit}
	}
	return content, err
}

func checkRegular(info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return fmt.Errorf("it is not a regular file (%v)", info.Mode())
	}
	return nil
}

// checkSecret returns an error when a file is none that only the user may read.
func checkSecret(info fs.FileInfo, user int) error {
	if err := checkRegular(info); err != nil {
		return err
	}
	owner, open := int(info.Sys().(*syscall.Stat_t).Uid), fs.FileMode(0o077)
	switch {
	case owner == 0 && user != 0:
		open = 0o037
	case owner != user && user != 0:
		return fmt.Errorf("it belongs to user %d, and this is user %d: only a file of this user or of root is taken",
			owner, user)
	}
	if info.Mode().Perm()&open != 0 {
		return fmt.Errorf("others may use it (mode %04o): make it private (chmod 600)", info.Mode().Perm())
	}
	return nil
}
