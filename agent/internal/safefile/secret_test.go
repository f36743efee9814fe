package safefile

import (
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestHostile15AFileOfAnotherUserIsNoSecret(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root, to give files away")
	}
	path := filepath.Join(t.TempDir(), "f")
	for _, c := range []struct {
		owner, user int
		mode        os.FileMode
		taken       bool
		why         string
	}{
		{1000, 1000, 0o600, true, "its own"},
		{0, 1000, 0o440, true, "root's, for a group: a credential of systemd"},
		{0, 1000, 0o444, false, "root's, for all"},
		{0, 1000, 0o460, false, "root's, that a group may write"},
		{1001, 1000, 0o600, false, "another user's"},
		{1000, 1000, 0o440, false, "its own, for a group"},
		{0, 0, 0o440, false, "root's, for a group, read by root"},
	} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		os.Chmod(path, c.mode)
		os.Chown(path, c.owner, 0)
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := checkSecret(info, c.user); (err == nil) != c.taken {
			t.Errorf("a file of user %d, mode %04o, read by %d: %v: it is %s", c.owner, c.mode, c.user, err, c.why)
		}
		os.Remove(path)
	}
}

func TestReadSecretTakesPrivateFilesOnly(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	for name, mode := range map[string]os.FileMode{"good": 0o600, "group": 0o640, "full": 0o400} {
		if err := errors.Join(os.WriteFile(at(name), []byte("12345678"), 0o600), os.Chmod(at(name), mode)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Symlink("good", at("link")), os.Mkdir(at("folder"), 0o700), syscall.Mkfifo(at("pipe"), 0o600)); err != nil {
		t.Fatal(err)
	}
	key := base64.StdEncoding.EncodeToString(make([]byte, keySize))
	for _, c := range []struct {
		path, says string
		limit      int64
	}{
		{at("good"), "", 8}, {at("full"), "", 8}, {at("good"), "more than 7 bytes", 7}, {at("group"), "mode 0640", 8},
		{at("link"), "it is a link", 8}, {at("folder"), "not a regular file", 8}, {at("pipe"), "not a regular file", 8},
		{at("missing"), "no such file", 8}, {key, "a secret itself is given", 8},
	} {
		content, err := ReadSecret(c.path, c.limit)
		if c.says == "" && (err != nil || string(content) != "12345678") {
			t.Errorf("%s: %q, %v: want its content", c.path, content, err)
		}
		if c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), key)) {
			t.Errorf("%s: %v: want that it says %q and no key", c.path, err, c.says)
		}
	}
}

func TestReadTakesWhatOthersMayReadToo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if _, err := Read(path, 4); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	if err := os.WriteFile(path, []byte("1234"), 0o644); err != nil {
		t.Fatal(err)
	}
	if b, err := Read(path, 4); err != nil || string(b) != "1234" {
		t.Errorf("%q, %v: want the content", b, err)
	}
	var large *TooLargeError
	if _, err := Read(path, 3); !errors.As(err, &large) || large.Limit != 3 {
		t.Errorf("a file with one byte too many: %v", err)
	}
}
