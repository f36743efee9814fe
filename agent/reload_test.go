package agent

import (
	"context"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"heartsay/agent/node"
	"heartsay/api"
)

// reload reloads an agent with cfg.
func reload(a *Agent, cfg Config) error {
	return a.Reload(context.Background(), func() (Config, error) { return cfg, nil })
}

// reloads returns how many reloads went well, and how many did not.
func (c *cluster) reloads(name string) (ok, failed uint64) {
	c.t.Helper()
	s, err := (c.agents[name]).Self(context.Background())
	if err != nil {
		c.t.Fatal(err)
	}
	return s.Counters["reload_ok"], s.Counters["reload_failed"]
}

func TestReloadChangesThresholdsTagsAndSeeds(t *testing.T) {
	virtually(t, func(c *cluster) {
		cfg := c.config("a", 1)
		cfg.Tags = map[string]string{"role": "db", "old": "x"}
		a := c.startWith(cfg)
		c.start("b", 2, "10.0.0.1")
		c.start("c", 3)
		c.sees("a", 2*time.Second, "b=alive")
		if _, err := a.Tags(context.Background(), api.TagsRequest{Set: map[string]string{"live": "1", "role": "web"}}); err != nil {
			t.Fatal(err)
		}
		cfg.Join = []string{"10.0.0.3"}
		cfg.Tags = map[string]string{"role": "db", "new": "y"}
		cfg.Suspect = node.Threshold{Phi: 9, Min: 30 * time.Second, Max: 40 * time.Second}
		cfg.Dead = node.Threshold{Phi: 13, Min: 50 * time.Second, Max: 60 * time.Second}
		if err := reload(a, cfg); err != nil {
			t.Fatal(err)
		}
		c.sees("a", 2*time.Second, "b=alive", "c=alive")
		// "role" did not change in the configuration, so what was set by hand stays.
		c.hasTags("b", "a", 2*time.Second, map[string]string{"live": "1", "role": "web", "new": "y"})
		if got := c.member("a", "b").Timeout; got < 50*time.Second {
			t.Errorf("after the reload b is declared dead after %s, want 50 s at least", got)
		}
		self, err := (a).Self(context.Background())
		if err != nil || self.SuspectPhi != 9 || self.DeadPhi != 13 || len(self.Seeds) != 1 {
			t.Errorf("the agent says of itself %+v, %v, want phi 9 and 13 and one seed", self, err)
		}
		cfg.Join = nil
		if err := reload(a, cfg); err != nil || len(a.seedRows()) != 0 {
			t.Errorf("without --join the seeds are %v, %v, want none", a.seedRows(), err)
		}
		if ok, failed := c.reloads("a"); ok != 2 || failed != 0 {
			t.Errorf("%d reloads went well and %d did not, want 2 and 0", ok, failed)
		}
	})
}

func TestLowerThresholdsJudgeAtOnce(t *testing.T) {
	virtually(t, func(c *cluster) {
		cfg := c.config("a", 1)
		cfg.Suspect.Min, cfg.Suspect.Max, cfg.Dead.Min, cfg.Dead.Max = time.Minute, time.Minute, time.Hour, time.Hour
		a := c.startWith(cfg)
		c.start("b", 2, "10.0.0.1")
		c.sees("a", 2*time.Second, "b=alive")
		time.Sleep(10 * time.Second)
		c.stop("b")
		time.Sleep(30 * time.Second)
		c.sees("a", 0, "b=alive")
		lan := c.config("a", 1)
		cfg.Suspect, cfg.Dead = lan.Suspect, lan.Dead
		if err := reload(a, cfg); err != nil {
			t.Fatal(err)
		}
		c.sees("a", 0, "b=dead")
	})
}

