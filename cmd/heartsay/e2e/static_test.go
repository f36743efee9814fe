package e2e

import (
	"bufio"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// buildForImages builds the program as "make build" does into a new folder that holds nothing else.
func buildForImages(t *testing.T) (dir string) {
	t.Helper()
	if _, err := exec.LookPath("make"); err != nil {
		t.Skip("needs make")
	}
	dir = t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	c := exec.Command("make", "-s", "build", "BIN="+filepath.Join(dir, "heartsay"))
	c.Dir = root
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("make build: %v\n%s", err, out)
	}
	return dir
}

// startsAndLeaves runs an agent until it says that it is ready, ends it, and wants it to end with 0. A nil end sends
// SIGTERM.
func startsAndLeaves(t *testing.T, c *exec.Cmd, end func() error) {
	t.Helper()
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	log := &logBuffer{}
	c.Stderr = log
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(time.Minute, func() { _ = c.Process.Kill() })
	defer late.Stop()
	if line, _ := bufio.NewReader(out).ReadString('\n'); !strings.HasPrefix(line, "ready: ") {
		_ = c.Process.Kill()
		_ = c.Wait()
		t.Fatalf("the agent says %q and logs\n%s", line, log)
	}
	if end == nil {
		end = func() error { return c.Process.Signal(syscall.SIGTERM) }
	}
	if err := end(); err != nil {
		t.Error(err)
	}
	_, _ = io.Copy(io.Discard, out)
	if err := c.Wait(); err != nil {
		t.Errorf("the agent ends with %v, and logs\n%s", err, log)
	}
}

func TestTheBuiltProgramNeedsNothingOfTheHost(t *testing.T) {
	dir := buildForImages(t)
	f, err := elf.Open(filepath.Join(dir, "heartsay"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			t.Error("the program asks for an interpreter, the dynamic linker")
		}
	}
	if libraries, err := f.ImportedLibraries(); err != nil || len(libraries) > 0 {
		t.Errorf("the program needs the libraries %q, %v", libraries, err)
	}

	if os.Geteuid() != 0 {
		t.Skip("to start the program where there is no other file needs root")
	}
	c := exec.Command("/heartsay", "agent", "--name", "a", "--bind", "127.0.0.1:0")
	c.SysProcAttr = &syscall.SysProcAttr{Chroot: dir}
	c.Dir = "/"
	startsAndLeaves(t, c, nil)
}

func TestTheBuiltProgramStartsInAnImageFromScratch(t *testing.T) {
	docker, err := exec.LookPath("docker")
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, exec.ErrNotFound) {
		t.Skip("needs docker")
	}
	if out, err := exec.Command(docker, "version").CombinedOutput(); err != nil {
		t.Skipf("needs a running docker: %v: %s", err, out)
	}
	dir := buildForImages(t)
	file := "FROM scratch\nCOPY heartsay /heartsay\nENTRYPOINT [\"/heartsay\"]\n"
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("heartsay-test-%d", os.Getpid())
	if out, err := exec.Command(docker, "build", "-q", "-t", name, dir).CombinedOutput(); err != nil {
		t.Fatalf("docker build: %v\n%s", err, out)
	}
	t.Cleanup(func() {
		_ = exec.Command(docker, "rm", "-f", name).Run()
		_ = exec.Command(docker, "rmi", "-f", name).Run()
	})
	c := exec.Command(docker, "run", "--rm", "--name", name, "--network", "none", name, "agent", "--name", "a", "--bind", "127.0.0.1:0")
	startsAndLeaves(t, c, func() error { return exec.Command(docker, "stop", "-t", "30", name).Run() })
}
