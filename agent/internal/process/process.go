// Package process runs programs for the agent: handlers of events, the command after a file was written.
//
// It decides for every child what it inherits, how long it may run, how much of its output is kept, and what happens to
// what it starts itself. Nothing is owned over the end of [Command.Run]. What programs leave behind falls to process 1: if
// that is this one, [ReapOrphans] takes it (orphans.go).
package process

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

const (
	outputKept = 4 << 10     // bytes of the output that are told
	pipeTime   = time.Second // for what a program leaves behind to let go of its pipes
)

// Command is a program to run and its bounds.
type Command struct {
	Args     []string      // the program, by its path, and its arguments; see [Shell]
	Dir      string        // where it runs; "": where the agent does
	Env      []string      // variables beside those of [Environment]
	Input    []byte        // what it can read; nil: nothing
	Patience time.Duration // how long it may run
	Leave    bool          // what it leaves running when it ends goes on; false: that is killed as well
}

// Shell returns the arguments of a [Command] that is a line for /bin/sh.
func Shell(line string) []string { return []string{"/bin/sh", "-c", line} }

// Ending says how a program ended.
type Ending int

// The endings of a program.
const (
	OK         Ending = iota // with code 0
	Failed                   // with another code, or by a signal
	TimedOut                 // killed since it ran for longer than its patience
	Cut                      // killed since the context ended
	NotStarted               // it could not be started
)

// Run runs the program until its end. Unless it ended [OK], the error says how it ended, with the beginning of what it
// wrote. It is killed, with all processes of its group, when its patience or ctx ends; a process that moved to a
// session of its own is not found.
func (c Command) Run(ctx context.Context) (Ending, error) {
	var output head
	cmd := exec.Command(c.Args[0], c.Args[1:]...)
	cmd.Dir = c.Dir
	cmd.Env = append(Environment(), c.Env...)
	if c.Input != nil {
		cmd.Stdin = bytes.NewReader(c.Input)
	}
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = pipeTime
	if err := own.start(cmd); err != nil {
		return NotStarted, err
	}
	ending, err := c.wait(ctx, cmd)
	if err != nil {
		err = fmt.Errorf("%w; output: %s", err, &output)
	}
	return ending, err
}

// wait returns when the program has ended, of itself or since it was killed.
func (c Command) wait(ctx context.Context, cmd *exec.Cmd) (Ending, error) {
	// The group is gone, or is the program's: a number is not given out again until all others have been.
	kill := func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	ended := make(chan error, 1)
	go func() { ended <- own.wait(cmd) }()
	timer := time.NewTimer(c.Patience)
	defer timer.Stop()
	select {
	case err := <-ended:
		if !c.Leave {
			kill() // what it left behind
		}
		if err == nil || cmd.ProcessState.Success() { // that another process held its output is no fault
			return OK, nil
		}
		return Failed, err
	case <-timer.C:
		kill()
		<-ended
		return TimedOut, fmt.Errorf("killed: it ran for longer than %s", c.Patience)
	case <-ctx.Done():
		kill()
		<-ended
		return Cut, fmt.Errorf("killed: %w", context.Cause(ctx))
	}
}

// Environment returns the variables that every child inherits: the agent's own without what is meant for the agent.
// Its secrets and settings (HEARTSAY_…), and the socket by which it tells systemd that it lives, are no other program's
// business.
func Environment() []string {
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "HEARTSAY_") && !strings.HasPrefix(v, "NOTIFY_SOCKET=") {
			env = append(env, v)
		}
	}
	return env
}
