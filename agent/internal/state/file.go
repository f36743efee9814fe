// Package state keeps what an agent must know after a restart: its incarnation, the members, the seeds.
//
// [Open] takes the lock of one agent's file until [File.Close]; the agent that has it open is its only writer. [File.Load] gives
// what was saved last or, of a file that cannot be believed, nothing and a note; it never deletes one. [File.Save]
// replaces the file wholly or not at all. [NextIncarnation] decides what the next life calls itself (incarnation.go).
package state

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"heartsay/agent/internal/safefile"
	"heartsay/membership"
)

// Saved is what an agent keeps over a restart.
type Saved struct {
	Name        string   `json:"name"`
	Cluster     string   `json:"cluster"`
	Incarnation uint64   `json:"incarnation"` // the one that was in use, see [NextIncarnation]
	Members     []Member `json:"members"`     // whom to look for after a restart of the whole cluster
	Seeds       []string `json:"seeds"`       // as [addr.Seed.String] writes them
}

// Member is a member that was known.
type Member struct {
	Name        string `json:"name"`
	Address     string `json:"address"` // ip:port
	Incarnation uint64 `json:"incarnation"`

	Heartbeat  uint64    `json:"heartbeat,omitempty"`   // 0: not known, as in files of older versions
	IntervalMS int64     `json:"interval_ms,omitempty"` // 0: not known
	Gone       time.Time `json:"gone,omitzero"`         // since when it has been dead; zero: it was not
}

// format is the version of the file. MaxSize is what the largest cluster needs, many times over.
const (
	format  = 1
	MaxSize = 64 << 20 // bytes
)

// File is the file in which one agent keeps a [Saved]. While it is open no other agent can open it. It is safe
// for concurrent use.
//
// A folder that others could change, or in which it cannot be written, now or later, ends nothing: [File.Load] tells what was saved as far as it can be
// read, and each [File.Save] tries the folder anew. What it is about to replace and nobody could read is set aside first.
type File struct {
	name, cluster, dir, path string

	mu     sync.Mutex     // protects the file and all below
	closed bool           // for ever
	lock   *safefile.Lock // nil: it could not be taken so far
	fault  error          // why
	aside  string         // as what kind the file is to be set aside before the next Save; "": it may be replaced

	read    func(path string, limit int64) ([]byte, error)            // [safefile.ReadTrusted], but in tests
	replace func(path string, content []byte, mode fs.FileMode) error // [safefile.Replace], but in tests
	rename  func(from, to string) error
}

// Open returns the state file of the agent called name in dir, for the cluster. It makes dir, for its owner
// only, when that is missing. It fails when another agent has the file open; what else is wrong with the folder is told
// by Load and Save. The caller must call Close.
func Open(dir, name, cluster string) (*File, error) {
	if err := membership.ValidateName(name); err != nil { // it becomes a part of the path
		return nil, fmt.Errorf("open state file: %w", err)
	}
	s := &File{
		name: name, cluster: cluster, dir: dir, path: filepath.Join(dir, name+".json"),
		read: safefile.ReadTrusted, replace: safefile.Replace, rename: os.Rename,
	}
	s.fault = s.open()
	if held := new(safefile.HeldError); errors.As(s.fault, &held) {
		return nil, s.fault
	}
	return s, nil
}

// open makes the folder if it is missing, and takes the lock.
func (s *File) open() error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return fmt.Errorf("make state folder: %w: give another one with --state-dir", err)
	}
	if err := safefile.CheckFolder(s.dir); err != nil {
		return fmt.Errorf("state folder: %w", err)
	}
	lock, err := safefile.LockFile(filepath.Join(s.dir, s.name+".lock"), 0)
	var held *safefile.HeldError
	switch {
	case errors.As(err, &held):
		return fmt.Errorf("%w: stop that agent, or give this one another --name or --state-dir", err)
	case err != nil:
		return fmt.Errorf("open lock file: %w: let the agent's user write in the state folder, or give another one with "+
			"--state-dir", err)
	}
	s.lock = lock
	safefile.RemoveLeftovers(s.path)
	return nil
}

// Path returns where the file is.
func (s *File) Path() string { return s.path }

// Close lets other agents open the file. It may be called again.
func (s *File) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return s.unlock()
}

// unlock ends the lock, if there is one.
func (s *File) unlock() error {
	if s.lock == nil {
		return nil
	}
	err := s.lock.Close()
	s.lock = nil
	return err
}

