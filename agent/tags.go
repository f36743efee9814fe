package agent

import (
	"context"
	"fmt"
	"maps"
	"time"

	"heartsay/api"
	"heartsay/membership"
)

// Tags changes this member's tags and returns all that it has then. The change holds until the agent ends. An error
// that is an [*api.Error] says what is wrong with the change; then nothing changed.
func (a *Agent) Tags(ctx context.Context, change api.TagsRequest) (api.TagsResult, error) {
	for _, key := range change.Delete {
		if _, both := change.Set[key]; both {
			return api.TagsResult{}, badRequest("the tag %q is to be set and to be deleted: choose one", key)
		}
	}
	a.configured.mu.Lock()
	defer a.configured.mu.Unlock()
	var tags map[string]string
	var fault error
	err := a.do(ctx, func(now time.Time) {
		before := a.engine.Self().Record.Tags.Map()
		tags = changedTags(before, change.Set, change.Delete)
		fault = a.setTags(now, before, tags)
	})
	if fault != nil {
		return api.TagsResult{}, badRequest("%v", fault)
	}
	return api.TagsResult{Tags: tags}, unavailable(err)
}

// changedTags returns tags with some set and some deleted.
func changedTags(tags, set map[string]string, remove []string) map[string]string {
	changed := make(map[string]string, len(tags)+len(set))
	maps.Copy(changed, tags)
	maps.Copy(changed, set)
	for _, key := range remove {
		delete(changed, key)
	}
	return changed
}

// setTags tells others the new tags, unless they are those from before. It is called by the loop.
func (a *Agent) setTags(now time.Time, before, tags map[string]string) error {
	if maps.Equal(before, tags) {
		return nil
	}
	out, err := a.engine.SetTags(now, membership.NewTags(tags))
	a.apply(out)
	return err
}

// checkTags returns what is wrong with tags that this member shall have, or nil.
func checkTags(tags map[string]string) error {
	if err := membership.ValidateTags(membership.NewTags(tags)); err != nil {
		return fmt.Errorf("tags: %w", err)
	}
	return nil
}
