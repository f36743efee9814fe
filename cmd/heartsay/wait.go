package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"heartsay/api"
	"heartsay/cmd/heartsay/internal/cli"
	"heartsay/cmd/heartsay/internal/render"
)

// retryEvery is how often an agent that does not answer is tried again. There is no event to wait for then.
const retryEvery = 100 * time.Millisecond

func waitCommand() *cli.Command {
	return &cli.Command{
		Name:      "wait",
		Usage:     "wait until members are in a state",
		UsageText: "heartsay wait (--members N | --name NAME) [flags]",
		Description: `Prints nothing when the condition becomes true. Exits with 6 when the time is up
first. With --timeout 0 it looks once, and exits with 7 when the condition is false.
With a time-out it also waits for an agent that does not answer. Without one this
is an error at once.`,
		Flags: cli.WithAPI(
			cli.Int("members", "", "until at least `N` members are in the state"),
			cli.Flag{Name: "name", Complete: cli.MemberNames, Usage: "until the member `NAME` is in the state"},
			cli.ListOf("state", "`STATE` to wait for: alive (the default), suspect, dead or left; repeatable: any of them", api.States()),
			cli.Duration("timeout", "", "for at most `DURATION`; for ever without it"),
		),
		Action: waitAction,
	}
}

func waitAction(c *cli.Call) error {
	goal, err := parseGoal(c)
	if err != nil {
		return err
	}
	client, err := cli.NewClient(c.Line)
	if err != nil {
		return err
	}
	limit, err := c.TimeLimit()
	switch {
	case err != nil:
		return err
	case !c.IsSet("timeout"):
		return waitUntil(c.Context, client, goal)
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
		return cli.WithCode(cli.ExitFalse, errors.New(g.describe(seen)))
	}
	return nil
}

// waitWithin returns nil when the goal is reached within limit. An agent that does not answer is tried again.
func waitWithin(parent context.Context, client *api.Client, g goal, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(parent, limit)
	defer cancel()
	var seen api.View
	var away error // why the agent is not reached at the moment
	request := api.EventsRequest{Snapshot: true, MaxPause: retryEvery, OnBreak: func(err error) { away = err }}
	for e, err := range client.Follow(ctx, request) {
		switch {
		case err != nil && ctx.Err() == nil:
			return err
		case err != nil && away != nil:
			return fmt.Errorf("waited %s: %w", limit, away)
		case err != nil:
			return cli.WithCode(cli.ExitTimedOut, fmt.Errorf("timed out after %s: %s", limit, g.describe(&seen)))
		}
		away = nil
		if seen.Apply(e); g.reached(&seen) {
			return nil
		}
	}
	return nil
}

// waitUntil returns nil when the goal is reached, and an error when the agent does not answer or stops.
func waitUntil(ctx context.Context, client *api.Client, g goal) error {
	var seen api.View
	for e, err := range client.Events(ctx, api.EventsRequest{Snapshot: true}) {
		if err != nil {
			return err
		}
		if seen.Apply(e); g.reached(&seen) {
			return nil
		}
	}
	return nil
}

// goal is what wait waits for: at least members members, or the one called name, in one of states.
type goal struct {
	members int
	name    string
	states  []api.State
}

// parseGoal returns the goal that the flags members, name and state describe.
func parseGoal(c *cli.Call) (g goal, err error) {
	switch {
	case c.IsSet("members") && c.IsSet("name"):
		return g, cli.UsageError("%s and %s exclude each other: wait for a number, or for one",
			c.Origin("members"), c.Origin("name"))
	case !c.IsSet("members") && !c.IsSet("name"):
		return g, cli.UsageError("what to wait for is missing: give --members N or --name NAME")
	case c.IsSet("members") && c.Int("members") < 1:
		return g, cli.UsageError("%s %d: at least 1 member must be waited for", c.Origin("members"), c.Int("members"))
	case c.IsSet("name") && c.String("name") == "":
		return g, cli.UsageError("%s is empty: name a member", c.Origin("name"))
	}
	g.members, g.name = c.Int("members"), c.String("name")
	if g.states = cli.As[api.State](c.Strings("state")); len(g.states) == 0 {
		g.states = []api.State{api.Alive}
	}
	return g, nil
}

// reached reports whether what was seen is what is waited for.
func (g goal) reached(seen *api.View) bool {
	if !seen.Valid() {
		return false
	}
	if g.name != "" {
		m, _ := seen.Member(g.name)
		return slices.Contains(g.states, m.State)
	}
	return g.count(seen) >= g.members
}

func (g goal) count(seen *api.View) (n int) {
	for _, m := range seen.Members() {
		if slices.Contains(g.states, m.State) {
			n++
		}
	}
	return n
}

// describe returns in words how far what was seen is from what is waited for.
func (g goal) describe(seen *api.View) string {
	states := strings.Join(cli.Words(g.states), " or ")
	m, known := seen.Member(g.name)
	switch {
	case !seen.Valid():
		return "the agent did not say who its members are"
	case g.name == "":
		return fmt.Sprintf("%d of %s %s", g.count(seen), render.Plural(g.members, "member"), isAre(g.members)+" "+states)
	case !known:
		return fmt.Sprintf("no member is called %q", g.name)
	}
	return fmt.Sprintf("member %q is %s, not %s", g.name, m.State, states)
}

func isAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}
