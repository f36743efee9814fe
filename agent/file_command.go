package agent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// commandTime is how long the command after a write may run. It is killed then, with all that it started.
const commandTime = 30 * time.Second

// commandWords is how much of what a command writes is told when it fails, in bytes.
const commandWords = 1024

// runCommand runs a command by sh -c. The error says how it failed, with the end of what it wrote.
func runCommand(ctx context.Context, command string, env ...string) error {
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	var words tail
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", command)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = &words, &words
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second // for children that hold on to the output
	err := cmd.Run()
	switch {
	case err == nil, errors.Is(err, exec.ErrWaitDelay): // it ended well and left something running
		return nil
	case ctx.Err() == context.DeadlineExceeded:
		return fmt.Errorf("command %q was killed after %s: %s", command, commandTime, words)
	}
	return fmt.Errorf("command %q: %w: %s", command, err, words)
}

// tail keeps the last bytes that are written to it.
type tail []byte

func (t *tail) Write(b []byte) (int, error) {
	*t = append(*t, b[max(0, len(b)-commandWords):]...)
	*t = (*t)[max(0, len(*t)-commandWords):]
	return len(b), nil
}

func (t tail) String() string {
	s := strings.TrimSpace(string(t))
	if s == "" {
		return "it wrote nothing"
	}
	return s
}
