package agent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"heartsay/agent/handlers"
	"heartsay/agent/internal/localapi"
	"heartsay/agent/node"
)

// A reload gives the running agent another configuration: all of it or nothing. What can be refused comes first: which
// settings differ, what is wrong with them, the files of secrets. Then the node changes its part in one turn of its
// loop, and last what cannot fail: handlers, keys
// and the tokens of the API.

// reloadable are the settings that [Agent.Reload] changes, by their names: among them all of the handlers. Everything
// else is fixed for the life of an agent: what others know it by, what it listens on, and what its files belong to.
var reloadable = append(
	[]string{"tag", "join", "suspect-phi", "suspect-min", "suspect-max", "dead-phi", "dead-min", "dead-max"},
	settingKeys(settingsOf(nil, "", reflect.ValueOf(handlers.Config{})))...)

func settingKeys(settings []Setting) []string {
	keys := make([]string, len(settings))
	for i, s := range settings {
		keys[i] = s.Key
	}
	return keys
}

// Reloadable returns the names of the settings that [Agent.Reload] changes, see [Setting].
func Reloadable() []string { return slices.Clone(reloadable) }

// configured is the configuration that the agent runs with now.
type configured struct {
	mu         sync.Mutex // held while a reload is under way
	live       atomic.Pointer[Config]
	ok, failed atomic.Uint64 // reloads
}

// FixedError names settings that a running agent cannot change.
type FixedError struct{ Keys []string }

func (e *FixedError) Error() string {
	return fmt.Sprintf("a running agent cannot change %s: restart it for that", strings.Join(e.Keys, ", "))
}

// Reload gives the running agent the configuration that load returns: all of its changes or, with an error, none. The
// error is load's own, a [*ConfigError], or a [*FixedError]; when load returns a FixedError along with a configuration,
// its keys and the agent's come together. Tags and seeds that came over the API stay; only what differs from the
// configuration before is changed. Every call is logged, and counted as reload_ok or reload_failed.
func (a *Agent) Reload(ctx context.Context, load func() (Config, error)) error {
	a.configured.mu.Lock()
	defer a.configured.mu.Unlock()
	changed, err := a.reload(ctx, load)
	if err != nil {
		a.configured.failed.Add(1)
		a.log.Error("configuration is not reloaded, the one before stays", "reason", err)
		return err
	}
	a.configured.ok.Add(1)
	a.log.Info("configuration reloaded", "changed", cmp.Or(strings.Join(changed, " "), "nothing"))
	return nil
}

func (a *Agent) reload(ctx context.Context, load func() (Config, error)) (changed []string, err error) {
	cfg, err := load()
	fixed := &FixedError{}
	if err != nil && !errors.As(err, &fixed) {
		return nil, err
	}
	before := a.Config()
	if !cfg.Advertise.IsValid() {
		cfg.Advertise = before.Advertise // which was chosen at the start
	}
	for _, key := range changedKeys(before, cfg) {
		if slices.Contains(reloadable, key) {
			changed = append(changed, key)
		} else {
			fixed.Keys = append(fixed.Keys, key)
		}
	}
	if len(fixed.Keys) > 0 {
		return nil, fixed
	}
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return changed, a.commit(ctx, before, cfg)
}

// commit changes all parts to cfg.
func (a *Agent) commit(ctx context.Context, before, cfg Config) error {
	waiting, cancel := context.WithTimeout(ctx, finishTime)
	defer cancel()
	setHandlers, err := a.readyHandlers(waiting, cfg)
	if err != nil {
		return err
	}
	a.reloading.Lock()
	defer a.reloading.Unlock()
	setKeys, err := a.prepareKeys()
	if err != nil && !errors.Is(err, ErrNoKeyFile) {
		return err
	}
	tokens, err := a.rereadTokens()
	if err != nil {
		return err
	}
	if _, err := a.Change(ctx, difference(before, cfg)); err != nil {
		return err
	}
	setHandlers()
	if setKeys != nil {
		setKeys()
	}
	if a.server.HasTokens() {
		a.server.SetTokens(tokens)
	}
	a.configured.live.Store(&cfg)
	return nil
}

// rereadTokens returns the tokens of the API over TCP as their files have them now, none when the API is not served there.
func (a *Agent) rereadTokens() (localapi.Tokens, error) {
	if !a.server.HasTokens() {
		return localapi.Tokens{}, nil
	}
	return readTokens(a.cfg.TokenFile, a.cfg.ReadTokenFile)
}

// difference returns what a node changes between two configurations.
func difference(before, after Config) node.Change {
	c := node.Change{SetTags: map[string]string{}}
	for key, value := range after.Tags {
		if old, had := before.Tags[key]; !had || old != value {
			c.SetTags[key] = value
		}
	}
	for key := range before.Tags {
		if _, stays := after.Tags[key]; !stays {
			c.DeleteTags = append(c.DeleteTags, key)
		}
	}
	c.RemoveSeeds = without(before.Join, after.Join)
	c.AddSeeds = without(after.Join, before.Join)
	if before.Suspect != after.Suspect || before.Dead != after.Dead {
		c.Suspect, c.Dead = &after.Suspect, &after.Dead
	}
	return c
}

// without returns what of all is not among some.
func without(all, some []string) (rest []string) {
	for _, text := range all {
		if !slices.Contains(some, text) {
			rest = append(rest, text)
		}
	}
	return rest
}

// changedKeys returns the settings that differ between two configurations.
func changedKeys(before, after Config) (keys []string) {
	old := before.Settings()
	for i, s := range after.Settings() {
		if !same(old[i].Value, s.Value) {
			keys = append(keys, s.Key)
		}
	}
	return keys
}

// same reports whether two values of a setting mean the same; an empty list is none.
func same(a, b any) bool {
	va, vb := reflect.ValueOf(a), reflect.ValueOf(b)
	if k := va.Kind(); (k == reflect.Slice || k == reflect.Map) && va.Len() == 0 && vb.Len() == 0 {
		return true
	}
	return reflect.DeepEqual(a, b)
}
