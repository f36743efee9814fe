package safefile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
)

// Trust: what an agent reads as its configuration, runs as a handler or replaces must not be another user's to change. The
// others are all users but root and the agent's own.
//
//   - A file is theirs when it belongs to one of them, when everybody may write it, or when its group may. A group with
//     the number of the file's owner is no danger, since many systems give each user one; nor is root's.
//   - A folder is theirs when it belongs to one of them, or when everybody may write in it and it is not sticky. Groups that
//     may write in a folder are left to its maker: systems give some to administrators, and volumes to their service.
//   - A link is theirs when it belongs to one of them: anybody can plant one in a sticky folder.
//
// A path is taken when all folders and links on the way and the file at its end are. Files in /proc stand for what a
// process has open already, so the way there ends with them.

// UntrustedError says what on the way to a file, or the file itself, others could change.
type UntrustedError struct{ text string }

func (e *UntrustedError) Error() string { return e.text }

func untrusted(format string, args ...any) error {
	return &UntrustedError{fmt.Sprintf(format, args...)}
}

// Open opens the file at path to read it, unless others could change it or put another in its place: then the error is an
// [*UntrustedError], which names what is wrong and what to do. It may be a pipe.
func Open(path string) (*os.File, error) {
	end, err := walk(path)
	if err == nil && end != nil && !end.IsDir() { // which nobody can read
		err = checkFile(path, end, os.Geteuid()) // before it is opened: to open another's pipe could wait for ever
	}
	if others := new(UntrustedError); errors.As(err, &others) {
		return nil, err
	}
	f, openErr := os.Open(path)
	if openErr != nil {
		return nil, openErr
	}
	if err == nil {
		err = checkOpened(path, f, end)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// checkOpened checks what path led to when f was opened: what walk found there, if it found anything.
func checkOpened(path string, f *os.File, end fs.FileInfo) error {
	info, err := f.Stat()
	switch {
	case err != nil:
		return err
	case end == nil:
		return checkFile(path, info, os.Geteuid())
	case !os.SameFile(info, end):
		return untrusted("%s led to another file a moment ago: name the file itself", path)
	}
	return nil
}

// CheckFile returns an [*UntrustedError] when others could change the file at path or put another in its place.
func CheckFile(path string) error {
	info, err := walk(path)
	if err != nil || info == nil {
		return err
	}
	return checkFile(path, info, os.Geteuid())
}

// CheckFolder returns an [*UntrustedError] when others could change or replace what is in the folder at path.
func CheckFolder(path string) error {
	info, err := walk(path)
	if err != nil || info == nil {
		return err
	}
	if !info.IsDir() {
		return &fs.PathError{Op: "open", Path: path, Err: syscall.ENOTDIR}
	}
	return checkFolder(path, info, os.Geteuid())
}

// ReadTrusted returns the content of the regular file at path, of limit bytes at most. Others must not be able to change
// it, and it must be no link. The way to it is not looked at, see [CheckFolder]. Errors are as of [Read].
func ReadTrusted(path string, limit int64) ([]byte, error) {
	content, err := read(path, limit, syscall.O_NOFOLLOW, func(info fs.FileInfo) error {
		if err := checkRegular(info); err != nil {
			return err
		}
		return checkFile("it", info, os.Geteuid())
	})
	if errors.Is(err, syscall.ELOOP) {
		err = errors.New("it is a link")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, Cause(err))
	}
	return content, nil
}

// maxLinks is how many links a path may lead through, as for the system.
const maxLinks = 40

// walk follows path from the root and returns what is at its end, which is no link. It is nil for what a process has open.
func walk(path string) (info fs.FileInfo, err error) {
	if path, err = filepath.Abs(path); err != nil {
		return nil, err
	}
	user, links := os.Geteuid(), 0
	dir, rest := "/", strings.TrimPrefix(path, "/")
	for {
		if dir == "/proc" {
			return nil, nil
		}
		if info, err = os.Lstat(dir); err != nil {
			return nil, err
		}
		switch {
		case info.Mode()&fs.ModeSymlink != 0:
			if links++; links > maxLinks {
				return nil, &fs.PathError{Op: "open", Path: path, Err: syscall.ELOOP}
			}
			if !trusts(ownerOf(info), user) {
				return nil, untrusted("%s is a link that belongs to user %d, and this is user %d: name the file itself, or remove "+
					"the link", dir, ownerOf(info), user)
			}
			target, err := os.Readlink(dir)
			if err != nil {
				return nil, err
			}
			if !filepath.IsAbs(target) {
				target = filepath.Join(filepath.Dir(dir), target)
			}
			dir, rest = "/", strings.TrimPrefix(filepath.Join(target, rest), "/")
			continue
		case rest == "":
			return info, nil
		case info.IsDir():
			if err := checkFolder(dir, info, user); err != nil {
				return nil, err
			}
		}
		var name string
		name, rest, _ = strings.Cut(rest, "/")
		dir = filepath.Join(dir, name)
	}
}

// checkFile returns an error when others than a user could change a file.
func checkFile(path string, info fs.FileInfo, user int) error {
	owner, group := ownerOf(info), int(info.Sys().(*syscall.Stat_t).Gid)
	switch mode := info.Mode().Perm(); {
	case !trusts(owner, user):
		return untrusted("%s belongs to user %d, who could change it, and this is user %d: give it to root or to this user (chown)",
			path, owner, user)
	case mode&0o002 != 0:
		return untrusted("%s can be written by everybody (mode %04o): take that right away (chmod o-w)", path, mode)
	case mode&0o020 != 0 && group != 0 && group != owner:
		return untrusted("%s can be written by the group %d (mode %04o): take that right away (chmod g-w)", path, group, mode)
	}
	return nil
}

// checkFolder returns an error when others than a user could change or replace what is in a folder.
func checkFolder(path string, info fs.FileInfo, user int) error {
	owner := ownerOf(info)
	switch {
	case !trusts(owner, user):
		return untrusted("the folder %s belongs to user %d, who could replace what is in it, and this is user %d: choose another, "+
			"or give it to root or to this user (chown)", path, owner, user)
	case info.Mode().Perm()&0o002 != 0 && info.Mode()&fs.ModeSticky == 0:
		return untrusted("the folder %s is writable by everybody (mode %04o), who could replace what is in it: choose another, or "+
			"take that right away (chmod o-w)", path, info.Mode().Perm())
	}
	return nil
}

func ownerOf(info fs.FileInfo) int { return int(info.Sys().(*syscall.Stat_t).Uid) }

// nobody is whom files seem to belong to in a user namespace when their owner has no number in it: among others root
// outside.
const nobody = 65534

// trusts reports whether a user is not one of the others.
func trusts(owner, user int) bool {
	return owner == 0 || owner == user || owner == nobody && inUserNamespace()
}

// inUserNamespace reports whether some users outside have no number here.
var inUserNamespace = sync.OnceValue(func() bool {
	b, err := os.ReadFile("/proc/self/uid_map")
	return err == nil && strings.Join(strings.Fields(string(b)), " ") != "0 0 4294967295"
})
