package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"heartsay/api"
)

func TestViewTellsWhatMustHaveHappenedUntilNow(t *testing.T) {
	m := func(name string, state api.State, incarnation uint64, zone string) api.Member {
		return api.Member{Name: name, State: state, Incarnation: incarnation, Zone: zone}
	}
	var v api.View
	before := []api.Member{
		m("calm", api.Alive, 1, ""), m("died", api.Alive, 1, ""), m("goes", api.Suspect, 1, ""), m("moved", api.Alive, 1, "a"),
		m("restarted", api.Alive, 1, ""), m("returned", api.Left, 1, ""),
	}
	v.Reset(before)
	var got []string
	for _, e := range v.Changes([]api.Member{
		m("calm", api.Alive, 1, ""), m("dead-before", api.Dead, 1, ""), m("died", api.Dead, 1, ""), m("moved", api.Alive, 1, "b"),
		m("new", api.Alive, 1, ""), m("restarted", api.Alive, 2, ""), m("returned", api.Alive, 2, ""),
	}) {
		got = append(got, fmt.Sprintf("%s %s", e.Member.Name, e.Type))
	}
	want := []string{"dead-before dead", "died dead", "moved update", "new join", "restarted alive", "returned join", "goes forgotten"}
	if !slices.Equal(got, want) {
		t.Errorf("the changes are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if len(v.Members()) != len(before) {
		t.Error("asking for the changes changed the view")
	}
}
