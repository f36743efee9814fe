package keyring

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"heartsay/agent/internal/safefile"
)

// A key file has one key in each line, 32 bytes in base64. The first one seals, all open. Lines that begin with
// "retired" hold the id of a removed key and the day; empty lines and those that begin with # mean nothing.

// maxFile is how many bytes a key file may have.
const maxFile = 16 << 10

// lockPatience is how long a change waits for others of the same folder. Each takes milliseconds.
const lockPatience = time.Minute

const retiredWord = "retired"

// Parse returns the keys in the content of a key file. Its errors tell lines by number and never by content.
func Parse(content []byte) (*Keys, error) {
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
	return New(keys, retired)
}

func parseRetired(fields []string) (Retired, error) {
	if len(fields) != 3 {
		return Retired{}, errors.New("a retired key is written: retired ID YYYY-MM-DD")
	}
	id, err := ParseID(fields[1])
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

// ReadFile returns the keys in the file at path, which must be a secret as [safefile.ReadSecret] takes it.
func ReadFile(path string) (*Keys, error) {
	content, err := safefile.ReadSecret(path, maxFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("key file %w: make one with heartsay keys gen --key-file, or copy that of another member", err)
	}
	if err != nil {
		return nil, fmt.Errorf("key file %w", err)
	}
	keys, err := Parse(content)
	if err != nil {
		return nil, fmt.Errorf("key file %s: %w", path, err)
	}
	return keys, nil
}

// ChangeFile replaces the keys in the file at path by what change makes of them, wholly or not at all, and returns
// them. Owner and mode stay. The file is not touched when change fails. Two changes at once follow each other.
func ChangeFile(path string, change func(*Keys) (*Keys, error)) (*Keys, error) {
	if err := safefile.CheckPath(path); err != nil {
		return nil, fmt.Errorf("key file %w", err)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	lock, err := safefile.LockFolder(filepath.Dir(path), lockPatience)
	if err != nil {
		return nil, fmt.Errorf("lock the folder of the key file: %w", err)
	}
	defer lock.Close()
	safefile.RemoveLeftovers(path)
	keys, err := ReadFile(path)
	if err != nil {
		return nil, err
	}
	if keys, err = change(keys); err != nil {
		return nil, err
	}
	if err := safefile.ReplaceLike(path, keys.File()); err != nil {
		return nil, fmt.Errorf("write the key file %s: %w: change it where it comes from, and send the agent a SIGHUP",
			path, err)
	}
	return keys, nil
}
