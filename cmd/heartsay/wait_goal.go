package main

import (
	"fmt"
	"slices"
	"strings"

	"heartsay/api"
	"heartsay/cmd/heartsay/internal/cli"
	"heartsay/cmd/heartsay/internal/render"
)

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
