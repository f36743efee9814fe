package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"heartsay/api"
)

// retryEvery is how often an agent that does not answer is tried again. There is no event to wait for then.
const retryEvery = 100 * time.Millisecond

func waitCommand() *Command {
	return &Command{
		Name:      "wait",
		Usage:     "wait until members are in a state",
		UsageText: "heartsay wait (--members N | --name NAME) [flags]",
		Description: `Prints nothing when it comes true. When the time is up first it exits with 6, and
with 7 when --timeout is 0, which looks once. With a time-out, an agent that does
not answer is waited for too; without one that is an error at once.`,
		Flags: withAPI(
			Int("members", "", "until at least `N` members are in the state"),
			Flag{Name: "name", Complete: memberNames, Usage: "until the member `NAME` is in the state"},
			ListOf("state", "`STATE` to wait for: alive (the default), suspect, dead or left; repeatable: any of them", api.States()),
			Duration("timeout", "", "for at most `DURATION`; for ever without it"),
		),
		Action: waitAction,
	}
}

func waitAction(c *Call) error {
	goal, err := parseGoal(c)
	if err != nil {
		return err
	}
	client, err := newClient(c.Line)
	if err != nil {
		return err
	}
	limit, err := c.TimeLimit()
	switch {
	case err != nil:
		return err
	case !c.IsSet("timeout"):
		return waitUntil(c.Context, client, goal, new(api.View))
	case limit == 0:
		return checkOnce(c.Context, client, goal)
	}
	return waitWithin(c.Context, client, goal, limit)
}

// checkOnce returns nil when the goal is reached now.
func checkOnce(ctx context.Context, client *api.Client, g goal) error {
	view, err := client.Members(ctx)
	if err != nil {
		return err
	}
	seen := new(api.View)
	seen.Reset(view.Members)
	if !g.reached(seen) {
		return &exitError{exitFalse, errors.New(g.describe(seen))}
	}
	return nil
}

// waitWithin returns nil when the goal is reached within limit. It tries an agent that does not answer again.
func waitWithin(parent context.Context, client *api.Client, g goal, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(parent, limit)
	defer cancel()
	var last error // why the agent was not reached, when it was not
	for {
		seen := new(api.View)
		err := waitUntil(ctx, client, g, seen)
		if err == nil || ctx.Err() == nil && !errors.Is(err, api.ErrUnreachable) {
			return err
		}
		if ctx.Err() == nil {
			last = err
			pause(ctx, retryEvery)
			continue
		}
		if !seen.Valid() && last != nil {
			return fmt.Errorf("waited %s: %w", limit, last)
		}
		return &exitError{exitTimedOut, fmt.Errorf("timed out after %s: %s", limit, g.describe(seen))}
	}
}

// waitUntil follows the agent's events, keeps seen at what they say, and returns nil when the goal is reached.
func waitUntil(ctx context.Context, client *api.Client, g goal, seen *api.View) error {
	for e, err := range client.Events(ctx, api.EventsRequest{Snapshot: true}) {
		if err != nil {
			return err
		}
		if seen.Apply(e); g.reached(seen) {
			return nil
		}
	}
	return nil
}

// pause waits for d or the end of ctx.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
