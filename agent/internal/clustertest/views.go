package clustertest

import (
	"context"
	"maps"
	"strings"
	"testing"
	"time"

	"heartsay/api"
)

// Member is a node or an agent.
type Member interface {
	Members(context.Context) (api.Members, error)
	Ready(context.Context) error
}

// View returns the members that m sees besides itself, as "name=state", in the order of their names.
func View(t *testing.T, m Member) string {
	t.Helper()
	all, err := m.Members(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for _, other := range all.Members {
		if other.Name != all.Self {
			rows = append(rows, other.Name+"="+string(other.State))
		}
	}
	return strings.Join(rows, " ")
}

// Sees waits for up to d until m, called by its name, has exactly this [View].
func Sees(t *testing.T, m Member, name string, d time.Duration, want ...string) {
	t.Helper()
	deadline := time.Now().Add(d)
	for {
		got := View(t, m)
		if got == strings.Join(want, " ") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %s %s sees [%s], not [%s]", d, name, got, strings.Join(want, " "))
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// Find returns what m knows of the member of a name, and whether it knows it.
func Find(t *testing.T, m Member, name string) (found api.Member, known bool) {
	t.Helper()
	all, err := m.Members(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range all.Members {
		if other.Name == name {
			return other, true
		}
	}
	return api.Member{}, false
}

// HasTags waits for up to d until m, called observer, knows the member of a name by exactly these tags.
func HasTags(t *testing.T, m Member, observer, name string, d time.Duration, want map[string]string) {
	t.Helper()
	for deadline := time.Now().Add(d); ; time.Sleep(50 * time.Millisecond) {
		got, known := Find(t, m, name)
		if known && maps.Equal(got.Tags, want) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %s %s knows %s by the tags %v, not %v", d, observer, name, got.Tags, want)
		}
	}
}

// ReadyWithin waits for up to d until m, called by its name, is ready, and returns how long that took.
func ReadyWithin(t *testing.T, m Member, name string, d time.Duration) time.Duration {
	t.Helper()
	begin := time.Now()
	for {
		err := m.Ready(context.Background())
		if err == nil {
			return time.Since(begin)
		}
		if time.Since(begin) > d {
			t.Fatalf("after %s %s is not ready: %v", d, name, err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
