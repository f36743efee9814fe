package agent

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
	"heartsay/agent/internal/safefile"
)

const (
	fileRetry   = 5 * time.Second  // for which a write or a command that failed is left alone before it is tried again
	commandTime = 30 * time.Second // for the command after a write; it is killed then, with all that it started
)

// fileWriter keeps a file at what a template makes of the view, and runs a command after each write.
type fileWriter struct {
	path     string
	template *template.Template
	command  string // for sh -c; "": none
	replace  func(path string, content []byte) error

	content []byte // of the file, as last read or written; nil: not known
	seq     uint64 // of the newest event in it
	owed    bool   // the command has not succeeded since the last write
	kept    bool   // it was said that the file is kept as it is
}

// openFileWriter returns the writer of the file at path. The error says what is wrong with the path.
func openFileWriter(path string, t *template.Template, command string) (*fileWriter, error) {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real // the link stays
	}
	info, err := os.Stat(path)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return nil, &ConfigError{fmt.Errorf("write file %s: it is not a regular file", path)}
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("write file: %w", err)
	}
	if info, err = os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("write file %s: there is no such folder", path)
	}
	f := &fileWriter{path: path, template: t, command: command, replace: replacePublic}
	f.content, _ = os.ReadFile(path) // unreadable or missing: it is written
	return f, nil
}

// keepFile writes the file at the start and whenever events changed what the template makes of the view, until the
// agent ends.
func (a *Agent) keepFile(f *fileWriter) {
	retry := time.NewTimer(0)
	defer retry.Stop()
	for {
		select {
		case <-a.SnapshotNews():
		case <-retry.C:
		case <-a.ending.Done():
			return
		}
		s, err := a.Snapshot()
		if err != nil || s.Ready != nil || s.Seq == f.seq && f.seq > 0 && !f.owed {
			continue
		}
		if err := a.updateFile(f, s); err != nil {
			a.log.Error("file is not up to date, will be tried again", "file", f.path, "error", err)
			f.seq = 0
			a.pause(fileRetry)
			retry.Reset(0)
		}
	}
}

// updateFile brings the file to what s shows.
func (a *Agent) updateFile(f *fileWriter, s *Snapshot) error {
	content, keep, err := f.render(a.cfg, s, a.log)
	if err != nil {
		a.metrics.writes.WithLabelValues("failed").Inc()
		return err
	}
	if !keep && (f.content == nil || !bytes.Equal(content, f.content)) {
		if err := f.replace(f.path, content); err != nil {
			a.metrics.writes.WithLabelValues("failed").Inc()
			return fmt.Errorf("write file: %w", err)
		}
		a.metrics.writes.WithLabelValues("ok").Inc()
		a.log.Info("file written", "file", f.path, "bytes", len(content), "event", s.Seq)
		f.content, f.owed = append([]byte{}, content...), f.command != ""
	}
	if f.owed {
		if err := f.runCommand(a.ending); err != nil {
			a.metrics.writes.WithLabelValues("command_failed").Inc()
			return err
		}
		f.owed = false
	}
	f.seq = s.Seq
	return nil
}

// runCommand runs the command after a write. What it leaves running goes on: it may start a server.
func (f *fileWriter) runCommand(ctx context.Context) error {
	c := process.Command{
		Args: process.Shell(f.command), Env: []string{"HEARTSAY_FILE=" + f.path}, Patience: commandTime, Leave: true,
	}
	if _, err := c.Run(ctx); err != nil {
		return fmt.Errorf("command %q: %w", f.command, err)
	}
	return nil
}

// render returns what the file should hold, or that it is to be kept as it is: an agent that sees nobody must not empty
// a list by accident. A template may list anything; a list is empty when it is the same as with no members at all.
func (f *fileWriter) render(cfg Config, s *Snapshot, log hclog.Logger) (content []byte, keep bool, err error) {
	content, err = renderTemplate(f.template, cfg.Cluster, cfg.Name, s.Views)
	if err != nil || s.Isolated == "" {
		f.kept = false
		return content, false, err
	}
	empty, err := renderTemplate(f.template, cfg.Cluster, cfg.Name, nil)
	if err != nil || !bytes.Equal(content, empty) {
		return content, false, err
	}
	if !f.kept {
		f.kept = true
		log.Warn("file is kept as it is, since it would list nobody", "file", f.path, "reason", s.Isolated)
	}
	return nil, true, nil
}

// pause waits for d or the end of the agent.
func (a *Agent) pause(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-a.ending.Done():
	}
}

// replacePublic replaces the file at path, see [safefile.Replace]. The file keeps its permissions; a new one can be read
// by all.
func replacePublic(path string, content []byte) error {
	mode := fs.FileMode(0o644)
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	return safefile.Replace(path, content, mode)
}
