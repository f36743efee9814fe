package state

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"heartsay/agent/internal/safefile"
)

var someState = Saved{
	Name: "n1", Cluster: "prod", Incarnation: 1767323045000,
	Members: []Member{
		{"n2", "10.0.0.2:4327", 1767323045001, 345, 500, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)},
		{Name: "n3", Address: "[2001:db8::3]:4327", Incarnation: 7},
	},
	Seeds: []string{"seed.example.com:4327"},
}

func openState(t *testing.T, dir, name, cluster string) *File {
	t.Helper()
	s, err := Open(dir, name, cluster)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func mustSave(t *testing.T, s *File, saved Saved) {
	t.Helper()
	if err := s.Save(saved); err != nil {
		t.Fatal(err)
	}
}

// mustLoad returns what is loaded, and fails unless that needs no explanation.
func mustLoad(t *testing.T, s *File) Saved {
	t.Helper()
	saved, note, err := s.Load()
	if err != nil || note != "" {
		t.Fatalf("load: %v, note %q", err, note)
	}
	return saved
}

func TestStateOutlastsARestart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "var", "heartsay")
	s := openState(t, dir, "n1", "prod")
	if saved := mustLoad(t, s); !reflect.DeepEqual(saved, Saved{}) {
		t.Errorf("the first start loads %+v: want nothing", saved)
	}
	mustSave(t, s, Saved{Incarnation: someState.Incarnation, Members: someState.Members, Seeds: someState.Seeds})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again := openState(t, dir, "n1", "prod")
	if saved := mustLoad(t, again); !reflect.DeepEqual(saved, someState) {
		t.Errorf("loaded %+v: want %+v", saved, someState)
	}
	for path, want := range map[string]fs.FileMode{dir: 0o700, again.Path(): 0o600, filepath.Join(dir, "n1.lock"): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has the mode %v, %v: want %v, it names every host of the cluster", path, info.Mode(), err, want)
		}
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 2 {
		t.Errorf("the folder holds %v: want the file and its lock only", entries)
	}
}

func TestStateOfTwoAgentsIsNeverShared(t *testing.T) {
	dir := t.TempDir()
	first := openState(t, dir, "n1", "prod")
	_, err := Open(dir, "n1", "prod")
	if err == nil {
		t.Fatal("a second agent opened the same file")
	}
	for _, want := range []string{filepath.Join(dir, "n1.lock"), "process id " + strconv.Itoa(os.Getpid()), "--state-dir"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not say %q", err, want)
		}
	}
	openState(t, dir, "n2", "prod") // its own file
	_ = first.Close()
	_ = first.Close()
	openState(t, dir, "n1", "prod")
	if err := first.Save(someState); !errors.Is(err, os.ErrClosed) {
		t.Errorf("save after close: %v: the file is another agent's by now", err)
	}
	if _, _, err := first.Load(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("load after close: %v", err)
	}
}

