package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"heartsay/agent"
	"heartsay/api"
)

func TestEveryKindOfFailureHasItsExitCode(t *testing.T) {
	_, config := agent.Config{}, agent.Config{}.Validate()
	for _, c := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{errors.New("something"), 1},
		{context.Canceled, 1},
		{UsageError("no"), 2},
		{config, 2},
		{&api.Error{Code: api.CodeBadRequest, Message: "no"}, 2},
		{fmt.Errorf("%w at /s", api.ErrUnreachable), 3},
		{fmt.Errorf("%w: root only", api.ErrNotPermitted), 4},
		{&api.Error{Code: api.CodeNotPermitted, Message: "no"}, 4},
		{&api.Error{Code: api.CodeNotFound, Message: "no"}, 5},
		{WithCode(ExitTimedOut, errors.New("late")), 6},
		{WithCode(ExitFalse, errors.New("no")), 7},
		{&api.Error{Code: api.CodeRefused, Message: "no"}, 1},
		{&api.Error{Code: api.CodeUnavailable, Message: "no"}, 1},
		{&api.Error{Code: api.CodeInternal, Message: "no"}, 1},
		{&api.Error{Code: "new", Message: "no"}, 1},
	} {
		if got := ExitCode(c.err); got != c.want {
			t.Errorf("%v exits with %d, want %d", c.err, got, c.want)
		}
	}
}

func TestErrorIsOneLineAndAMistakeGetsAHint(t *testing.T) {
	for _, c := range []struct {
		program string
		err     error
		want    string
	}{
		{"heartsay", UsageError("no command"), "heartsay: no command\nTry: heartsay --help\n"},
		{"heartsay join", UsageError("no"), "heartsay join: no\nTry: heartsay join --help\n"},
		{"heartsay agent", errors.Join(UsageError("a"), UsageError("b")), "heartsay agent: a\nheartsay agent: b\nTry: heartsay agent --help\n"},
		{"heartsay join", errors.New("x\nroot: all is well\x1b[2J"), `heartsay join: x\x0aroot: all is well\x1b[2J` + "\n"},
		{"heartsay forget", &api.Error{Code: api.CodeBadRequest, Message: "x\ny"}, `heartsay forget: x\x0ay` + "\nTry: heartsay forget --help\n"},
		{"heartsay info", nil, ""},
	} {
		var b bytes.Buffer
		if printError(&b, c.program, c.err); b.String() != c.want {
			t.Errorf("%v is told as\n%s\nwant\n%s", c.err, b.String(), c.want)
		}
	}
}
