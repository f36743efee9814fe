package safefile

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

func TestLockIsHeldByOneAtATime(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "lock")
	for name, get := range map[string]func(time.Duration) (*Lock, error){
		"file":   func(patience time.Duration) (*Lock, error) { return LockFile(path, patience) },
		"folder": func(patience time.Duration) (*Lock, error) { return LockFolder(dir, patience) },
	} {
		t.Run(name, func(t *testing.T) {
			first, err := get(0)
			if err != nil {
				t.Fatal(err)
			}
			var held *HeldError
			if _, err := get(0); !errors.As(err, &held) {
				t.Errorf("a second lock: %v: want that it is held", err)
			}
			if name == "file" && (held.Holder != os.Getpid() || !strings.Contains(held.Error(), strconv.Itoa(os.Getpid()))) {
				t.Errorf("the error is %q: want the process id of the holder", held)
			}
			got := make(chan error, 1)
			go func() {
				second, err := get(time.Minute)
				if err == nil {
					err = second.Close()
				}
				got <- err
			}()
			if err := first.Close(); err != nil {
				t.Fatal(err)
			}
			if err := <-got; err != nil {
				t.Errorf("who waited for the lock got %v", err)
			}
		})
	}
}

func TestLockOfAFileThatIsRemovedKeepsOthersOut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	var group sync.WaitGroup
	var inside, most atomic.Int32
	for range 8 {
		group.Go(func() {
			for range 50 {
				l, err := LockFile(path, time.Minute)
				if err != nil {
					t.Error(err)
					return
				}
				most.Store(max(most.Load(), inside.Add(1)))
				inside.Add(-1)
				if err := l.Remove(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if most.Load() != 1 {
		t.Errorf("%d held the lock at once", most.Load())
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file of the lock is left: %v", err)
	}
}

func TestLockFileDoesNotFollowALink(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "lock")
	if err := os.Symlink(filepath.Join(dir, "elsewhere"), path); err != nil {
		t.Fatal(err)
	}
	if _, err := LockFile(path, 0); !errors.Is(err, syscall.ELOOP) {
		t.Errorf("a link in place of the lock gives %v", err)
	}
	if err := os.Mkdir(filepath.Join(dir, "elsewhere"), 0o700); err != nil {
		t.Fatal(err)
	}
	if l, err := LockFolder(path, 0); err != nil {
		t.Errorf("a folder behind a link is not locked: %v", err)
	} else {
		l.Close()
	}
}

func TestLockFileTellsNoHolderThatIsNone(t *testing.T) {
	for content, want := range map[string]int{"": 0, "x": 0, "-3": 0, "12\n": 12, "99999999999999999999": 0} {
		path := filepath.Join(t.TempDir(), "lock")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if got := readHolder(f); got != want {
			t.Errorf("%q tells of process %d, want %d", content, got, want)
		}
	}
}
