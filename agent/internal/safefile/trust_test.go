package safefile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// mallory and mate are users, and groups, that are neither root nor the user of the test.
const mallory, mate = 1234, 1235

// place makes what is at a path belong to a user and a group, with a mode.
func place(t *testing.T, path string, user, group int, mode fs.FileMode) {
	t.Helper()
	if err := errors.Join(os.Lchown(path, user, group), os.Chmod(path, mode)); err != nil {
		t.Fatal(err)
	}
}

func planted(t *testing.T, path string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func needsRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root, to give files away")
	}
}

func TestHostile20AFileThatOthersCouldChangeIsNotTaken(t *testing.T) {
	needsRoot(t)
	path := planted(t, filepath.Join(t.TempDir(), "f"))
	for _, c := range []struct {
		owner, group, user int
		mode               fs.FileMode
		says               string // "": it is taken
	}{
		{0, 0, 0, 0o644, ""},
		{0, 0, mallory, 0o644, ""},
		{mallory, mallory, mallory, 0o600, ""},
		{mallory, mallory, mallory, 0o664, ""}, // its own group: umask 002
		{0, 0, mallory, 0o664, ""},             // root's group
		{0, mate, mallory, 0o664, "group 1235"},
		{mallory, 100, mallory, 0o664, "chmod g-w"},
		{mallory, mallory, mallory, 0o646, "chmod o-w"},
		{0, 0, 0, 0o666, "everybody (mode 0666)"},
		{mallory, mallory, 0, 0o600, "belongs to user 1234"},
		{mallory, mallory, mate, 0o600, "this is user 1235"},
	} {
		place(t, path, c.owner, c.group, c.mode)
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		err = checkFile(path, info, c.user)
		if c.says == "" && err != nil {
			t.Errorf("a file of %d:%d, mode %04o, for user %d: %v: want it taken", c.owner, c.group, c.mode, c.user, err)
		}
		if c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), path)) {
			t.Errorf("a file of %d:%d, mode %04o, for user %d: %v: want %q and the path", c.owner, c.group, c.mode, c.user, err, c.says)
		}
	}
}

func TestHostile20TheWayToAFileIsLookedAtToo(t *testing.T) {
	needsRoot(t)
	for _, c := range []struct {
		way   string
		plant func(dir string) (path string)
		says  string // "": it is taken
	}{
		{"a folder of root's", func(dir string) string { return planted(t, dir+"/f") }, ""},
		{"a folder that groups write", func(dir string) string { place(t, dir, 0, mate, 0o775); return planted(t, dir+"/f") }, ""},
		{"a folder of another", func(dir string) string { place(t, dir, mallory, 0, 0o755); return planted(t, dir+"/f") },
			"belongs to user 1234"},
		{"a folder that all write", func(dir string) string { place(t, dir, 0, 0, 0o777); return planted(t, dir+"/f") },
			"writable by everybody"},
		{"a folder above that all write", func(dir string) string {
			if err := os.Mkdir(dir+"/in", 0o755); err != nil {
				t.Fatal(err)
			}
			place(t, dir, 0, 0, 0o777)
			return planted(t, dir+"/in/f")
		}, "writable by everybody"},
		{"a sticky folder", func(dir string) string { place(t, dir, 0, 0, 0o777|fs.ModeSticky); return planted(t, dir+"/f") }, ""},
		{"a file planted in a sticky folder", func(dir string) string {
			place(t, dir, 0, 0, 0o777|fs.ModeSticky)
			place(t, planted(t, dir+"/f"), mallory, mallory, 0o644)
			return dir + "/f"
		}, "belongs to user 1234"},
		{"a link planted in a sticky folder", func(dir string) string {
			link(t, planted(t, t.TempDir()+"/f"), dir+"/f", mallory)
			place(t, dir, 0, 0, 0o777|fs.ModeSticky)
			return dir + "/f"
		}, "is a link that belongs to user 1234"},
		{"a link to a folder, planted", func(dir string) string {
			target := t.TempDir()
			planted(t, target+"/f")
			link(t, target, dir+"/d", mallory)
			place(t, dir, 0, 0, 0o777|fs.ModeSticky)
			return dir + "/d/f"
		}, "is a link that belongs to user 1234"},
		{"links of root's, as a mounted ConfigMap has", func(dir string) string {
			if err := os.Mkdir(dir+"/..1", 0o755); err != nil {
				t.Fatal(err)
			}
			planted(t, dir+"/..1/f")
			link(t, "..1", dir+"/..data", 0)
			link(t, "..data/f", dir+"/f", 0)
			return dir + "/f"
		}, ""},
		{"a link of root's into a folder of another", func(dir string) string {
			target := t.TempDir()
			planted(t, target+"/f")
			place(t, target, mallory, 0, 0o755)
			link(t, target+"/f", dir+"/f", 0)
			return dir + "/f"
		}, "belongs to user 1234"},
		{"a loop", func(dir string) string { link(t, "f", dir+"/f", 0); return dir + "/f" }, "too many levels"},
	} {
		t.Run(c.way, func(t *testing.T) {
			path := c.plant(t.TempDir())
			f, openErr := Open(path)
			if openErr == nil {
				if b, err := io.ReadAll(f); err != nil || string(b) != "content" {
					t.Errorf("it holds %q, %v", b, err)
				}
				f.Close()
			}
			for how, err := range map[string]error{"opened": openErr, "checked": CheckFile(path)} {
				var trust *UntrustedError
				switch {
				case c.says == "" && err != nil:
					t.Errorf("%s: %v: want it taken", how, err)
				case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)):
					t.Errorf("%s: %v: want that it %s", how, err, c.says)
				case c.says != "" && c.way != "a loop" && !errors.As(err, &trust):
					t.Errorf("%s: %v is no UntrustedError", how, err)
				}
			}
		})
	}
}

