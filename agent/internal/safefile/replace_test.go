package safefile

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

var errBroken = errors.New("disk on fire")

// crashed is what a step panics with, in place of the power that goes.
type crashed struct{}

// stopAt returns the steps of the system, of which one does not succeed: it fails, or the program stops there. Of the
// content, so many bytes reach the disk when that step is the write.
func stopAt(step string, bytes int, stop func() error) steps {
	at := func(name string, do func() error) error {
		if name == step {
			return stop()
		}
		return do()
	}
	s := system
	s.create = func(dir, pattern string) (f file, err error) {
		err = at("create", func() (err error) {
			f, err = system.create(dir, pattern)
			return err
		})
		return stoppingFile{f, bytes, at}, err
	}
	s.rename = func(from, to string) error { return at("rename", func() error { return system.rename(from, to) }) }
	s.remove = func(path string) error { return at("remove", func() error { return system.remove(path) }) }
	s.syncDir = func(path string) error { return at("sync folder", func() error { return system.syncDir(path) }) }
	return s
}

type stoppingFile struct {
	file
	bytes int
	at    func(step string, do func() error) error
}

func (f stoppingFile) Write(b []byte) (n int, err error) {
	n, _ = f.file.Write(b[:min(f.bytes, len(b))])
	err = f.at("write", func() error {
		more, err := f.file.Write(b[n:])
		n += more
		return err
	})
	return n, err
}

func (f stoppingFile) Sync() error { return f.at("sync", f.file.Sync) }

func (f stoppingFile) Close() error {
	err := f.file.Close()
	return f.at("close", func() error { return err })
}

func fails() error { return errBroken }
func stops() error { panic(crashed{}) }

const (
	before = "what was there before"
	after  = "what is to be there from now on"
)

// replaceAndStop replaces a file and comes back even when the program stops.
func replaceAndStop(s steps, path string) (err error) {
	defer func() {
		if r := recover(); r != nil && r != (crashed{}) {
			panic(r)
		}
	}()
	return s.replace(path, []byte(after), 0o600, nil)
}

func holds(t *testing.T, path, want string) {
	t.Helper()
	if b, err := os.ReadFile(path); err != nil || string(b) != want {
		t.Errorf("the file holds %q, %v: want %q", b, err, want)
	}
}

func TestReplaceLeavesOldOrNewWhateverStepFailsAndWhereverTheProgramStops(t *testing.T) {
	for _, c := range []struct {
		step  string
		bytes int
		want  string
	}{
		{"create", 0, before}, {"write", 0, before}, {"write", 1, before}, {"write", len(after) / 2, before},
		{"write", len(after), before}, {"sync", 0, before}, {"close", 0, before}, {"rename", 0, before},
		{"sync folder", 0, after},
	} {
		for name, stop := range map[string]func() error{"fails": fails, "stops": stops} {
			t.Run(c.step+"_"+name, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "file")
				if err := Replace(path, []byte(before), 0o600); err != nil {
					t.Fatal(err)
				}
				if err := replaceAndStop(stopAt(c.step, c.bytes, stop), path); name == "fails" && !errors.Is(err, errBroken) {
					t.Errorf("the error is %v: want the cause", err)
				}
				holds(t, path, c.want)
				RemoveLeftovers(path)
				if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
					t.Errorf("the folder holds %v: want the file only", entries)
				}
				if err := Replace(path, []byte(after), 0o600); err != nil {
					t.Errorf("the next replacement: %v", err)
				}
				holds(t, path, after)
			})
		}
	}
}

func TestReplaceLeavesNothingBehindWhenAStepFails(t *testing.T) {
	for _, step := range []string{"create", "write", "sync", "close", "rename"} {
		path := filepath.Join(t.TempDir(), "file")
		if err := stopAt(step, 3, fails).replace(path, []byte(after), 0o600, nil); !errors.Is(err, errBroken) {
			t.Errorf("%s fails: %v", step, err)
		}
		if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 0 {
			t.Errorf("after %s failed, the folder holds %v: want nothing", step, entries)
		}
	}
}

func TestReplaceGivesTheModeAsked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	for _, mode := range []os.FileMode{0o600, 0o644, 0o400} {
		if err := Replace(path, []byte(after), mode); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
			t.Errorf("the file has the mode %v, %v: want %v", info.Mode(), err, mode)
		}
	}
}

func TestReplaceLikeKeepsModeOwnerAndGroup(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := ReplaceLike(path, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a file: %v", err)
	}
	if err := os.WriteFile(path, []byte(before), 0o600); err != nil {
		t.Fatal(err)
	}
	user, group := os.Geteuid(), os.Getegid()
	if user == 0 {
		user, group = 1000, 1001
	}
	if err := errors.Join(os.Chown(path, user, group), os.Chmod(path, 0o440)); err != nil {
		t.Fatal(err)
	}
	if err := ReplaceLike(path, []byte(after)); err != nil {
		t.Fatal(err)
	}
	holds(t, path, after)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	owner := info.Sys().(*syscall.Stat_t)
	if info.Mode().Perm() != 0o440 || int(owner.Uid) != user || int(owner.Gid) != group {
		t.Errorf("the file has the mode %v and belongs to %d:%d", info.Mode(), owner.Uid, owner.Gid)
	}
}

func TestReplaceDoesNotWriteThroughALink(t *testing.T) {
	dir := t.TempDir()
	victim, path := filepath.Join(dir, "victim"), filepath.Join(dir, "file")
	if err := errors.Join(os.WriteFile(victim, []byte(before), 0o600), os.Symlink(victim, path)); err != nil {
		t.Fatal(err)
	}
	if err := Replace(path, []byte(after), 0o600); err != nil {
		t.Fatal(err)
	}
	holds(t, victim, before)
	holds(t, path, after)
}

func TestRemoveLeftoversTakesItsOwnFilesOnly(t *testing.T) {
	dir := t.TempDir()
	others := []string{"file", ".file.tmp", ".file.x1.tmp", ".file2.17.tmp", "file.17.tmp", ".file.17.tmp.json"}
	for _, name := range append(others, ".file.17.tmp", ".file.9123456789.tmp") {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	RemoveLeftovers(filepath.Join(dir, "file"))
	entries, _ := os.ReadDir(dir)
	var left []string
	for _, e := range entries {
		left = append(left, e.Name())
	}
	if len(left) != len(others) {
		t.Errorf("left are %s: want %s", strings.Join(left, " "), strings.Join(others, " "))
	}
}
