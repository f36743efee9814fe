package agent

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"heartsay/api"
)

const webTemplate = `{{range .Members.Present.Tagged "role" "web"}}{{.Name}} {{.IP}}
{{end}}`

// follow makes an agent keep a file, whose content is old at first, and returns its path.
func (c *cluster) follow(name, old, command string) string {
	c.t.Helper()
	path := filepath.Join(c.t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(old), 0o640); err != nil {
		c.t.Fatal(err)
	}
	parsed, err := parseTemplate(webTemplate)
	if err != nil {
		c.t.Fatal(err)
	}
	f, err := openFileWriter(path, parsed, command)
	if err != nil {
		c.t.Fatal(err)
	}
	a := c.agents[name]
	a.running.Go(func() { a.keepFile(f) })
	return path
}

// holds waits until a file holds what it should.
func (c *cluster) holds(path, want string, d time.Duration) {
	c.t.Helper()
	for begin := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		b, err := os.ReadFile(path)
		if err == nil && string(b) == want {
			return
		}
		if time.Since(begin) > d {
			c.t.Fatalf("after %s the file holds %q, %v, not %q", d, b, err, want)
		}
	}
}

func TestTheFileFollowsTheClusterAndKeepsItsPermissions(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.start("lb", 1)
		c.web("a", 2, map[string]string{"role": "web"}, "10.0.0.1")
		c.sees("lb", 2*time.Second, "a=alive")
		path := c.follow("lb", "old", "")
		c.holds(path, "a 10.0.0.2\n", time.Second)
		c.web("b", 3, map[string]string{"role": "web"}, "10.0.0.1")
		c.sees("lb", 5*time.Second, "a=alive", "b=alive")
		c.holds(path, "a 10.0.0.2\nb 10.0.0.3\n", 200*time.Millisecond)
		time.Sleep(10 * time.Second)
		c.stop("b")
		c.sees("lb", 30*time.Second, "a=alive", "b=dead")
		c.holds(path, "a 10.0.0.2\n", 200*time.Millisecond)
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o640 {
			t.Errorf("the file has the permissions %v, %v, want those that it had", info.Mode(), err)
		}
		if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); len(left) > 0 {
			t.Errorf("temporary files are left: %v", left)
		}
	})
}

func TestTheFileIsKeptUntilTheAgentIsReady(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.start("lb", 1, "10.0.0.2")
		path := c.follow("lb", "a 10.0.0.2\n", "")
		time.Sleep(time.Minute)
		c.holds(path, "a 10.0.0.2\n", 0)
		c.web("a", 2, map[string]string{"role": "web"})
		c.web("b", 3, map[string]string{"role": "web"}, "10.0.0.2")
		c.holds(path, "a 10.0.0.2\nb 10.0.0.3\n", time.Minute)
	})
}

func TestTheFileIsNotEmptiedByAnAgentThatSeesNobody(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.start("lb", 1)
		c.web("a", 2, map[string]string{"role": "web"}, "10.0.0.1")
		c.sees("lb", 2*time.Second, "a=alive")
		path := c.follow("lb", "", "")
		c.holds(path, "a 10.0.0.2\n", time.Second)
		time.Sleep(10 * time.Second)
		c.net.split(at(1))
		c.sees("lb", 30*time.Second, "a=dead")
		time.Sleep(time.Minute)
		c.holds(path, "a 10.0.0.2\n", 0)
		c.net.split()
		c.sees("lb", time.Minute, "a=alive")
		if _, err := c.agents["a"].Leave(context.Background()); err != nil {
			t.Fatal(err)
		}
		c.holds(path, "", time.Second) // who says goodbye is gone for certain
	})
}

// Two members: the one that is left sees nobody else, and still has a list to tell.
func TestTheSurvivorOfTwoWritesTheOtherOut(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.web("a", 1, map[string]string{"role": "web"})
		c.web("b", 2, map[string]string{"role": "web"}, "10.0.0.1")
		c.sees("a", 2*time.Second, "b=alive")
		path := c.follow("a", "", "")
		c.holds(path, "a 10.0.0.1\nb 10.0.0.2\n", time.Second)
		time.Sleep(10 * time.Second)
		c.stop("b")
		c.sees("a", 30*time.Second, "b=dead")
		c.holds(path, "a 10.0.0.1\n", 200*time.Millisecond)
	})
}