func link(t *testing.T, target, path string, owner int) {
	t.Helper()
	if err := errors.Join(os.Symlink(target, path), os.Lchown(path, owner, owner)); err != nil {
		t.Fatal(err)
	}
}

func TestOpenTakesPipesOfTheProcess(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	f, err := Open(fmt.Sprintf("/dev/fd/%d", r.Fd())) // as a shell writes <(command)
	if err != nil {
		t.Errorf("what the program has open is not taken: %v", err)
	} else {
		f.Close()
	}
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := CheckFile(path); err != nil {
		t.Errorf("a pipe of one's own: %v", err)
	}
	if err := CheckFile(path + "x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}

func TestCheckFolderTellsWhatIsInItAndAbove(t *testing.T) {
	dir := t.TempDir()
	if err := CheckFolder(dir); err != nil {
		t.Error(err)
	}
	if err := CheckFolder(planted(t, dir+"/f")); !errors.Is(err, syscall.ENOTDIR) {
		t.Errorf("a file in place of a folder: %v", err)
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	var trust *UntrustedError
	if err := CheckFolder(dir); !errors.As(err, &trust) {
		t.Errorf("a folder that everybody can write: %v", err)
	}
}

func TestReadTrustedTakesNoLinkAndNoFileOfOthers(t *testing.T) {
	dir := t.TempDir()
	path := planted(t, dir+"/f")
	if b, err := ReadTrusted(path, 7); err != nil || string(b) != "content" {
		t.Errorf("%q, %v: want the content", b, err)
	}
	var large *TooLargeError
	if _, err := ReadTrusted(path, 6); !errors.As(err, &large) {
		t.Errorf("a file that is too large: %v", err)
	}
	if err := errors.Join(os.Symlink("f", dir+"/link"), syscall.Mkfifo(dir+"/pipe", 0o600)); err != nil {
		t.Fatal(err)
	}
	for name, says := range map[string]string{"link": "it is a link", "pipe": "not a regular file", "none": "no such file"} {
		if _, err := ReadTrusted(filepath.Join(dir, name), 7); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v: want that it says %q", name, err, says)
		}
	}
	if err := os.Chmod(path, 0o602); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadTrusted(path, 7); err == nil || !strings.Contains(err.Error(), path+": it can be written by everybody") {
		t.Errorf("a file that all may write: %v", err)
	}
}
