package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"heartsay/agent"
	"heartsay/api"
	"heartsay/cmd/heartsay/internal/render"
)

// Exit codes of the program. Scripts rely on them.
const (
	ExitOK           = 0
	ExitFailed       = 1
	ExitUsage        = 2 // the command line or a setting is wrong; nothing was done
	ExitUnreachable  = 3 // no agent answers
	exitNotPermitted = 4
	ExitNotFound     = 5
	ExitTimedOut     = 6
	ExitFalse        = 7 // the condition asked about does not hold

	// ExitConfig is for a Command.Misuse: the number that sysexits.h gives to a wrong configuration. It is none that the
	// Go runtime ends a program with, which is 2 after a panic, a fatal error, SIGQUIT or SIGABRT.
	ExitConfig = 78
)

// exitError is an error with an exit code of its own.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// WithCode returns err with an exit code of its own.
func WithCode(code int, err error) error { return &exitError{code, err} }

// UsageError returns an error for a command line that makes no sense.
func UsageError(format string, args ...any) error {
	return WithCode(ExitUsage, fmt.Errorf(format, args...))
}

// codeExits are the exit codes of the agent's refusals.
var codeExits = map[string]int{
	api.CodeBadRequest:   ExitUsage,
	api.CodeNotPermitted: exitNotPermitted,
	api.CodeNotFound:     ExitNotFound,
}

// ExitCode returns the exit code for what a command returned.
func ExitCode(err error) int {
	var own *exitError
	var config *agent.ConfigError
	var refusal *api.Error
	switch {
	case err == nil:
		return ExitOK
	case errors.As(err, &own):
		return own.code
	case errors.As(err, &config):
		return ExitUsage
	case errors.Is(err, api.ErrUnreachable):
		return ExitUnreachable
	case errors.Is(err, api.ErrNotPermitted):
		return exitNotPermitted
	case errors.As(err, &refusal) && codeExits[refusal.Code] != 0:
		return codeExits[refusal.Code]
	}
	return ExitFailed
}

// printError writes to w what failed in a command, called program in full, and where to read on after a mistake in the
// command line. Several mistakes get a line each. Every other error is one line, whatever it quotes of others.
func printError(w io.Writer, program string, err error) {
	if err == nil {
		return
	}
	mistake := ExitCode(err) == ExitUsage
	text := render.MaskKeys(err.Error())
	lines := []string{text}
	var refusal *api.Error
	if mistake && !errors.As(err, &refusal) {
		lines = strings.Split(text, "\n")
	}
	for _, line := range lines {
		fmt.Fprintf(w, "%s: %s\n", program, render.Escape(line))
	}
	if mistake {
		fmt.Fprintf(w, "Try: %s --help\n", program)
	}
}
