package process

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// adopt makes this process the parent of what its children leave behind, as process 1 is.
func adopt(t *testing.T, on uintptr) {
	t.Helper()
	const childSubreaper = 36 // PR_SET_CHILD_SUBREAPER
	if _, _, errno := syscall.Syscall(syscall.SYS_PRCTL, childSubreaper, on, 0); errno != 0 {
		t.Skipf("this kernel gives orphans to process 1 alone: %v", errno)
	}
}

// countChildren returns how many children this process has, and how many of them have ended.
func countChildren(t *testing.T) (all, zombies int) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil || len(files) == 0 {
		t.Skip("needs /proc")
	}
	for _, path := range files {
		b, _ := os.ReadFile(path)
		_, rest, _ := strings.Cut(string(b), ") ") // behind the name
		if f := strings.Fields(rest); len(f) > 1 && f[1] == strconv.Itoa(os.Getpid()) {
			if all++; f[0] == "Z" {
				zombies++
			}
		}
	}
	return all, zombies
}

// awaitChildren waits until this process has so many children, so many of which have ended.
func awaitChildren(t *testing.T, wantAll, wantZombies int) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		all, zombies := countChildren(t)
		if all == wantAll && zombies == wantZombies {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("there are %d children, %d of which have ended: want %d and %d", all, zombies, wantAll, wantZombies)
		}
	}
}

func TestReapOrphansTakesWhatProgramsLeaveAndNothingElse(t *testing.T) {
	adopt(t, 1)
	defer adopt(t, 0)
	ctx, stop := context.WithCancel(t.Context())
	var reaper, programs sync.WaitGroup
	reaper.Go(func() { ReapOrphans(ctx) })
	for range 8 {
		programs.Go(func() {
			for range 15 {
				// Each leaves three, one of which has ended before, and itself ends with a code that must not get lost.
				c := Command{Args: Shell("setsid sleep 0 & setsid sleep 0.01 & setsid true & exit 3"), Patience: time.Minute}
				if ending, err := c.Run(ctx); ending != Failed || !strings.Contains(err.Error(), "exit status 3") {
					t.Errorf("a program that exits with 3 ends with %v, %v", ending, err)
				}
			}
			if ending, _ := (Command{Args: []string{"/nonexistent"}}).Run(ctx); ending != NotStarted {
				t.Errorf("a program that is not there ends with %v", ending)
			}
		})
	}
	programs.Wait()
	awaitChildren(t, 0, 0)
	stop()
	reaper.Wait()
}

func TestReapOthersLeavesAChildThatIsBeingStarted(t *testing.T) {
	adopt(t, 1)
	defer adopt(t, 0)
	c := children{pids: map[int]bool{}, changed: make(chan struct{}, 1)}
	if ending, err := (Command{Args: Shell("setsid true &"), Patience: time.Minute}).Run(t.Context()); err != nil {
		t.Fatalf("%v %v", ending, err)
	}
	awaitChildren(t, 1, 1)
	for _, known := range []func(pid int){
		func(int) { c.starting = 1 },
		func(pid int) { c.starting, c.pids[pid] = 0, true },
	} {
		known(endedChild())
		c.reapOthers()
		if _, zombies := countChildren(t); zombies != 1 {
			t.Fatal("a child that somebody waits for was taken")
		}
	}
	clear(c.pids)
	c.reapOthers()
	if _, zombies := countChildren(t); zombies != 0 || endedChild() != 0 {
		t.Error("a child that nobody waits for is left")
	}
}
