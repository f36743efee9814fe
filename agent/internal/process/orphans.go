package process

import (
	"context"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
)

// ReapOrphans takes from the system, until ctx ends, the processes that have ended, that this program did not start by
// [Command.Run], and whose parent it is nevertheless: process 1 becomes the parent of all that is left behind, and what
// nobody waits for stays in the table of processes as a zombie. It must run once at a time, and only in a program that
// starts children by Command.Run alone: it would take all others from the code that waits for them.
func ReapOrphans(ctx context.Context) {
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGCHLD)
	defer signal.Stop(ended)
	for {
		own.reapOthers()
		select {
		case <-ended:
		case <-own.changed:
		case <-ctx.Done():
			return
		}
	}
}

// own are the children that Command.Run started. There is one set, since a process has one table of children.
var own = children{pids: map[int]bool{}, changed: make(chan struct{}, 1)}

// children tells the children that somebody waits for from all others. A child is in pids until it has been waited for.
// While one is being started its number is not known yet, so nothing is taken then.
type children struct {
	mu       sync.Mutex // guards the two; held while others are taken, which does not wait
	starting int
	pids     map[int]bool
	changed  chan struct{} // has a value when there may be something to take that could not be taken before
}

// start starts cmd as one of the children.
func (c *children) start(cmd *exec.Cmd) error {
	c.mu.Lock()
	c.starting++
	c.mu.Unlock()
	err := cmd.Start()
	c.mu.Lock()
	c.starting--
	if err == nil {
		c.pids[cmd.Process.Pid] = true
	}
	c.mu.Unlock()
	c.tellChanged()
	return err
}

// wait waits for cmd, which start has started.
func (c *children) wait(cmd *exec.Cmd) error {
	err := cmd.Wait()
	c.mu.Lock()
	delete(c.pids, cmd.Process.Pid)
	c.mu.Unlock()
	c.tellChanged()
	return err
}

func (c *children) tellChanged() {
	select {
	case c.changed <- struct{}{}:
	default:
	}
}

// reapOthers takes all children that have ended and that are none of these, as far as none of these that has ended
// stands before them: that one is being waited for, and then changed is told.
func (c *children) reapOthers() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.starting == 0 {
		pid := endedChild()
		if pid == 0 || c.pids[pid] {
			return
		}
		if _, err := syscall.Wait4(pid, nil, syscall.WNOHANG, nil); err != nil {
			return
		}
	}
}
