package node

import (
	"context"
	"testing"
	"time"

	"heartsay/api"
)

// TestRetentionIsASetting (R10) keeps the dead and those who left for as long as the configuration says.
func TestRetentionIsASetting(t *testing.T) {
	virtually(t, func(c *cluster) {
		cfg := c.config("a", 1)
		cfg.RetainDead, cfg.RetainLeft = 30*time.Second, 10*time.Second
		c.startWith(cfg)
		c.start("b", 2, at(1).String())
		c.start("c", 3, at(1).String())
		c.sees("a", 5*time.Second, "b=alive", "c=alive")
		time.Sleep(20 * time.Second)
		c.stop("b")
		if _, err := c.agents["c"].Leave(context.Background()); err != nil {
			t.Fatal(err)
		}
		c.stop("c")
		c.sees("a", 9*time.Second, "b=dead", "c=left")
		c.sees("a", 11*time.Second, "b=dead")
		time.Sleep(10 * time.Second)
		c.sees("a", 0, "b=dead")
		c.sees("a", 31*time.Second)
	})
	for _, d := range []time.Duration{-time.Second, time.Second, 2 * maxRetention} {
		cfg, _ := DefaultConfig("lan")
		cfg.Name, cfg.RetainDead = "a", d
		if cfg.Validate(0) == nil {
			t.Errorf("dead members are retained for %s, want this refused", d)
		}
	}
	for _, d := range []time.Duration{0, minRetention, maxRetention} {
		cfg, _ := DefaultConfig("lan")
		cfg.Name, cfg.RetainDead, cfg.RetainLeft = "a", d, d
		if err := cfg.Validate(0); err != nil {
			t.Errorf("dead members may not be retained for %s: %v", d, err)
		}
	}
}

// TestForgetTakesAllThatAreDead (R10) forgets by state and by names, here and everywhere.
func TestForgetTakesAllThatAreDead(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.start("a", 1)
		for i, name := range []string{"b", "c", "d", "e"} {
			c.start(name, 2+i, at(1).String())
		}
		c.sees("a", 5*time.Second, "b=alive", "c=alive", "d=alive", "e=alive")
		time.Sleep(20 * time.Second)
		c.stop("d")
		c.stop("e")
		c.sees("a", 30*time.Second, "b=alive", "c=alive", "d=dead", "e=dead")
		c.sees("b", 30*time.Second, "a=alive", "c=alive", "d=dead", "e=dead")
		a := c.agents["a"]
		if _, err := a.ForgetAll(context.Background(), api.ForgetRequest{Names: []string{"d", "b"}}); err == nil {
			t.Error("one that is alive among those to be forgotten is no error")
		}
		c.sees("a", 0, "b=alive", "c=alive", "d=dead", "e=dead")
		r, err := a.ForgetAll(context.Background(), api.ForgetRequest{State: api.Dead, Everywhere: true})
		if err != nil || !r.Forgotten || len(r.Names) != 2 {
			t.Errorf("to forget all that are dead is answered by %+v, %v", r, err)
		}
		c.sees("a", 0, "b=alive", "c=alive")
		c.sees("b", 2*time.Second, "a=alive", "c=alive")
		c.sees("c", 2*time.Second, "a=alive", "b=alive")
	})
}
