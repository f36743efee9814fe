package e2e

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"heartsay/api"
	"heartsay/cmd/heartsay/internal/cli"
	"heartsay/cmd/heartsay/internal/clitest"
)

// startHeld starts an agent that is held at the first thing that it does: its configuration file is a pipe, to which
// the test writes. It returns when the agent has opened the pipe.
func startHeld(t *testing.T) (p *process, configuration func() *os.File) {
	t.Helper()
	dir := clitest.SocketDir(t)
	path := filepath.Join(dir, "h.toml")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	url := "unix://" + filepath.Join(dir, "a.sock")
	client, err := api.New(url)
	if err != nil {
		t.Fatal(err)
	}
	p = &process{t: t, name: "a", client: client, log: &logBuffer{}, ended: make(chan struct{})}
	p.cmd = exec.Command("heartsay", "agent", "--name", "a", "--api", url, "--bind", "127.0.0.1:0", "--config", path)
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(p.kill)
	open := func() (pipe *os.File) {
		t.Helper()
		p.await(20*time.Second, "it reads its configuration", func() bool {
			pipe, err = os.OpenFile(path, os.O_WRONLY|syscall.O_NONBLOCK, 0)
			return !errors.Is(err, syscall.ENXIO) || p.hasEnded()
		})
		if err != nil {
			t.Fatalf("the agent has ended, or its configuration cannot be written: %v\n%s", err, p.log)
		}
		return pipe
	}
	return p, open
}

func TestSIGHUPBeforeTheAgentRunsIsAReloadWhenItDoes(t *testing.T) {
	p, configuration := startHeld(t)
	first := configuration()
	p.signal(syscall.SIGHUP)
	if _, err := first.WriteString("tag = ['role=db']"); err != nil {
		t.Fatalf("SIGHUP at the start: %v", err)
	}
	first.Close()
	p.await(20*time.Second, "its API answers", func() bool {
		_, err := p.client.Self(context.Background())
		return err == nil || p.hasEnded()
	})
	second := configuration()
	if _, err := second.WriteString("tag = ['role=web']"); err != nil {
		t.Fatal(err)
	}
	second.Close()
	p.await(20*time.Second, "it was reloaded", func() bool { return p.self().Counters["reload_ok"] == 1 })
	if role := p.self().Tags["role"]; role != "web" {
		t.Errorf("after the reload the role is %q, want web", role)
	}
}

func TestSIGTERMBeforeTheAgentRunsEndsItWith0(t *testing.T) {
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		p, configuration := startHeld(t)
		defer configuration().Close()
		p.signal(s)
		p.await(20*time.Second, "it has ended", p.hasEnded)
		if code := p.exitCode(); code != cli.ExitOK {
			t.Errorf("after %s at the start it ends with %d, want 0", s, code)
		}
	}
}

func TestAgentWhoseOutputNobodyReadsGoesOn(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	read.Close()
	defer write.Close()
	dir := clitest.SocketDir(t)
	p := &process{t: t, name: "a", log: &logBuffer{}, ended: make(chan struct{})}
	if p.client, err = api.New("unix://" + filepath.Join(dir, "a.sock")); err != nil {
		t.Fatal(err)
	}
	p.cmd = exec.Command("heartsay", "agent", "--name", "a", "--api", "unix://"+dir+"/a.sock", "--bind", "127.0.0.1:0")
	p.cmd.Stdout, p.cmd.Stderr = write, write
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(p.kill)
	p.await(20*time.Second, "its API answers, or it has ended", func() bool {
		_, err := p.client.Self(context.Background())
		return err == nil || p.hasEnded()
	})
	p.signal(syscall.SIGTERM)
	p.await(20*time.Second, "it has ended", p.hasEnded)
	if code := p.exitCode(); code != cli.ExitOK {
		t.Errorf("an agent whose output nobody reads ends with %v, want 0 after SIGTERM", p.cmd.ProcessState)
	}
}
