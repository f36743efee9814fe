package discovery

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"
)

const namesTemplate = `{{range .Members.Present}}{{.Name}} {{end}}`

func TestFailedWriteIsCountedAndTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "file")
		f, err := OpenFile(path, namesTemplate, "")
		if err != nil {
			t.Fatal(err)
		}
		var tries []time.Duration
		var counts []string
		begin, written := time.Now(), make(chan struct{})
		f.replace = func(path string, content []byte) error {
			if tries = append(tries, time.Since(begin)); len(tries) < 3 {
				return errors.New("disk full")
			}
			defer close(written)
			return replacePublic(path, content)
		}
		news := make(chan struct{}, 1)
		news <- struct{}{} // is not taken for a reason to try again at once
		ctx, cancel := context.WithCancel(t.Context())
		count := func(result string) { counts = append(counts, result) }
		var lines strings.Builder
		go f.Keep(ctx, Upkeep{told{snapshot: shop()}, news, count, hclog.New(&hclog.LoggerOptions{Output: &lines})})
		<-written
		synctest.Wait()
		cancel()
		synctest.Wait()
		if want := []time.Duration{0, fileRetry, 2 * fileRetry}; !slices.Equal(tries, want) {
			t.Errorf("the file was written after %v, want %v", tries, want)
		}
		if want := []string{"failed", "failed", "ok"}; !slices.Equal(counts, want) {
			t.Errorf("the writes are counted as %v, want %v", counts, want)
		}
		if b, err := os.ReadFile(path); err != nil || string(b) != "Web.1 lb w2 " {
			t.Errorf("the file holds %q, %v", b, err)
		}
		log := lines.String()
		if strings.Count(log, "[ERROR]") != 1 || strings.Count(log, "up to date again") != 1 {
			t.Errorf("two failures in a row are logged as\n%s\nwant one error, and its end", log)
		}
	})
}

func TestCommandAfterAWriteGetsThePathAndNoSecret(t *testing.T) {
	t.Setenv("HEARTSAY_WEBHOOK", "dead=https://user:password@host/")
	t.Setenv("NOTIFY_SOCKET", "/run/notify")
	t.Setenv("OTHER", "kept")
	out := filepath.Join(t.TempDir(), "out")
	f := &File{path: "/x y", command: "env | grep -E 'HEARTSAY|NOTIFY|OTHER' | sort >" + out}
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

func TestCommandAfterAWriteLeavesWhatItStarted(t *testing.T) {
	dir := t.TempDir()
	f := &File{command: "cd " + dir + "; mkfifo go; (read line <go; echo $line >done) >/dev/null 2>&1 &"}
	if err := f.runCommand(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "go"), []byte("yes\n"), 0); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if b, _ := os.ReadFile(filepath.Join(dir, "done")); string(b) == "yes\n" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("what the command started has not written its file after 10s")
		}
	}
}

func TestFileThatIsNoneIsRefusedAtTheStart(t *testing.T) {
	for _, path := range []string{t.TempDir(), "/dev/null"} {
		if _, err := OpenFile(path, namesTemplate, ""); !errors.Is(err, ErrNotRegular) {
			t.Errorf("%s gives %v, want that it is no file to write", path, err)
		}
	}
}

func TestFileWhoseFolderComesLaterIsWrittenThen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "later", "file")
	f, err := OpenFile(path, namesTemplate, "")
	if err != nil {
		t.Fatalf("a folder that is missing at the start gives %v: later it would be tried again", err)
	}
	if err := f.replace(path, nil); err == nil {
		t.Fatal("there is no folder, and the file is written")
	}
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := f.replace(path, nil); err != nil {
		t.Errorf("the folder is there: %v", err)
	}
}

func TestFileBehindALinkIsReplacedAndTheLinkStays(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(dir, "link")
	if err := errors.Join(os.WriteFile(filepath.Join(dir, "real"), nil, 0o600), os.Symlink("real", link)); err != nil {
		t.Fatal(err)
	}
	f, err := OpenFile(link, namesTemplate, "")
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

func TestHostile20AFileIsNotWrittenThroughALinkOfOthersNorWhereTheyCouldReplaceIt(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root, to give files away")
	}
	const mallory = 1234
	dir, victim := t.TempDir(), filepath.Join(t.TempDir(), "victim")
	link, open := filepath.Join(dir, "link"), filepath.Join(dir, "open")
	err := errors.Join(os.WriteFile(victim, []byte("precious"), 0o600), os.Symlink(victim, link), os.Lchown(link, mallory, mallory),
		os.Mkdir(open, 0o700), os.Chmod(open, 0o777), os.Chmod(dir, 0o777|os.ModeSticky),
		os.WriteFile(filepath.Join(dir, "theirs"), nil, 0o600), os.Chown(filepath.Join(dir, "theirs"), mallory, mallory))
	if err != nil {
		t.Fatal(err)
	}
	for path, says := range map[string]string{
		link: "is a link that belongs to user 1234", filepath.Join(dir, "theirs"): "belongs to user 1234",
		filepath.Join(open, "file"): "open is writable by everybody",
	} {
		f, err := OpenFile(path, namesTemplate, "")
		if err == nil {
			err = f.replace(f.path, []byte("forged"))
		}
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v: want that it %s", path, err, says)
		}
	}
	if b, err := os.ReadFile(victim); err != nil || string(b) != "precious" {
		t.Errorf("what the link leads to holds %q, %v", b, err)
	}
}

func TestFileThatSomebodyElseChangedIsWrittenAgain(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "file"), filepath.Join(dir, "link")
	for what, change := range map[string]func() error{
		"removed":     func() error { return os.Remove(path) },
		"overwritten": func() error { return os.WriteFile(path, []byte("by hand"), 0o600) },
		"the link is moved": func() error {
			return errors.Join(os.Remove(link), os.Symlink("file2", link), os.WriteFile(path+"2", nil, 0o600))
		},
		"only touched": func() error { return os.Chtimes(path, time.Now(), time.Unix(1, 0)) },
	} {
		synctest.Test(t, func(t *testing.T) {
			_ = os.RemoveAll(link)
			if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Symlink("file", link)); err != nil {
				t.Fatal(err)
			}
			f, err := OpenFile(link, namesTemplate, "")
			if err != nil {
				t.Fatal(err)
			}
			news, writes := make(chan struct{}), 0
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			go f.Keep(ctx, Upkeep{told{snapshot: shop()}, news, func(string) { writes++ }, hclog.NewNullLogger()})
			synctest.Wait()
			if err := change(); err != nil {
				t.Fatal(err)
			}
			news <- struct{}{}
			synctest.Wait()
			if b, err := os.ReadFile(link); err != nil || string(b) != "Web.1 lb w2 " {
				t.Errorf("%s: the file holds %q, %v", what, b, err)
			}
			if want := map[bool]int{false: 2, true: 1}[what == "only touched"]; writes != want {
				t.Errorf("%s: the file was written %d times, want %d", what, writes, want)
			}
			cancel()
			synctest.Wait()
		})
	}
}
