package node

import (
	"context"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"heartsay/api"
)

// hasTags waits until an observer knows a member by exactly these tags.
func (c *cluster) hasTags(observer, name string, d time.Duration, want map[string]string) {
	c.t.Helper()
	for deadline := time.Now().Add(d); ; time.Sleep(50 * time.Millisecond) {
		got, known := c.agents[observer].knownTags(c.t, name)
		if known && maps.Equal(got, want) {
			return
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("after %s %s knows %s by the tags %v, not %v", d, observer, name, got, want)
		}
	}
}

func (a *Node) knownTags(t *testing.T, name string) (map[string]string, bool) {
	t.Helper()
	all, err := a.Members(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range all.Members {
		if m.Name == name {
			return m.Tags, true
		}
	}
	return nil, false
}

func TestAChangeOfTagsIsToldToTheCluster(t *testing.T) {
	virtually(t, func(c *cluster) {
		cfg := c.config("a", 1)
		cfg.Tags = map[string]string{"role": "db", "old": "x"}
		a := c.startWith(cfg)
		c.start("b", 2, "10.0.0.1")
		c.hasTags("b", "a", 2*time.Second, cfg.Tags)
		got, err := a.Tags(context.Background(), api.TagsRequest{
			Set: map[string]string{"role": "web", "new": ""}, Delete: []string{"old", "never"},
		})
		want := map[string]string{"role": "web", "new": ""}
		if err != nil || !maps.Equal(got.Tags, want) {
			t.Fatalf("the change leaves %v, %v, want %v", got.Tags, err, want)
		}
		c.hasTags("b", "a", 2*time.Second, want)
	})
}

func TestATagOutOfBoundsChangesNothing(t *testing.T) {
	virtually(t, func(c *cluster) {
		cfg := c.config("a", 1)
		cfg.Tags = map[string]string{"role": "db"}
		a := c.startWith(cfg)
		for _, change := range []api.TagsRequest{
			{Set: map[string]string{"bad key": "x", "good": "y"}},
			{Set: map[string]string{"k": strings.Repeat("x", 10_000)}, Delete: []string{"role"}},
			{Set: map[string]string{"role": "web"}, Delete: []string{"role"}},
		} {
			var refusal *api.Error
			if _, err := a.Tags(context.Background(), change); !errors.As(err, &refusal) || refusal.Code != api.CodeBadRequest {
				t.Errorf("the change %v gives %v, want a bad request", change, err)
			}
		}
		c.hasTags("a", "a", 0, cfg.Tags)
		before := a.ring.Last()
		if _, err := a.Tags(context.Background(), api.TagsRequest{Set: map[string]string{"role": "db"}}); err != nil {
			t.Error(err)
		}
		if after := a.ring.Last(); after != before {
			t.Errorf("a change that changes nothing raised %d events, want none", after-before)
		}
	})
}