func TestReloadHappensWhollyOrNotAtAll(t *testing.T) {
	virtually(t, func(c *cluster) {
		good := c.config("a", 1)
		good.Tags = map[string]string{"role": "db"}
		a := c.startWith(good)
		changed := func(set func(*Config)) Config {
			cfg := good
			cfg.Tags, cfg.Join, cfg.Dead.Phi = map[string]string{"role": "web"}, []string{"10.0.0.9"}, 14
			set(&cfg)
			return cfg
		}
		boom := errors.New("boom")
		for want, load := range map[string]func() (Config, error){
			"cannot change bind, zone, interval, fanout: restart": func() (Config, error) {
				return changed(func(c *Config) { c.Bind, c.Zone, c.Interval, c.Fanout = at(7), "z", time.Second, 2 }), nil
			},
			"cannot change log-format, name": func() (Config, error) {
				return changed(func(c *Config) { c.Name = "other" }), &FixedError{Keys: []string{"log-format"}}
			},
			"suspect phi": func() (Config, error) { return changed(func(c *Config) { c.Suspect.Phi = -1 }), nil },
			"no good":     func() (Config, error) { return changed(func(c *Config) { c.Join = []string{"no good"} }), nil },
			"tag key":     func() (Config, error) { return changed(func(c *Config) { c.Tags = map[string]string{" ": ""} }), nil },
			"boom":        func() (Config, error) { return changed(func(*Config) {}), boom },
		} {
			if err := a.Reload(context.Background(), load); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("the reload gives %v, want an error with %q", err, want)
			}
		}
		self := c.member("a", "a")
		if names := a.seedRows(); !maps.Equal(self.Tags, good.Tags) || len(names) != 0 || !reflect.DeepEqual(a.Config(), good) {
			t.Errorf("after reloads that failed the agent has tags %v, seeds %v and\n%+v, want what it started with", self.Tags, names, a.Config())
		}
		if ok, failed := c.reloads("a"); ok != 0 || failed != 6 {
			t.Errorf("%d reloads went well and %d did not, want 0 and 6", ok, failed)
		}
	})
}

func TestTagsSetByHandAndByConfigurationStayWithinTheBoundsTogether(t *testing.T) {
	virtually(t, func(c *cluster) {
		cfg := c.config("a", 1)
		a := c.startWith(cfg)
		long := strings.Repeat("x", 200)
		byHand := map[string]string{}
		for i := range 100 {
			if _, err := a.Tags(context.Background(), api.TagsRequest{Set: map[string]string{strings.Repeat("k", i+1): long}}); err != nil {
				break
			}
			byHand[strings.Repeat("k", i+1)] = long
		}
		cfg.Tags = map[string]string{"one": long, "more": long, "straw": long}
		if err := reload(a, cfg); err == nil || !strings.Contains(err.Error(), "tags") {
			t.Errorf("the reload gives %v, want that there are too many tags", err)
		}
		c.hasTags("a", "a", 0, byHand)
	})
}

func TestStormOfReloadsAndTagsEndsInOneOfThem(t *testing.T) {
	virtually(t, func(c *cluster) {
		cfg := c.config("a", 1)
		a := c.startWith(cfg)
		for i := range 50 {
			go func() {
				mine := cfg
				mine.Dead.Phi, mine.Tags = 12+float64(i), map[string]string{"n": strings.Repeat("x", i)}
				if err := reload(a, mine); err != nil {
					t.Error(err)
				}
			}()
		}
		synctest.Wait()
		time.Sleep(time.Second)
		n := int(a.Config().Dead.Phi) - 12
		c.hasTags("a", "a", 0, map[string]string{"n": strings.Repeat("x", n)})
	})
}

func TestWhatReloadsHasASetting(t *testing.T) {
	var keys []string
	for _, s := range (Config{}).Settings() {
		keys = append(keys, s.Key)
	}
	for _, key := range reloadable {
		if !slices.Contains(keys, key) {
			t.Errorf("%q is said to be reloadable, and no setting is called so: they are %v", key, keys)
		}
	}
}
