package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// script is a line for a shell, in a folder where it may leave files.
func script(t *testing.T, line string) (c Command, dir string) {
	t.Helper()
	dir = t.TempDir()
	return Command{Args: Shell(line), Dir: dir, Patience: time.Minute}, dir
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// awaitFile waits until a file has a line.
func awaitFile(t *testing.T, path string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		if b, _ := os.ReadFile(path); strings.HasSuffix(string(b), "\n") {
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("%s is not written", path)
			return
		}
	}
}

// runs reports whether the process whose number is in a file runs.
func runs(t *testing.T, path string) bool {
	t.Helper()
	pid, err := strconv.Atoi(strings.TrimSpace(read(t, path)))
	if err != nil {
		t.Fatal(err)
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	zombie := strings.Contains(string(stat), ") Z ") // nobody may be there to bury it
	return !zombie && err == nil && !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}

// gone waits until the process whose number is in a file runs no more.
func gone(t *testing.T, path string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); runs(t, path); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the process in %s still runs", path)
		}
	}
}

func TestCommandEndsWellOrTellsHow(t *testing.T) {
	for _, c := range []struct {
		line   string
		ending Ending
		says   string
	}{
		{"exit 0", OK, "<nil>"},
		{`printf 'no\033[2J such host\n' >&2; exit 3`, Failed, `exit status 3; output: "no\x1b[2J such host"`},
		{"kill -9 $$", Failed, `signal: killed; output: ""`},
	} {
		cmd, _ := script(t, c.line)
		if ending, err := cmd.Run(t.Context()); ending != c.ending || fmt.Sprint(err) != c.says {
			t.Errorf("%q ended %d, %v: want %d, %s", c.line, ending, err, c.ending, c.says)
		}
	}
	for _, path := range []string{"/no/such/program", "/etc/passwd", "/"} {
		if ending, err := (Command{Args: []string{path}, Patience: time.Minute}).Run(t.Context()); ending != NotStarted || err == nil {
			t.Errorf("%s ended %d, %v: want that it was not started", path, ending, err)
		}
	}
}

func TestCommandGetsItsInputItsFolderAndItsVariables(t *testing.T) {
	t.Setenv("HEARTSAY_WEBHOOK", "dead=https://user:password@host/")
	t.Setenv("HEARTSAY_KEY_FILE", "/secret")
	t.Setenv("NOTIFY_SOCKET", "/run/notify")
	t.Setenv("OTHER", "kept")
	c, dir := script(t, "cat >input; pwd >where; env | grep -E 'HEARTSAY|NOTIFY|OTHER' | sort >env")
	c.Env, c.Input = []string{"HEARTSAY_EVENT=dead"}, []byte("in")
	if ending, err := c.Run(t.Context()); ending != OK || err != nil {
		t.Fatal(ending, err)
	}
	where, _ := filepath.EvalSymlinks(dir)
	if in, pwd := read(t, dir+"/input"), read(t, dir+"/where"); in != "in" || pwd != where+"\n" {
		t.Errorf("it read %q in %q", in, pwd)
	}
	if got, want := read(t, dir+"/env"), "HEARTSAY_EVENT=dead\nOTHER=kept\n"; got != want {
		t.Errorf("its environment is\n%s\nwant\n%s", got, want)
	}
	if !slices.Contains(Environment(), "OTHER=kept") {
		t.Error("a child does not inherit what is not the agent's")
	}
}

func TestCommandNeedNotReadItsInput(t *testing.T) {
	c, _ := script(t, "exit 0")
	c.Input = make([]byte, 1<<20)
	if ending, err := c.Run(t.Context()); ending != OK || err != nil {
		t.Errorf("a program that ignores a megabyte of input ended %d, %v", ending, err)
	}
}

func TestCommandThatHangsIsKilledWithAllItStarted(t *testing.T) {
	c, dir := script(t, "sleep 1000 & echo $! >child; (sleep 1000 & echo $! >grandchild); echo $$ >self; echo working; sleep 1000")
	c.Patience, c.Leave = 300*time.Millisecond, true
	ending, err := c.Run(t.Context())
	if ending != TimedOut || !strings.Contains(fmt.Sprint(err), `ran for longer than 300ms; output: "working"`) {
		t.Errorf("a program that hangs ended %d, %v", ending, err)
	}
	for _, file := range []string{"self", "child", "grandchild"} {
		gone(t, filepath.Join(dir, file))
	}
}

func TestCommandIsKilledWithItsContext(t *testing.T) {
	c, dir := script(t, "echo $$ >self; sleep 1000")
	stopping := errors.New("stopping")
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		awaitFile(t, dir+"/self")
		cancel(stopping)
	}()
	if ending, err := c.Run(ctx); ending != Cut || !errors.Is(err, stopping) {
		t.Errorf("it ended %d, %v: want that it was cut", ending, err)
	}
	gone(t, dir+"/self")
}

func TestCommandLeavesNothingRunningUnlessItMay(t *testing.T) {
	for _, leave := range []bool{false, true} {
		c, dir := script(t, "sleep 1000 >/dev/null 2>&1 & echo $! >child")
		c.Leave = leave
		if ending, err := c.Run(t.Context()); ending != OK || err != nil {
			t.Errorf("a program that ended well ended %d, %v", ending, err)
		}
		if !leave {
			gone(t, dir+"/child")
			continue
		}
		if !runs(t, dir+"/child") {
			t.Error("what a program may leave running was killed")
		}
		pid, _ := strconv.Atoi(strings.TrimSpace(read(t, dir+"/child")))
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

func TestCommandThatLeavesItsOutputOpenEnds(t *testing.T) {
	c, dir := script(t, "sleep 1000 & echo $! >child")
	if ending, err := c.Run(t.Context()); ending != OK || err != nil {
		t.Errorf("it ended %d, %v", ending, err)
	}
	gone(t, dir+"/child")
}

func TestCommandThatPrintsWithoutEndCostsNoMemory(t *testing.T) {
	size := 1_000_000_000
	if testing.Short() {
		size = 50_000_000
	}
	c, _ := script(t, fmt.Sprintf("head -c %d /dev/zero; exit 1", size))
	before := heap()
	ending, err := c.Run(t.Context())
	if want := fmt.Sprintf("and %d bytes more", size-outputKept); ending != Failed || !strings.Contains(err.Error(), want) {
		t.Errorf("a program that prints %d bytes ended %d, %.100v: want it told %s", size, ending, err, want)
	}
	if after := heap(); after > before+1<<20 {
		t.Errorf("it cost %d bytes of memory", after-before)
	}
}

// heap returns how many bytes are in use.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
