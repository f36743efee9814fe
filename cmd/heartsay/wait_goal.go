package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"heartsay/api"
)

// goal is what wait waits for: at least members members, or the one called name, in one of states.
type goal struct {
	members int
	name    string
	states  []string
}

// parseGoal returns the goal that the flags members, name and state describe.
func parseGoal(c *cli.Context) (g goal, err error) {
	switch {
	case c.IsSet("members") && c.IsSet("name"):
		return g, usageError("%s and %s exclude each other: wait for a number, or for one",
			origin(c, "members"), origin(c, "name"))
	case !c.IsSet("members") && !c.IsSet("name"):
		return g, usageError("what to wait for is missing: give --members N or --name NAME")
	case c.IsSet("members") && c.Int("members") < 1:
		return g, usageError("%s %d: at least 1 member must be waited for", origin(c, "members"), c.Int("members"))
	case c.IsSet("name") && c.String("name") == "":
		return g, usageError("%s is empty: name a member", origin(c, "name"))
	}
	g.members, g.name = c.Int("members"), c.String("name")
	if g.states, err = parseStates(c); len(g.states) == 0 {
		g.states = []string{"alive"}
	}
	return g, err
}

// reached reports whether what was seen is what is waited for.
func (g goal) reached(seen *watched) bool {
	if !seen.valid {
		return false
	}
	if g.name != "" {
		return slices.Contains(g.states, seen.states[g.name])
	}
	return g.count(seen) >= g.members
}

func (g goal) count(seen *watched) (n int) {
	for _, state := range seen.states {
		if slices.Contains(g.states, state) {
			n++
		}
	}
	return n
}

// describe returns in words how far what was seen is from what is waited for.
func (g goal) describe(seen *watched) string {
	states := strings.Join(g.states, " or ")
	state, known := seen.states[g.name]
	switch {
	case !seen.valid:
		return "the agent did not say who its members are"
	case g.name == "":
		return fmt.Sprintf("%d of %s %s", g.count(seen), plural(g.members, "member"), isAre(g.members)+" "+states)
	case !known:
		return fmt.Sprintf("no member is called %q", g.name)
	}
	return fmt.Sprintf("member %q is %s, not %s", g.name, state, states)
}

func isAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// watched is the view as the events tell it.
type watched struct {
	states map[string]string // by name
	valid  bool              // the view was seen as a whole
}

func newWatched() *watched { return &watched{states: map[string]string{}} }

// reset makes the view members.
func (w *watched) reset(members []api.Member) {
	clear(w.states)
	for _, m := range members {
		w.states[m.Name] = m.State
	}
	w.valid = true
}

// apply changes the view as e says.
func (w *watched) apply(e api.Event) {
	switch e.Type {
	case api.EventReset:
		w.reset(e.Members)
	case "forgotten":
		delete(w.states, e.Member.Name)
	case "conflict": // about a name, and no change of a state
	default:
		w.states[e.Member.Name] = e.Member.State
	}
}
