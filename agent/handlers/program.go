package handlers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"heartsay/agent/internal/process"
	"heartsay/agent/internal/safefile"
	"heartsay/api"
)

// programs is the kind of handlers that are programs.
var programs = registered{
	Flag{
		Name:  "on-event",
		Usage: "run a program for each event of these types: `TYPES=/PATH ARG...`, as in dead,left=/usr/bin/page; repeatable",
		add: func(c *Config, value string) error {
			p, err := ParseProgram(value)
			if err == nil {
				c.Programs = append(c.Programs, p)
			}
			return err
		},
	},
	func(c Config) (all []handler) {
		for _, p := range c.Programs {
			all = append(all, p)
		}
		return all
	},
}

// Program is a handler: a program that is run for each event of some types: without a shell, with the event as JSON on its
// standard input and in its environment. See docs/events.md for what it is given and promised.
type Program struct {
	Types   []api.EventType
	Command []string // the program's absolute path and its arguments
}

// ParseProgram returns the handler that s writes: "dead,left=/path/to/program argument 'one argument'". The types may be
// "*", all but reset. Words are separated by spaces; quotes of either kind hold one together; nothing is expanded.
func ParseProgram(s string) (Program, error) {
	types, rest, err := splitTypes(s, "/path/to/program")
	if err != nil {
		return Program{}, fmt.Errorf("handler %q: %w", s, err)
	}
	words, err := splitWords(rest)
	if err != nil {
		return Program{}, fmt.Errorf("handler %q: %w", s, err)
	}
	h := Program{Types: types, Command: words}
	return h, h.validate()
}

// String returns the handler as [ParseProgram] reads it.
func (h Program) String() string {
	words := make([]string, len(h.Command))
	for i, w := range h.Command {
		words[i] = quoteWord(w)
	}
	return typeList(h.Types) + "=" + strings.Join(words, " ")
}

// validate returns what is wrong with h, or nil. It looks whether the program is there, and whether others could change it.
func (h Program) validate() error {
	if err := validateTypes(h.Types); err != nil {
		return fmt.Errorf("handler %q: %w", h, err)
	}
	if len(h.Command) == 0 {
		return fmt.Errorf("handler %q: no program is named: write %s=/path/to/program", h, typeList(h.Types))
	}
	path := h.Command[0]
	if !filepath.IsAbs(path) {
		return fmt.Errorf("handler %q: program %q is not an absolute path: write where it is", h, path)
	}
	if _, err := exec.LookPath(path); err != nil {
		if e := new(exec.Error); errors.As(err, &e) {
			err = e.Err
		}
		return fmt.Errorf("handler %q: program %s cannot be run: %w", h, path, safefile.Cause(err))
	}
	if err := safefile.CheckFile(path); err != nil {
		return fmt.Errorf("handler %q: program %s cannot be trusted: %w", h, path, err)
	}
	return nil
}

// Outcomes of a program, beside those of all kinds.
const (
	outcomeFailed     = "failed"      // it ended with another code than 0, or by a signal
	outcomeTimedOut   = "timed_out"   // it was killed since its time was up
	outcomeNotStarted = "not_started" // it could not be started
)

// program does what a handler that is a program is there for.
type program struct {
	Program
	patience time.Duration // for one run
	context  []string      // environment variables that are the same for all events
}

func (h Program) wants() []api.EventType { return h.Types }

func (h Program) open(c Config, of Agent) (Kind, any, error) {
	variables := []string{"HEARTSAY_CLUSTER=" + of.Cluster, "HEARTSAY_AGENT=" + of.Name}
	if of.API != "" {
		variables = append(variables, "HEARTSAY_API="+of.API)
	}
	return &program{Program: h, patience: c.Timeout, context: variables}, c.Timeout, nil
}

// Name returns "program".
func (p *program) Name() string { return "program" }

// Outcomes returns how running a program may go.
func (p *program) Outcomes() []string {
	return []string{outcomeOK, outcomeFailed, outcomeTimedOut, outcomeNotStarted, outcomeCut}
}

// Do runs the program for one event. In the end nothing of its process group runs any more.
func (p *program) Do(ctx context.Context, j Job, _ func(int, error)) (outcome string, err error) {
	if err := safefile.CheckFile(p.Command[0]); err != nil { // which may have changed since the start
		return outcomeNotStarted, fmt.Errorf("program cannot be trusted: %w", err)
	}
	input, err := json.Marshal(j.Event)
	if err != nil {
		return outcomeNotStarted, fmt.Errorf("encode event: %w", err)
	}
	c := process.Command{
		Args: p.Command, Dir: "/", Env: append(slices.Clone(p.context), variables(j.Event)...), Input: append(input, '\n'),
		Patience: p.patience,
	}
	ending, err := c.Run(ctx)
	return outcomes[ending], err
}

// outcomes are the names under which the endings of programs are counted.
var outcomes = map[process.Ending]string{
	process.OK: outcomeOK, process.Failed: outcomeFailed, process.TimedOut: outcomeTimedOut, process.Cut: outcomeCut,
	process.NotStarted: outcomeNotStarted,
}

// variables returns the environment variables that tell an event.
func variables(e api.Event) []string {
	m := e.Member
	env := []string{
		"HEARTSAY_EVENT=" + string(e.Type),
		"HEARTSAY_EVENT_EPOCH=" + e.Epoch,
		"HEARTSAY_EVENT_SEQ=" + strconv.FormatUint(e.Seq, 10),
		"HEARTSAY_EVENT_TIME=" + e.Time.Format(time.RFC3339Nano),
		"HEARTSAY_EVENT_REASON=" + e.Reason,
		"HEARTSAY_MEMBER=" + m.Name,
		"HEARTSAY_MEMBER_ADDRESS=" + m.Address,
		"HEARTSAY_MEMBER_STATE=" + string(m.State),
		"HEARTSAY_MEMBER_ZONE=" + m.Zone,
		"HEARTSAY_MEMBER_INCARNATION=" + strconv.FormatUint(m.Incarnation, 10),
	}
	for key, value := range m.Tags {
		env = append(env, "HEARTSAY_TAG_"+variableName(key)+"="+value)
	}
	for i, v := range env {
		env[i] = strings.ReplaceAll(v, "\x00", "") // no variable can hold it
	}
	return env
}

// variableName returns key as part of a variable's name: letters in upper case, digits, and _ for all else.
func variableName(key string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		}
		return '_'
	}, key)
}
