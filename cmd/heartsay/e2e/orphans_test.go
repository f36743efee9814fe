package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"heartsay/cmd/heartsay/internal/clitest"
)

// childrenOf returns the states of the children of a process by their process ids: "Z" is a zombie.
func childrenOf(t *testing.T, parent int) map[int]string {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	states := map[int]string{}
	for _, path := range files {
		b, _ := os.ReadFile(path)
		_, rest, _ := strings.Cut(string(b), ") ") // behind the name
		if f := strings.Fields(rest); len(f) > 1 && f[1] == strconv.Itoa(parent) {
			if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path))); err == nil {
				states[pid] = f[0]
			}
		}
	}
	return states
}

func TestAgentThatIsProcess1LeavesNoZombies(t *testing.T) {
	if _, err := exec.LookPath("unshare"); err != nil || os.Geteuid() != 0 {
		t.Skip("needs root and unshare")
	}
	dir := clitest.SocketDir(t)
	ran := filepath.Join(dir, "ran")
	program := filepath.Join(dir, "program")
	text := "#!/bin/sh\nfor i in 1 2 3; do setsid sleep 0.1 & done\necho $HEARTSAY_MEMBER >> " + ran + "\n"
	if err := os.WriteFile(program, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	a := startProcess(t, dir, "a", []string{"unshare", "--fork", "--pid", "--mount-proc", "--kill-child"}, "--bind", "127.0.0.1:0",
		"--profile", "local", "--on-event", "join="+program)
	seed := a.self().Address
	const joins = 8
	for i := range joins {
		startProcess(t, dir, "b"+strconv.Itoa(i), nil, "--bind", "127.0.0.1:0", "--profile", "local", "--join", seed)
	}
	a.await(30*time.Second, "its handler has run for each join and its own", func() bool {
		b, _ := os.ReadFile(ran)
		return strings.Count(string(b), "\n") == joins+1
	})
	var agent int
	for pid := range childrenOf(t, a.cmd.Process.Pid) {
		agent = pid
	}
	var left map[int]string
	a.await(20*time.Second, "nothing is left of what its handlers started", func() bool {
		left = childrenOf(t, agent)
		return agent != 0 && len(left) == 0 || a.hasEnded()
	})
	if a.hasEnded() {
		t.Errorf("the agent has ended:\n%s", a.log)
	}
	if strings.Contains(a.log.String(), "no child processes") {
		t.Errorf("a handler was taken from who waits for it:\n%s", a.log)
	}
}
