package api

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"syscall"
)

// Failures that callers tell apart with [errors.Is]. Every other refusal of the agent is an [*Error].
var (
	// ErrUnreachable says that no agent answers at the socket, or no longer does. Whether a request that broke
	// half-way changed anything cannot be known.
	ErrUnreachable = errors.New("no agent answers")
	// ErrNotPermitted says that the caller may not use the socket, or not for this.
	ErrNotPermitted = errors.New("not permitted")
)

// Error is the body of every answer that is not 2xx: the agent declines or fails. Client returns it as an error.
type Error struct {
	Code    string `json:"code"`    // for programs, one of the constants below
	Message string `json:"message"` // for people
}

// Codes of [Error].
const (
	CodeBadRequest   = "bad_request"   // 400: the request is wrong; nothing changed
	CodeNotPermitted = "not_permitted" // 403: the caller may not do this
	CodeNotFound     = "not_found"     // 404: no such member or route
	CodeRefused      = "refused"       // 409: the agent declines, Message says why; nothing changed
	CodeUnavailable  = "unavailable"   // 503: the agent is leaving or not ready
	CodeInternal     = "internal"      // 500: the agent broke
	CodeTooSlow      = "too_slow"      // at the end of a stream only: its reader took nothing for too long
)

// Error returns the message for people.
func (e *Error) Error() string { return e.Message }

// Is makes errors.Is find [ErrNotPermitted] in an error with [CodeNotPermitted].
func (e *Error) Is(target error) bool {
	return target == ErrNotPermitted && e.Code == CodeNotPermitted
}

// errNoAnswer is why a request is given up that the agent took and did not answer.
var errNoAnswer = errors.New("it took the request and gave no answer in time; it may be stopped or starved")

// errSilent is why a stream of events is given up.
var errSilent = errors.New("it gave no sign of life for 30s; it may be stopped or starved")

// BadRequest returns the error of a request that makes no sense; what is wrong with it, and what would be right, is
// formatted as by [fmt.Sprintf].
func BadRequest(format string, args ...any) *Error {
	return &Error{Code: CodeBadRequest, Message: fmt.Sprintf(format, args...)}
}

// failure returns what err of a request to the agent at path means for the caller. When the context ended by itself,
// that is its cause.
func failure(ctx context.Context, path string, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		if !errors.Is(cause, errNoAnswer) && !errors.Is(cause, errSilent) {
			return cause
		}
		err = cause
	}
	var wait interface{ Timeout() bool }
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w to use the socket %s: run this as the user who runs the agent, or as root",
			ErrNotPermitted, path)
	case errors.Is(err, fs.ErrNotExist):
		return unreachable(path, "there is no such socket")
	case errors.Is(err, syscall.ECONNREFUSED) && noSocket(path):
		return fmt.Errorf("%w at %s: it is no socket: name that of the agent", ErrUnreachable, path)
	case errors.Is(err, syscall.ECONNREFUSED):
		return unreachable(path, "nobody listens there any more")
	case errors.Is(err, errNoAnswer):
		return fmt.Errorf("%w at %s: %w", ErrUnreachable, path, err)
	case errors.As(err, &wait) && wait.Timeout():
		return fmt.Errorf("%w at %s: %w", ErrUnreachable, path, errNoAnswer)
	}
	return fmt.Errorf("%w at %s: %w", ErrUnreachable, path, err)
}

// noSocket reports whether there is something else than a socket at path.
func noSocket(path string) bool {
	at, err := os.Stat(path)
	return err == nil && at.Mode().Type() != fs.ModeSocket
}

// unreachable returns an [ErrUnreachable] that says what is wrong at path and what to do.
func unreachable(path, why string) error {
	if !strings.HasPrefix(path, "/") {
		return fmt.Errorf("%w at %s: %s; start one with: heartsay agent --api-tcp %s --token-file FILE", ErrUnreachable, path,
			why, path)
	}
	return fmt.Errorf("%w at %s: %s; start one with: heartsay agent --api unix://%s", ErrUnreachable, path, why, path)
}

// otherProgram returns the error for an answer that no agent of heartsay gives.
func otherProgram(path, what string) error {
	return fmt.Errorf("%w at %s: something else listens there (%s); name the agent's own socket",
		ErrUnreachable, path, what)
}

// codeOf returns the code for an HTTP status, for answers whose body does not name one.
func codeOf(status int) string {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return CodeNotPermitted
	case http.StatusNotFound:
		return CodeNotFound
	case http.StatusConflict:
		return CodeRefused
	case http.StatusServiceUnavailable:
		return CodeUnavailable
	}
	if status/100 == 5 {
		return CodeInternal
	}
	return CodeBadRequest
}