func TestChangesAtOnceAreOneLook(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.web("a", 1, map[string]string{"role": "web"})
		path := c.follow("a", "", "")
		c.holds(path, "a 10.0.0.1\n", time.Second)
		a := c.agents["a"]
		for i := 2; i <= 11; i++ {
			a.ring.Append(api.Event{Type: "update"})
			time.Sleep(time.Millisecond)
		}
		before := a.Newest()
		time.Sleep(2 * lookSoon)
		if after := a.Newest(); after.Seq-before.Seq != 10 {
			t.Errorf("ten events in ten milliseconds are seen as %d to %d, want one look at all", before.Seq, after.Seq)
		}
	})
}

func TestAFailedWriteIsToldCountedAndTriedAgain(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.web("a", 1, map[string]string{"role": "web"})
		a := c.agents["a"]
		parsed, _ := parseTemplate(webTemplate)
		path := filepath.Join(t.TempDir(), "file")
		f, err := openFileWriter(path, parsed, "")
		if err != nil {
			t.Fatal(err)
		}
		tries, broken := 0, errors.New("disk full")
		f.replace = func(path string, content []byte) error {
			if tries++; tries < 3 {
				return broken
			}
			return replacePublic(path, content)
		}
		a.running.Go(func() { a.keepFile(f) })
		c.holds(path, "a 10.0.0.1\n", 3*fileRetry)
		if tries != 3 {
			t.Errorf("the file was written after %d tries, want 3", tries)
		}
	})
}

func TestTheCommandAfterAWriteGetsThePathAndNoSecret(t *testing.T) {
	t.Setenv("HEARTSAY_WEBHOOK", "dead=https://user:password@host/")
	t.Setenv("NOTIFY_SOCKET", "/run/notify")
	t.Setenv("OTHER", "kept")
	out := filepath.Join(t.TempDir(), "out")
	f := &fileWriter{path: "/x y", command: "env | grep -E 'HEARTSAY|NOTIFY|OTHER' | sort >" + out}
	if err := f.runCommand(t.Context()); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(out); err != nil || string(b) != "HEARTSAY_FILE=/x y\nOTHER=kept\n" {
		t.Errorf("the command sees %q, %v", b, err)
	}
	f.command = "echo no such pool >&2; exit 3"
	if err := f.runCommand(t.Context()); err == nil || !strings.Contains(err.Error(), `exit status 3; output: "no such pool"`) {
		t.Errorf("a failed command is told as %v", err)
	}
}

func TestWhatTheCommandAfterAWriteStartsGoesOn(t *testing.T) {
	dir := t.TempDir()
	f := &fileWriter{command: "cd " + dir + "; mkfifo go; (read line <go; echo $line >done) >/dev/null 2>&1 &"}
	if err := f.runCommand(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "go"), []byte("yes\n"), 0); err != nil {
		t.Fatal(err)
	}
	awaitThat(t, "what the command started writes its file", func() bool {
		b, _ := os.ReadFile(filepath.Join(dir, "done"))
		return string(b) == "yes\n"
	})
}

func TestAFileThatCannotBeWrittenIsRefusedAtTheStart(t *testing.T) {
	parsed, _ := parseTemplate(webTemplate)
	dir := t.TempDir()
	for _, path := range []string{dir, filepath.Join(dir, "no", "file"), "/dev/null"} {
		if _, err := openFileWriter(path, parsed, ""); err == nil {
			t.Errorf("%s is taken for a file to write", path)
		}
	}
}

func TestAFileBehindALinkIsReplacedAndTheLinkStays(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(dir, "link")
	if err := errors.Join(os.WriteFile(filepath.Join(dir, "real"), nil, 0o600), os.Symlink("real", link)); err != nil {
		t.Fatal(err)
	}
	parsed, _ := parseTemplate(webTemplate)
	f, err := openFileWriter(link, parsed, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := f.replace(f.path, []byte("new")); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(link)
	info, statErr := os.Lstat(link)
	if err != nil || statErr != nil || string(b) != "new" || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is %v and leads to %q, %v, %v", info, b, err, statErr)
	}
}
