package agent

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// A key file has one key in each line, 32 bytes in base64. The first one seals, all open. Lines that begin with
// "retired" hold the id of a removed key and the day; empty lines and those that begin with # mean nothing.

// maxKeyFile is how many bytes a key file may have.
const maxKeyFile = 16 << 10

const retiredWord = "retired"

// ParseKeys returns the keys in the content of a key file. Its errors tell lines by number and never by content.
func ParseKeys(content []byte) (*Keys, error) {
	var keys [][]byte
	var retired []Retired
	lines := bufio.NewScanner(bytes.NewReader(content))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		fields := strings.Fields(line)
		switch {
		case line == "", line[0] == '#':
		case fields[0] == retiredWord:
			r, err := parseRetired(fields)
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", n, err)
			}
			retired = append(retired, r)
		default:
			key, err := base64.StdEncoding.DecodeString(line)
			if err != nil || len(key) != keySize {
				return nil, fmt.Errorf("line %d is not a key: a key is %d bytes in base64, as heartsay keys gen prints it", n,
					keySize)
			}
			keys = append(keys, key)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	return NewKeys(keys, retired)
}

func parseRetired(fields []string) (Retired, error) {
	if len(fields) != 3 {
		return Retired{}, errors.New("a retired key is written: retired ID YYYY-MM-DD")
	}
	id, err := ParseKeyID(fields[1])
	if err != nil {
		return Retired{}, err
	}
	day, err := time.Parse(time.DateOnly, fields[2])
	if err != nil {
		return Retired{}, errors.New("a retired key is written: retired ID YYYY-MM-DD")
	}
	return Retired{ID: id, When: day}, nil
}

// File returns the set as the content of a key file. It holds the keys themselves.
func (k *Keys) File() []byte {
	var b bytes.Buffer
	for _, key := range k.ring.GetKeys() {
		fmt.Fprintln(&b, encodeKey(key))
	}
	for _, r := range k.retired {
		fmt.Fprintln(&b, retiredWord, r.ID, r.When.Format(time.DateOnly))
	}
	return b.Bytes()
}

// ReadKeyFile returns the keys in the file at path, which must be a secret as [ReadSecret] takes it.
func ReadKeyFile(path string) (*Keys, error) {
	content, err := ReadSecret(path, maxKeyFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("key file %w: make one with heartsay keys gen --key-file, or copy that of another member", err)
	}
	if err != nil {
		return nil, fmt.Errorf("key file %w", err)
	}
	keys, err := ParseKeys(content)
	if err != nil {
		return nil, fmt.Errorf("key file %s: %w", path, err)
	}
	return keys, nil
}

// ChangeKeyFile replaces the keys in the file at path by what change makes of them, wholly or not at all, and returns
// them. Owner and mode stay. The file is not touched when change fails. Two changes at once follow each other.
func ChangeKeyFile(path string, change func(*Keys) (*Keys, error)) (*Keys, error) {
	if looksLikeKey(path) {
		return ReadKeyFile(path) // which says so
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	unlock, err := lockFolder(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("lock the folder of the key file: %w", err)
	}
	defer unlock()
	keys, err := ReadKeyFile(path)
	if err != nil {
		return nil, err
	}
	if keys, err = change(keys); err != nil {
		return nil, err
	}
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	ops, owner := osFileOps, info.Sys().(*syscall.Stat_t)
	ops.create = func(name string) (syncFile, error) { return createLike(name, info.Mode().Perm(), owner) }
	if err := ops.replaceFile(path, keys.File()); err != nil {
		return nil, fmt.Errorf("write the key file %s: %w: change it where it comes from, and send the agent a SIGHUP",
			path, err)
	}
	return keys, nil
}

// createLike makes a new file that is as private as the one that it replaces.
func createLike(name string, mode os.FileMode, owner *syscall.Stat_t) (syncFile, error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	if int(owner.Uid) != os.Geteuid() || int(owner.Gid) != os.Getegid() {
		err = f.Chown(int(owner.Uid), int(owner.Gid))
	}
	if err == nil {
		err = f.Chmod(mode)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// lockFolder keeps other programs that do the same from a folder until unlock is called or this program ends.
func lockFolder(dir string) (unlock func(), err error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		f.Close()
		return nil, err
	}
	return func() { f.Close() }, nil
}
