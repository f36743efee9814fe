package main

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"heartsay/api"
	"heartsay/cmd/heartsay/internal/cli"
)

func TestHealthTellsTheLastAnswerWhenTheTimeIsUp(t *testing.T) {
	silent := func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	}
	gone := func(context.Context) error { return api.ErrUnreachable }
	for name, c := range map[string]struct {
		asks []func(context.Context) error // the last one again and again
		want string
	}{
		"an agent that is not there":            {[]func(context.Context) error{gone}, "timed out after 1s: " + api.ErrUnreachable.Error()},
		"a question that the end cuts off":      {[]func(context.Context) error{gone, silent}, "timed out after 1s: " + api.ErrUnreachable.Error()},
		"an agent that takes it, and is silent": {[]func(context.Context) error{silent}, "timed out after 1s: no answer came"},
	} {
		synctest.Test(t, func(t *testing.T) {
			next := 0
			err := healthWithin(t.Context(), time.Second, func(ctx context.Context) error {
				ask := c.asks[min(next, len(c.asks)-1)]
				next++
				return ask(ctx)
			})
			if cli.ExitCode(err) != cli.ExitTimedOut || err.Error() != c.want {
				t.Errorf("%s: %v, want %q with exit code %d", name, err, c.want, cli.ExitTimedOut)
			}
		})
	}
}
