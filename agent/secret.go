package agent

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// ReadSecret returns the content of the file at path, of limit bytes at most, if it is one that only this user can
// read: a regular file and no link, that belongs to this user and gives nobody else a right (0600 or 0400). A file of
// root's may also be read by its group (0440), which is how systemd hands credentials to a service of another user and
// how a secret is mounted for a group. What is wrong is said with the path in front.
func ReadSecret(path string, limit int64) ([]byte, error) {
	if looksLikeKey(path) {
		return nil, errors.New("is to be named here, and a secret itself is given: write it to a file; and as others can see " +
			"command lines, better make a new one")
	}
	// Without O_NONBLOCK, a pipe in the place of the file would be waited for.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	switch {
	case errors.Is(err, syscall.ELOOP):
		return nil, fmt.Errorf("%s: it is a link: name the file itself", path)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", path, bareError(err))
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil {
		err = checkSecret(info, os.Geteuid())
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	content, err := io.ReadAll(io.LimitReader(f, limit+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", path, bareError(err))
	case int64(len(content)) > limit:
		return nil, fmt.Errorf("%s: it has more than %d bytes", path, limit)
	}
	return content, nil
}

// looksLikeKey reports whether somebody gave a key where a file is to be named, so that it is not repeated.
func looksLikeKey(path string) bool {
	key, err := base64.StdEncoding.DecodeString(path)
	return err == nil && len(key) == keySize
}

// checkSecret returns an error when a file is none that only the user may read.
func checkSecret(info fs.FileInfo, user int) error {
	if !info.Mode().IsRegular() {
		return fmt.Errorf("it is not a regular file (%v)", info.Mode())
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

// bareError returns the cause of an error of a file, without the path.
func bareError(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
