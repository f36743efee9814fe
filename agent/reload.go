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
	"time"

	"heartsay/gossip"
)

// reloadable are the settings that [Agent.Reload] changes, by their names. Everything else is fixed for the life of an
// agent: what others know it by, what it listens on, and what its files belong to.
var reloadable = []string{
	"tag", "join", "suspect-phi", "suspect-min", "suspect-max", "dead-phi", "dead-min", "dead-max",
	"on-event", "handler-timeout", "webhook", "webhook-secret-file",
}

// preparation readies a part of the agent for a configuration without changing anything, and returns the function that
// changes it. The loop calls that when all parts are ready; it must neither wait nor fail.
type preparation func(Config) (commit func(now time.Time), err error)

// preparations are the parts that can be reloaded. One that cannot tell getting ready from changing goes last.
func (a *Agent) preparations() []preparation {
	return []preparation{a.prepareTags, a.prepareSeeds, a.prepareThresholds, a.prepareHandlers, a.prepareKeys}
}

// prepareKeys reads the key file again; an agent without one has nothing to read.
func (a *Agent) prepareKeys(Config) (commit func(time.Time), err error) {
	if err := a.ReloadKeys(); err != nil && !errors.Is(err, ErrNoKeyFile) {
		return nil, err
	}
	return func(time.Time) {}, nil
}

// configured is the configuration that the agent runs with now.
type configured struct {
	mu   sync.Mutex // held while a reload or a change of tags is under way
	live atomic.Pointer[Config]
}

// Config returns the configuration that the agent runs with now. The caller must not change what it refers to.
func (a *Agent) Config() Config { return *a.configured.live.Load() }

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
		a.drops.count("reload_failed")
		a.log.Error("configuration is not reloaded, the one before stays", "reason", err)
		return err
	}
	a.drops.count("reload_ok")
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
	return changed, a.commit(ctx, cfg)
}

// commit makes all parts ready and then changes them in one turn of the loop.
func (a *Agent) commit(ctx context.Context, cfg Config) error {
	var commits []func(time.Time)
	for _, prepare := range a.preparations() {
		commit, err := prepare(cfg)
		if err != nil {
			return err
		}
		commits = append(commits, commit)
	}
	return a.do(ctx, func(now time.Time) {
		for _, commit := range commits {
			commit(now)
		}
		a.configured.live.Store(&cfg)
	})
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

// prepareThresholds readies what the engine judges by, which the validation of cfg has checked.
func (a *Agent) prepareThresholds(cfg Config) (func(time.Time), error) {
	return func(now time.Time) {
		if before := a.Config(); before.Suspect == cfg.Suspect && before.Dead == cfg.Dead {
			return
		}
		out, err := a.engine.SetThresholds(now, gossip.Threshold(cfg.Suspect), gossip.Threshold(cfg.Dead))
		if err != nil {
			panic("agent: " + err.Error())
		}
		a.apply(out)
	}, nil
}

// prepareTags readies the tags: those of the agent now, with what differs between the two configurations.
func (a *Agent) prepareTags(cfg Config) (commit func(time.Time), err error) {
	before := a.Config().Tags
	set, remove := map[string]string{}, []string{}
	for key, value := range cfg.Tags {
		if old, had := before[key]; !had || old != value {
			set[key] = value
		}
	}
	for key := range before {
		if _, stays := cfg.Tags[key]; !stays {
			remove = append(remove, key)
		}
	}
	var now map[string]string
	if err := a.do(a.ending, func(time.Time) { now = a.engine.Self().Record.Tags.Map() }); err != nil {
		return nil, err
	}
	tags := changedTags(now, set, remove)
	return func(t time.Time) {
		if err := a.setTags(t, now, tags); err != nil {
			panic("agent: " + err.Error())
		}
	}, checkTags(tags)
}

// prepareSeeds readies the seeds: those of the agent now, without the ones that the configuration no longer names, and
// with its new ones.
func (a *Agent) prepareSeeds(cfg Config) (commit func(time.Time), err error) {
	before := a.Config().Join
	return func(time.Time) {
		for _, text := range before {
			if !slices.Contains(cfg.Join, text) {
				a.seeds.remove(text)
			}
		}
		for _, text := range cfg.Join {
			if !slices.Contains(before, text) {
				_ = a.seeds.add(text) // the validation of cfg has read it
			}
		}
		a.save()
	}, nil
}

// Reloadable returns the names of the settings that [Agent.Reload] changes, see [Setting].
func Reloadable() []string { return slices.Clone(reloadable) }
