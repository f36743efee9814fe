package discovery

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"text/template"
	"time"

	"github.com/hashicorp/go-hclog"

	"heartsay/agent/internal/process"
	"heartsay/agent/internal/ratelimit"
	"heartsay/agent/internal/safefile"
)

const (
	fileRetry   = 5 * time.Second  // for which a write or a command that failed is left alone before it is tried again
	maxFile     = 64 << 20         // bytes of a file that is compared with what it should hold; a longer one is written
	commandTime = 30 * time.Second // for the command after a write; it is killed then, with all that it started
)

// File is a file that is kept at what a template makes of the members; a command is run after each write. One goroutine,
// that of Keep, owns it.
type File struct {
	path     string
	template *template.Template
	command  string // for sh -c; "": none
	replace  func(path string, content []byte) error

	content []byte      // of the file, as last read or written; nil: not known
	left    fs.FileInfo // of the file then; nil: there was none
	seq     uint64      // of the newest event in it
	owed    bool        // the command has not succeeded since the last write
	kept    bool        // it was said that the file is kept as it is
	fault   ratelimit.Lasting
	others  ratelimit.Lasting // who write to the file as well
}

// ErrNotRegular says that the path of a file to write names something that no program replaces: a folder, a device.
var ErrNotRegular = errors.New("it is not a regular file")

// OpenFile returns the file at path, for [File.Keep]. Text is the template, see [FileView] for what it sees; command, unless "", is
// run by sh -c after each write. The error says what is wrong with the template, or is [ErrNotRegular]. A path that cannot
// be written now may be mended meanwhile, as it may be later on: Keep tells of it.
func OpenFile(path, text, command string) (*File, error) {
	t, err := parseTemplate(text)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("write file %s: %w", path, ErrNotRegular)
	}
	f := &File{path: path, template: t, command: command, replace: replacePublic}
	f.read()
	return f, nil
}

// read reads what is in the file. One that is unreadable or missing is written.
func (f *File) read() {
	f.left, _ = os.Stat(f.path)
	f.content, _ = safefile.Read(f.path, maxFile)
}

// touched reports whether the file is not as this one left it: somebody else wrote or removed it, or it is another one, since a
// link on the way to it leads elsewhere now.
func (f *File) touched() bool {
	now, err := os.Stat(f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return f.left != nil
	case err != nil || f.left == nil:
		return err == nil
	}
	return !os.SameFile(now, f.left) || now.Size() != f.left.Size() || !now.ModTime().Equal(f.left.ModTime())
}

// Upkeep is what [File.Keep] needs: where to look, when to look, and whom to tell.
type Upkeep struct {
	Source Source
	News   <-chan struct{}     // holds a token when there is a newer snapshot
	Count  func(result string) // of a write: ok, failed; of the command after it: command_failed
	Log    hclog.Logger
}

// Keep writes the file at the start and whenever events changed what the template makes of the members, or somebody changed
// the file, until ctx ends.
// What fails is logged, and tried again after a while.
func (f *File) Keep(ctx context.Context, u Upkeep) {
	look := time.NewTimer(0)
	defer look.Stop()
	for news := u.News; ; {
		select {
		case <-news:
		case <-look.C:
			news = u.News
		case <-ctx.Done():
			return
		}
		s, err := u.Source.Snapshot()
		touched := f.touched()
		if err != nil || s.Seq == f.seq && f.seq > 0 && !f.owed && !touched {
			continue
		}
		if f.note(touched, u.Log); touched {
			news = nil // for a while, so that two who want it otherwise do not write it all the time
			look.Reset(fileRetry)
		}
		if err := f.update(ctx, s, u); err != nil {
			if f.fault.Fails(time.Now()) {
				u.Log.Error("file is not up to date, is tried again until it is", "file", f.path, "error", err)
			}
			f.seq = 0
			news = nil // until then
			look.Reset(fileRetry)
		} else if f.fault.Succeeds() {
			u.Log.Info("file is up to date again", "file", f.path)
		}
	}
}

// note reads a file that somebody else has touched, and says so unless that happens again and again.
func (f *File) note(touched bool, log hclog.Logger) {
	if !touched {
		f.others.Succeeds()
		return
	}
	if f.others.Fails(time.Now()) {
		log.Warn("file was changed by somebody else, is kept as the template makes it", "file", f.path)
	}
	f.read()
}

// update brings the file to what s shows.
func (f *File) update(ctx context.Context, s *Snapshot, u Upkeep) error {
	content, keep, err := f.render(s, u.Log)
	if err != nil {
		u.Count("failed")
		return err
	}
	if !keep && (f.content == nil || !bytes.Equal(content, f.content)) {
		if err := f.replace(f.path, content); err != nil {
			u.Count("failed")
			return fmt.Errorf("write file: %w", err)
		}
		u.Count("ok")
		u.Log.Info("file written", "file", f.path, "bytes", len(content), "event", s.Seq)
		f.content, f.owed = append([]byte{}, content...), f.command != ""
		f.left, _ = os.Stat(f.path)
	}
	if f.owed {
		if err := f.runCommand(ctx); err != nil {
			u.Count("command_failed")
			return err
		}
		f.owed = false
	}
	f.seq = s.Seq
	return nil
}

// runCommand runs the command after a write. What it leaves running goes on: it may start a server.
func (f *File) runCommand(ctx context.Context) error {
	c := process.Command{
		Args: process.Shell(f.command), Env: []string{"HEARTSAY_FILE=" + target(f.path)}, Patience: commandTime, Leave: true,
	}
	if _, err := c.Run(ctx); err != nil {
		return fmt.Errorf("command %q: %w", f.command, err)
	}
	return nil
}

// render returns what the file should hold, or that it is to be kept as it is: an agent that sees nobody must not empty
// a list by accident. A template may list anything; a list is empty when it is the same as with no members at all.
func (f *File) render(s *Snapshot, log hclog.Logger) (content []byte, keep bool, err error) {
	content, err = renderTemplate(f.template, s.Cluster, s.Self, s.Views)
	if err != nil || s.Isolated == "" {
		f.kept = false
		return content, false, err
	}
	empty, err := renderTemplate(f.template, s.Cluster, s.Self, nil)
	if err != nil || !bytes.Equal(content, empty) {
		return content, false, err
	}
	if !f.kept {
		f.kept = true
		log.Warn("file is kept as it is, since it would list nobody", "file", f.path, "reason", s.Isolated)
	}
	return nil, true, nil
}

// replacePublic replaces the file at path, see [safefile.Replace], unless others could change it or the way to it. The file
// keeps its permissions; a new one can be read by all. A link to it stays.
func replacePublic(path string, content []byte) error {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		if err := safefile.CheckFolder(filepath.Dir(path)); err != nil {
			return err
		}
		return safefile.Replace(path, content, 0o644)
	}
	if err := safefile.CheckFile(path); err != nil {
		return err
	}
	info, err := os.Stat(real)
	if err != nil {
		return err
	}
	return safefile.Replace(real, content, info.Mode().Perm())
}

// target returns where the links at path lead now.
func target(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return path
}
