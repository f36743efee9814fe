package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"heartsay/api"
	"heartsay/cmd/heartsay/internal/cli"
)

func healthCommand() *cli.Command {
	return &cli.Command{
		Name:      "health",
		Usage:     "ask whether the agent is ready, for probes and scripts",
		UsageText: "heartsay health [flags]",
		Description: `Exits with 0 and prints "ready" when programs may rely on the agent's view: the
agent listens, it has joined or is alone on purpose, and its view has settled. Exits
with 7 when it is not ready, and says why, and with 3 when no agent answers. With
--live it asks only whether the agent's loop runs. With --timeout it waits, and
exits with 6 when the time is up.`,
		Flags: cli.WithAPI(
			cli.Bool("live", "ask only whether the agent's loop runs"),
			cli.Duration("timeout", "", "wait for this, `DURATION` at most"),
		),
		Action: healthAction,
	}
}

func healthAction(c *cli.Call) error {
	client, err := cli.NewClient(c.Line)
	if err != nil {
		return err
	}
	ask, word := client.Ready, "ready"
	if c.Bool("live") {
		ask, word = client.Live, "live"
	}
	limit, err := c.TimeLimit()
	switch {
	case err != nil:
		return err
	case limit == 0:
		err = unhealthy(ask(c.Context))
	default:
		err = healthWithin(c.Context, limit, ask)
	}
	if err != nil {
		return err
	}
	return c.Println("%s", word)
}

// unhealthy gives the agent's own answer that it is not well its exit code.
func unhealthy(err error) error {
	var answer *api.Error
	if errors.As(err, &answer) && answer.Code == api.CodeUnavailable {
		return cli.WithCode(cli.ExitFalse, err)
	}
	return err
}

// healthWithin asks again until the answer is nil, for as long as limit. Its error names the last answer that came in
// time, not the question that was cut off.
func healthWithin(parent context.Context, limit time.Duration, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(parent, limit)
	defer cancel()
	last := errors.New("no answer came")
	for {
		err := ask(ctx)
		switch {
		case err == nil:
			return nil
		case parent.Err() != nil:
			return parent.Err()
		case ctx.Err() != nil:
			return cli.WithCode(cli.ExitTimedOut, fmt.Errorf("timed out after %s: %w", limit, last))
		case cli.ExitCode(unhealthy(err)) != cli.ExitFalse && !errors.Is(err, api.ErrUnreachable):
			return err
		}
		last = err
		cli.Pause(ctx, retryEvery)
	}
}
