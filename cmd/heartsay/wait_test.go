package main

import (
	"strings"
	"testing"

	"heartsay/api"
)

// seen returns the view after events, each written "type name state"; a reset has members "name=state".
func seen(events ...string) *api.View {
	w := new(api.View)
	for _, s := range events {
		f := strings.Fields(s)
		e := api.Event{Type: api.EventType(f[0])}
		if e.Type == api.EventReset {
			for _, m := range f[1:] {
				name, state, _ := strings.Cut(m, "=")
				e.Members = append(e.Members, api.Member{Name: name, State: api.State(state)})
			}
		} else {
			e.Member = api.Member{Name: f[1], State: api.State(f[2])}
		}
		w.Apply(e)
	}
	return w
}

func TestGoalIsReachedByTheEventsAsTheyTellTheView(t *testing.T) {
	three, bobDead := goal{members: 3, states: []api.State{"alive"}}, goal{name: "bob", states: []api.State{"dead", "left"}}
	for _, c := range []struct {
		g      goal
		events string
		want   string // "" when reached
	}{
		{three, "", "the agent did not say who its members are"},
		{three, "reset a=alive b=alive c=suspect", "2 of 3 members are alive"},
		{three, "reset a=alive b=alive c=suspect; alive c alive", ""},
		{three, "reset a=alive b=alive; join c alive; join d alive", ""},
		{three, "reset a=alive b=alive c=alive; dead c dead", "2 of 3 members are alive"},
		{three, "reset a=alive b=alive c=alive; forgotten c alive", "2 of 3 members are alive"},
		{three, "reset a=alive b=alive c=alive; conflict c dead", ""},
		{three, "reset a=alive b=alive c=alive; reset a=alive", "1 of 3 members are alive"},
		{goal{members: 1, states: []api.State{"dead", "left"}}, "reset a=alive", "0 of 1 member is dead or left"},
		{bobDead, "reset a=alive", `no member is called "bob"`},
		{bobDead, "reset bob=alive", `member "bob" is alive, not dead or left`},
		{bobDead, "reset bob=alive; suspect bob suspect; dead bob dead", ""},
		{bobDead, "reset bob=alive; left bob left", ""},
	} {
		var events []string
		if c.events != "" {
			events = strings.Split(c.events, ";")
		}
		w := seen(events...)
		got := ""
		if !c.g.reached(w) {
			got = c.g.describe(w)
		}
		if got != c.want {
			t.Errorf("after %q the goal %+v says %q, want %q", c.events, c.g, got, c.want)
		}
	}
}
