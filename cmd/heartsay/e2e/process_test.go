package e2e

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"heartsay/api"
)

// process is a real agent in a process of its own.
type process struct {
	t      *testing.T
	name   string
	args   []string // how it was started, the command first
	cmd    *exec.Cmd
	client *api.Client
	log    *logBuffer
	ended  chan struct{} // closed when the process has ended; cmd.ProcessState tells how
}

// startProcess starts an agent. The prefix is what runs it, such as "ip netns exec NAME"; flags follow those that give
// it a name and a socket in dir. The agent is killed at the end of the test if it still runs.
func startProcess(t *testing.T, dir, name string, prefix []string, flags ...string) *process {
	t.Helper()
	url := "unix://" + filepath.Join(dir, name+".sock")
	client, err := api.New(url)
	if err != nil {
		t.Fatal(err)
	}
	args := append(append([]string{}, prefix...), "heartsay", "agent", "--name", name, "--api", url)
	p := &process{t: t, name: name, args: append(args, flags...), client: client}
	p.start()
	t.Cleanup(p.kill)
	return p
}

// start starts the process, again after it was killed.
func (p *process) start() {
	p.t.Helper()
	p.log = &logBuffer{}
	p.cmd = exec.Command(p.args[0], p.args[1:]...)
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	p.cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0") // or each takes a second longer to end
	if err := p.cmd.Start(); err != nil {
		p.t.Fatalf("start %s: %v", p.name, err)
	}
	p.ended = make(chan struct{})
	go func(cmd *exec.Cmd, ended chan struct{}) {
		_ = cmd.Wait()
		close(ended)
	}(p.cmd, p.ended)
	p.await(30*time.Second, "its API answers", func() bool {
		_, err := p.client.Self(context.Background())
		return err == nil
	})
}

// kill ends the process with SIGKILL, as far as it runs.
func (p *process) kill() { p.end(syscall.SIGKILL) }

func (p *process) end(s syscall.Signal) {
	if !p.hasEnded() {
		_ = p.cmd.Process.Signal(s)
	}
	<-p.ended
}

// hasEnded reports whether the process has ended.
func (p *process) hasEnded() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// exitCode returns the exit code of a process that has ended.
func (p *process) exitCode() int { return p.cmd.ProcessState.ExitCode() }

func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatalf("signal %s: %v", p.name, err)
	}
}

// await waits until ok, and fails the test when that takes longer than d. It looks 20 times a second: what it waits
// for happens in other processes.
func (p *process) await(d time.Duration, what string, ok func() bool) {
	p.t.Helper()
	for deadline := time.Now().Add(d); !ok(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.t.Fatalf("%s: after %s it is not so that %s\n%s", p.name, d, what, p.log)
		}
	}
}

// view returns what the agent sees of the others: "b=alive c=dead".
func (p *process) view() string {
	all, err := p.client.Members(context.Background())
	if err != nil {
		return err.Error()
	}
	var rows []string
	for _, m := range all.Members {
		if m.Name != p.name {
			rows = append(rows, m.Name+"="+string(m.State))
		}
	}
	return strings.Join(rows, " ")
}

// sees waits until the agent sees exactly that.
func (p *process) sees(d time.Duration, want string) {
	p.t.Helper()
	p.await(d, "it sees ["+want+"]", func() bool { return p.view() == want })
}

// runProcess runs a command to its end and returns its exit code and all that it wrote.
func runProcess(t *testing.T, args ...string) (code int, out string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	b, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("run %q: %v", args, err)
	}
	if exit != nil {
		code = exit.ExitCode()
	}
	return code, string(b)
}
