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

func TestChangeOfTagsIsToldToTheCluster(t *testing.T) {
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

func TestTagOutOfBoundsChangesNothing(t *testing.T) {
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
