package agent

import (
	"reflect"
	"testing"
)

// crashed is what a step panics with, in place of the power that goes.
type crashed struct{}

// crashingFile stops the program after some bytes, or at a step.
type crashingFile struct {
	syncFile
	step  string
	bytes int // that reach the disk
}

func (f crashingFile) Write(b []byte) (int, error) {
	if f.step != "write" {
		return f.syncFile.Write(b)
	}
	_, _ = f.syncFile.Write(b[:min(f.bytes, len(b))])
	panic(crashed{})
}

func (f crashingFile) Sync() error {
	if f.step == "sync" {
		panic(crashed{})
	}
	return f.syncFile.Sync()
}

// crashingOps stops the program before one step of replacing a file, or within the write.
func crashingOps(step string, bytes int) fileOps {
	ops := osFileOps
	crash := func(at string) {
		if step == at {
			panic(crashed{})
		}
	}
	ops.remove = func(path string) error { crash("remove"); return osFileOps.remove(path) }
	ops.create = func(path string) (syncFile, error) {
		crash("create")
		f, err := osFileOps.create(path)
		return crashingFile{f, step, bytes}, err
	}
	ops.rename = func(from, to string) error { crash("rename"); return osFileOps.rename(from, to) }
	ops.syncDir = func(path string) error { crash("sync folder"); return osFileOps.syncDir(path) }
	return ops
}

// saveAndCrash saves with operations that stop the program, and opens the file again as the next start does.
func saveAndCrash(t *testing.T, dir string, ops fileOps, saved Saved) *StateFile {
	t.Helper()
	s, err := OpenStateFile(dir, "n1", "prod")
	if err != nil {
		t.Fatal(err)
	}
	s.ops = ops
	func() {
		defer func() {
			if r := recover(); r != (crashed{}) {
				t.Fatalf("the program did not stop where it was to: %v", r)
			}
		}()
		_ = s.Save(saved)
	}()
	_ = s.lock.Close() // as the end of the process does; nothing else is tidied up
	return openState(t, dir, "n1", "prod")
}

func TestStateIsOldOrNewWhereverTheProgramStops(t *testing.T) {
	next := someState
	next.Incarnation++
	size := len(sealed(t, next))
	for _, c := range []struct {
		step  string
		bytes int
		want  Saved
	}{
		{"remove", 0, someState}, {"create", 0, someState}, {"sync", 0, someState}, {"rename", 0, someState},
		{"sync folder", 0, next}, {"write", 0, someState}, {"write", 1, someState}, {"write", size / 2, someState},
		{"write", size - 1, someState}, {"write", size, someState},
	} {
		dir := t.TempDir()
		first := openState(t, dir, "n1", "prod")
		mustSave(t, first, someState)
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		s := saveAndCrash(t, dir, crashingOps(c.step, c.bytes), next)
		if saved := mustLoad(t, s); !reflect.DeepEqual(saved, c.want) {
			t.Errorf("stopped at %s after %d bytes: loaded %+v, want %+v", c.step, c.bytes, saved, c.want)
		}
		last := next
		last.Incarnation++
		mustSave(t, s, last) // what the crash left lying about must not be in the way
		if saved := mustLoad(t, s); !reflect.DeepEqual(saved, last) {
			t.Errorf("stopped at %s after %d bytes: the next save is not what is loaded: %+v", c.step, c.bytes, saved)
		}
	}
}