func TestStateFileNameStaysInItsFolder(t *testing.T) {
	for _, name := range []string{"", "..", "../n1", "a/b", "a\nb"} {
		if s, err := Open(t.TempDir(), name, "prod"); err == nil {
			t.Errorf("name %q opened %s", name, s.Path())
		}
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := openState(t, file, "n1", "prod").Load(); err == nil || !strings.Contains(err.Error(), "--state-dir") {
		t.Errorf("a file in place of the folder gives %v", err)
	}
	dir := t.TempDir()
	if err := os.Symlink(file, filepath.Join(dir, "n1.lock")); err != nil {
		t.Fatal(err)
	}
	planted := openState(t, dir, "n1", "prod")
	if _, _, err := planted.Load(); !errors.Is(err, syscall.ELOOP) {
		t.Errorf("a link in place of the lock gives %v: it must not be followed", err)
	}
	if err := planted.Save(someState); !errors.Is(err, syscall.ELOOP) {
		t.Errorf("the state is saved, %v, without a lock", err)
	}
}

func TestStateOfAFolderThatCannotBeWrittenAtTheStartIsSavedWhenItCan(t *testing.T) {
	dir := t.TempDir()
	before := openState(t, dir, "n1", "prod")
	mustSave(t, before, someState)
	if err := before.Close(); err != nil {
		t.Fatal(err)
	}
	// A link in place of the lock stands for all that keeps the folder from being written: root may write everywhere.
	lock := filepath.Join(dir, "n1.lock")
	if err := errors.Join(os.Remove(lock), os.Symlink("/nonexistent/lock", lock)); err != nil {
		t.Fatal(err)
	}
	s := openState(t, dir, "n1", "prod")
	if saved, note, err := s.Load(); err == nil || note != "" || !reflect.DeepEqual(saved, someState) {
		t.Errorf("loaded %+v, note %q, %v: want what can be read, and what is wrong with the folder", saved, note, err)
	}
	next := someState
	next.Incarnation++
	if err := s.Save(next); err == nil {
		t.Error("the state is saved without a lock")
	}
	if err := os.Remove(lock); err != nil {
		t.Fatal(err)
	}
	mustSave(t, s, next)
	if saved := mustLoad(t, s); !reflect.DeepEqual(saved, next) {
		t.Errorf("after the folder was mended, loaded %+v: want %+v", saved, next)
	}
	if _, err := Open(dir, "n1", "prod"); err == nil {
		t.Error("the lock is not held although the folder was mended")
	}

	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	mustSave(t, s, next) // as the start makes it
	if _, err := Open(dir, "n1", "prod"); err == nil {
		t.Error("the lock is not held in a folder that was made anew")
	}
}

func TestStateThatCouldNotBeReadIsSetAsideBeforeItIsReplaced(t *testing.T) {
	for _, fault := range []string{"unreadable", "corrupt", "appears later"} {
		s := openState(t, t.TempDir(), "n1", "prod")
		if fault == "appears later" {
			s.fault = syscall.EROFS
			if _, _, err := s.Load(); !errors.Is(err, syscall.EROFS) {
				t.Errorf("load: %v, want the fault", err)
			}
			fault = "unreadable"
		}
		if err := os.WriteFile(s.Path(), []byte("precious"), 0o600); err != nil {
			t.Fatal(err)
		}
		if s.fault == nil {
			s.read = func(path string, limit int64) ([]byte, error) {
				if fault == "unreadable" {
					return nil, syscall.EIO
				}
				return safefile.Read(path, limit)
			}
			s.rename = func(string, string) error { return syscall.EIO }
			if _, _, err := s.Load(); !errors.Is(err, syscall.EIO) {
				t.Errorf("load: %v, want the cause", err)
			}
			if err := s.Save(someState); fault == "corrupt" && !errors.Is(err, syscall.EIO) {
				t.Errorf("save: %v, want that nothing can be set aside", err)
			}
		}
		s.read, s.rename = safefile.Read, os.Rename
		mustSave(t, s, someState)
		aside := s.Path() + "." + fault + "-1"
		if b, err := os.ReadFile(aside); err != nil || string(b) != "precious" {
			t.Errorf("%s holds %q, %v: want what could not be read", aside, b, err)
		}
	}
}

// sealed returns the content of a state file that holds saved.
func sealed(t *testing.T, saved Saved) string {
	t.Helper()
	b, err := encode(saved)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestStateThatCannotBeUsedIsSetAsideAndSaid(t *testing.T) {
	good := sealed(t, someState)
	other := someState
	other.Name = "n9"
	elsewhere := someState
	elsewhere.Cluster = "staging"
	for _, c := range []struct{ rule, content, kind, says string }{
		{"empty", "", "corrupt", "empty"},
		{"blank after a crash", strings.Repeat("\x00", 100), "corrupt", "no JSON"},
		{"cut off", good[:len(good)/2], "corrupt", "no JSON"},
		{"something behind it", good + "x", "corrupt", "no JSON"},
		{"another file", `{"a": 1}`, "corrupt", "format is 0"},
		{"a later format", strings.Replace(good, `"format": 1`, `"format": 2`, 1), "corrupt", "format is 2"},
		{"edited by hand", strings.Replace(good, "10.0.0.2", "10.0.0.3", 1), "corrupt", "checksum"},
		{"no checksum", strings.Replace(good, "sha256", "sha255", 1), "corrupt", "checksum"},
		{"JSON null", "null", "corrupt", "format is 0"},
		{"deep nesting", strings.Repeat("[", 1<<16), "corrupt", "no JSON"},
		{"state of the wrong type", fmt.Sprintf(`{"format":1,"sha256":%q,"state":[]}`, sum([]byte("[]"))), "corrupt",
			"not as heartsay writes it"},
		{"a copy of another agent's", sealed(t, other), "corrupt", `agent "n9"`},
		{"of another cluster", sealed(t, elsewhere), "other-cluster", `cluster "staging"`},
	} {
		t.Run(c.rule, func(t *testing.T) {
			s := openState(t, t.TempDir(), "n1", "prod")
			for n := 1; n <= 2; n++ { // the second must not replace what the first set aside
				if err := os.WriteFile(s.Path(), []byte(c.content), 0o600); err != nil {
					t.Fatal(err)
				}
				saved, note, err := s.Load()
				aside := fmt.Sprintf("%s.%s-%d", s.Path(), c.kind, n)
				if err != nil || !reflect.DeepEqual(saved, Saved{}) {
					t.Fatalf("load: %+v, %v: want a start that remembers nothing", saved, err)
				}
				if !strings.Contains(note, c.says) || !strings.Contains(note, s.Path()) || !strings.Contains(note, aside) {
					t.Errorf("the note %q does not say %q, and which file went where", note, c.says)
				}
				if kept, err := os.ReadFile(aside); err != nil || string(kept) != c.content {
					t.Errorf("%s holds %q, %v: want what was in the file", aside, kept, err)
				}
			}
			if saved := mustLoad(t, s); !reflect.DeepEqual(saved, Saved{}) {
				t.Errorf("the next start loads %+v", saved)
			}
		})
	}
}

func TestStateWithAnyBitFlippedIsNeverBelieved(t *testing.T) {
	b := []byte(sealed(t, someState))
	for bit := range len(b) * 8 {
		b[bit/8] ^= 1 << (bit % 8)
		if saved, err := decode(b); err == nil && !reflect.DeepEqual(saved, someState) {
			t.Errorf("with bit %d of byte %d flipped it reads as %+v", bit%8, bit/8, saved)
		}
		b[bit/8] ^= 1 << (bit % 8)
	}
}

// R15.
func TestStateLargerThanTheBoundIsSetAside(t *testing.T) {
	s := openState(t, t.TempDir(), "n1", "prod")
	f, err := os.Create(s.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(MaxSize + 1<<20); err != nil { // without taking that much of the disk
		t.Fatal(err)
	}
	_, note, err := s.Load()
	if err != nil || !strings.Contains(note, "more than") {
		t.Errorf("load: note %q, %v", note, err)
	}
}

func TestStateThatCannotBeReadIsAnError(t *testing.T) {
	s := openState(t, t.TempDir(), "n1", "prod")
	mustSave(t, s, someState)
	s.read = func(path string, _ int64) ([]byte, error) {
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrPermission}
	}
	if _, note, err := s.Load(); !errors.Is(err, fs.ErrPermission) || note != "" {
		t.Errorf("a file without permission: note %q, %v: want an error, the file may be good", note, err)
	}
	s.fault = errors.New("the folder, too")
	if _, _, err := s.Load(); !errors.Is(err, s.fault) || !errors.Is(err, fs.ErrPermission) || strings.Contains(err.Error(), "\n") {
		t.Errorf("two faults are told as %q, want both in one line", err)
	}
	s.fault, s.read = nil, safefile.Read
	if saved := mustLoad(t, s); !reflect.DeepEqual(saved, someState) {
		t.Errorf("the file was changed to %+v", saved)
	}

	pipe := openState(t, t.TempDir(), "n1", "prod")
	if err := syscall.Mkfifo(pipe.Path(), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := pipe.Load(); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a pipe in place of the file: %v: to open it could wait for ever", err)
	}

	stuck := openState(t, t.TempDir(), "n1", "prod")
	if err := os.WriteFile(stuck.Path(), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	stuck.rename = func(string, string) error { return syscall.EROFS }
	if _, _, err := stuck.Load(); !errors.Is(err, syscall.EROFS) || !strings.Contains(err.Error(), "no JSON") {
		t.Errorf("a corrupt file that cannot be renamed: %v: want both causes", err)
	}
}

func TestHostile20StateThatOthersCouldChangeIsNotUsed(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root, to give files away")
	}
	const mallory = 1234
	for what, plant := range map[string]func(dir string) error{
		"a folder that all may write": func(dir string) error { return os.Chmod(dir, 0o777) },
		"a folder of another":         func(dir string) error { return os.Chown(dir, mallory, mallory) },
		"a lock of another": func(dir string) error {
			return errors.Join(os.WriteFile(dir+"/n1.lock", nil, 0o666), os.Chown(dir+"/n1.lock", mallory, mallory))
		},
		"a file of another":         func(dir string) error { return os.Chown(dir+"/n1.json", mallory, mallory) },
		"a file that all may write": func(dir string) error { return os.Chmod(dir+"/n1.json", 0o666) },
		"a link": func(dir string) error {
			return errors.Join(os.Rename(dir+"/n1.json", dir+"/x"), os.Symlink("x", dir+"/n1.json"))
		},
	} {
		dir := t.TempDir()
		before := openState(t, dir, "n1", "prod")
		mustSave(t, before, someState)
		if err := errors.Join(before.Close(), os.Remove(dir+"/n1.lock"), plant(dir)); err != nil {
			t.Fatal(err)
		}
		s := openState(t, dir, "n1", "prod")
		if saved, _, err := s.Load(); err == nil || what != "a lock of another" && !reflect.DeepEqual(saved, Saved{}) {
			t.Errorf("%s: loaded %+v, %v: want that it is not used", what, saved, err)
		}
	}

	dir := t.TempDir()
	s := openState(t, dir, "n1", "prod")
	mustSave(t, s, someState)
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := s.Save(someState); err == nil || !strings.Contains(err.Error(), "everybody") {
		t.Errorf("a folder that is opened to all while the agent runs: %v: want the same as at the start", err)
	}
}

// crashed is what a step panics with, in place of the power that goes.
type crashed struct{}

func TestStateIsWhatWasSavedLastWheneverAReplacementFails(t *testing.T) {
	next, broken := someState, errors.New("disk on fire")
	next.Incarnation++
	next.Members = nil
	for _, reached := range []bool{false, true} {
		s := openState(t, t.TempDir(), "n1", "prod")
		mustSave(t, s, someState)
		s.replace = func(path string, content []byte, mode fs.FileMode) error {
			if reached {
				_ = safefile.Replace(path, content, mode)
			}
			return broken
		}
		if err := s.Save(next); !errors.Is(err, broken) || !strings.Contains(err.Error(), s.Path()) {
			t.Errorf("save: %v: want the cause, and the file", err)
		}
		want := map[bool]Saved{false: someState, true: next}[reached]
		if saved := mustLoad(t, s); !reflect.DeepEqual(saved, want) {
			t.Errorf("loaded %+v: want %+v", saved, want)
		}
		s.replace = safefile.Replace
		mustSave(t, s, next)
		if saved := mustLoad(t, s); !reflect.DeepEqual(saved, next) {
			t.Errorf("after the disk recovered, loaded %+v: want %+v", saved, next)
		}
	}
}

func TestStateOfAProgramThatStoppedWhileSavingIsFoundByTheNext(t *testing.T) {
	dir := t.TempDir()
	s := openState(t, dir, "n1", "prod")
	mustSave(t, s, someState)
	s.replace = func(path string, content []byte, _ fs.FileMode) error {
		_ = os.WriteFile(filepath.Join(dir, ".n1.json.12345.tmp"), content[:len(content)/2], 0o600)
		panic(crashed{})
	}
	func() {
		defer func() {
			if r := recover(); r != (crashed{}) {
				t.Fatalf("the program did not stop where it was to: %v", r)
			}
		}()
		_ = s.Save(Saved{Incarnation: 1})
	}()
	_ = s.lock.Close() // as the end of the process does; nothing else is tidied up
	next := openState(t, dir, "n1", "prod")
	if saved := mustLoad(t, next); !reflect.DeepEqual(saved, someState) {
		t.Errorf("loaded %+v: want %+v", saved, someState)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 2 {
		t.Errorf("the folder holds %v: want the file and its lock only", entries)
	}
}

func FuzzDecodeState(f *testing.F) {
	b, _ := encode(someState)
	f.Add(b)
	f.Add([]byte(`{"format":1,"sha256":"","state":null}`))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		saved, err := decode(b)
		if err != nil && !reflect.DeepEqual(saved, Saved{}) {
			t.Fatalf("an error comes with the state %+v", saved)
		}
	})
}