// Load returns what was saved last, or a zero Saved when nothing was. A file that is damaged, of another version or
// not this agent's is renamed, never deleted, and gives a zero Saved and a note that says so to people. An error says
// why the file cannot be read, renamed or written now; nothing has changed then, and saved is what could be read.
func (s *File) Load() (saved Saved, note string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return Saved{}, "", fmt.Errorf("read state file %s: %w", s.path, os.ErrClosed)
	}
	s.aside = ""
	if others := new(safefile.UntrustedError); errors.As(s.fault, &others) {
		s.aside = "unreadable"
		return Saved{}, "", s.fault
	}
	b, err := s.read(s.path, MaxSize)
	var large *safefile.TooLargeError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if s.fault != nil {
			s.aside = "unreadable" // if it appears when the folder does
		}
		return Saved{}, "", s.fault
	case errors.As(err, &large):
		return s.refuse("corrupt", large)
	case err != nil:
		s.aside = "unreadable"
		return Saved{}, "", s.and(fmt.Errorf("read state file: %w: move away what is in its place", err))
	}
	saved, err = decode(b)
	if err == nil && saved.Name != s.name {
		err = fmt.Errorf("it is of the agent %q", saved.Name)
	}
	if err != nil {
		return s.refuse("corrupt", err)
	}
	if saved.Cluster != s.cluster {
		return s.refuse("other-cluster", fmt.Errorf("it is of the cluster %q, and this agent is in %q", saved.Cluster,
			s.cluster))
	}
	return saved, "", s.fault
}

// and returns err behind the fault of s, if it has one, in one line.
func (s *File) and(err error) error {
	if s.fault == nil {
		return err
	}
	return fmt.Errorf("%w; %w", s.fault, err)
}

// refuse sets aside a file that cannot be used, and returns what Load does then.
func (s *File) refuse(kind string, why error) (Saved, string, error) {
	if s.lock == nil { // it is perhaps another's
		s.aside = kind
		return Saved{}, "", s.and(fmt.Errorf("state file %s cannot be used: %w", s.path, why))
	}
	aside, err := s.setAside(kind)
	if err != nil {
		s.aside = kind
		return Saved{}, "", fmt.Errorf("set the state file aside, because %w: %w", why, err)
	}
	note := "state file %s cannot be used: %s; it was set aside as %s and this start remembers nothing"
	return Saved{}, fmt.Sprintf(note, s.path, why, aside), nil
}

// setAside renames the file to the first free name of its kind, and returns that.
func (s *File) setAside(kind string) (aside string, err error) {
	const most = 99 // after which the last one is replaced
	for n := 1; n <= most; n++ {
		aside = fmt.Sprintf("%s.%s-%d", s.path, kind, n)
		if _, err := os.Lstat(aside); errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return aside, s.rename(s.path, aside)
}

// Save replaces the file by one that holds saved, whose Name and Cluster it fills in. When it fails the file still
// holds what it held before; only when the very last step fails, which makes the new file outlast a power cut, does
// it hold saved already. A folder that is gone is made anew.
func (s *File) Save(saved Saved) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return fmt.Errorf("save state file %s: %w", s.path, os.ErrClosed)
	}
	saved.Name, saved.Cluster = s.name, s.cluster
	b, err := encode(saved)
	if err == nil && len(b) > MaxSize {
		err = fmt.Errorf("it would have %d bytes: at most %d are allowed", len(b), MaxSize)
	}
	if err == nil {
		err = s.write(b)
	}
	if errors.Is(err, fs.ErrNotExist) {
		if _, gone := os.Stat(s.dir); errors.Is(gone, fs.ErrNotExist) {
			_ = s.unlock() // it is of a file that is gone as well
			err = s.write(b)
		}
	}
	if err != nil {
		return fmt.Errorf("save state file %s: %w", s.path, err)
	}
	return nil
}

// write replaces the file, after it has taken the lock and set aside what is still to be done of these.
func (s *File) write(content []byte) error {
	if s.lock == nil {
		if s.fault = s.open(); s.fault != nil {
			return s.fault
		}
	} else if err := safefile.CheckFolder(s.dir); err != nil {
		return err
	}
	if s.aside != "" {
		if _, err := s.setAside(s.aside); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("set aside what could not be used: %w", err)
		}
		s.aside = ""
	}
	return s.replace(s.path, content, 0o600)
}

// document is the content of the file: one JSON object, so that people can read it with the tools they have.
type document struct {
	Format int             `json:"format"`
	SHA256 string          `json:"sha256"` // of the bytes of State, in hex
	State  json.RawMessage `json:"state"`
}

func encode(saved Saved) ([]byte, error) {
	state, err := json.MarshalIndent(saved, "", " ")
	if err != nil {
		return nil, err
	}
	const layout = "{\"format\": %d, \"sha256\": %q, \"state\": %s}\n"
	return fmt.Appendf(nil, layout, format, sum(state), state), nil
}

func decode(b []byte) (Saved, error) {
	var sealed document
	if len(bytes.TrimSpace(b)) == 0 {
		return Saved{}, errors.New("it is empty")
	}
	if err := json.Unmarshal(b, &sealed); err != nil {
		return Saved{}, fmt.Errorf("it is no JSON as heartsay writes it: %w", err)
	}
	if sealed.Format != format {
		return Saved{}, fmt.Errorf("its format is %d: this version of heartsay reads %d", sealed.Format, format)
	}
	if sealed.SHA256 != sum(sealed.State) {
		return Saved{}, errors.New("its checksum does not match")
	}
	var saved Saved
	if err := json.Unmarshal(sealed.State, &saved); err != nil {
		return Saved{}, fmt.Errorf("its state is not as heartsay writes it: %w", err)
	}
	return saved, nil
}

func sum(state []byte) string {
	sum := sha256.Sum256(state)
	return hex.EncodeToString(sum[:])
}
