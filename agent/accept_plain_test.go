package agent

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"heartsay/agent/keyring"
	"heartsay/agent/seal"
)

// bridged is a cluster whose agents are restarted one by one with another configuration.
type bridged struct {
	*cluster
	names []string
	keys  *keyring.Keys
}

// restart kills an agent and starts it half a second later, with keys or without, and with a time for which it accepts what
// is plain.
func (b *bridged) restart(i int, keys bool, accept time.Duration) {
	b.t.Helper()
	name := b.names[i]
	if a := b.agents[name]; a != nil {
		b.wantNoDeaths(name)
		b.stop(name)
		time.Sleep(500 * time.Millisecond)
	}
	cfg := b.config(name, i+1, at(1).String(), at(2).String())
	if keys {
		cfg.AllowPlaintext, cfg.KeyFile, cfg.AcceptPlain = false, keyFile(b.t, b.keys), accept
	}
	b.startWith(cfg)
}

func (b *bridged) wantNoDeaths(name string) {
	b.t.Helper()
	if n := b.agents[name].Counts().Events["dead"]; n > 0 {
		b.t.Errorf("%s saw %d members die while keys were brought in: all of them lived", name, n)
	}
}

// wantAllAlive waits until everybody sees everybody.
func (b *bridged) wantAllAlive(when string) {
	b.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for _, name := range b.names {
		for aliveSeenBy(b.t, b.agents[name]) != len(b.names) {
			if time.Now().After(deadline) {
				b.t.Fatalf("%s: %s sees [%s], want all %d alive; %v", when, name, b.view(name), len(b.names), b.agents[name].named())
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
}

// each restarts one agent after the other.
func (b *bridged) each(when string, keys bool, accept time.Duration) {
	b.t.Helper()
	for i := range b.names {
		b.restart(i, keys, accept)
		b.wantAllAlive(fmt.Sprintf("%s, after %d agents", when, i+1))
		time.Sleep(5 * time.Second)
	}
	time.Sleep(30 * time.Second)
	b.wantAllAlive(when)
	for _, name := range b.names {
		b.wantNoDeaths(name)
	}
}

// accepted returns how much that was plain all agents have accepted although they have keys.
func (b *bridged) accepted() (n uint64) {
	for _, name := range b.names {
		n += b.agents[name].plainAccepted()
	}
	return n
}

// TestKeysComeIntoARunningClusterAndGoWithoutALoss follows docs/security.md, "Beginning with keys" and "Leaving keys".
func TestKeysComeIntoARunningClusterAndGoWithoutALoss(t *testing.T) {
	virtually(t, func(c *cluster) {
		b := &bridged{c, []string{"a", "b", "c", "d", "e"}, keysOf("x")}
		for i := range b.names {
			b.restart(i, false, 0)
		}
		b.wantAllAlive("at the start")
		b.each("the key is given to all, plain is accepted", true, 24*time.Hour)
		if b.accepted() == 0 {
			t.Error("nothing plain was accepted, and agents had no key")
		}
		before := b.accepted()
		time.Sleep(time.Minute)
		if n := b.accepted() - before; n > 0 {
			t.Errorf("%d plain messages were sent between agents that all have the key", n)
		}
		b.each("plain is no longer accepted", true, 0)
		for _, name := range b.names {
			if a := b.agents[name]; a.acceptsPlainUntil(time.Now()) != nil || a.named()["plain_accepted"] > 0 {
				t.Errorf("%s accepts what is not sealed", name)
			}
		}
		b.each("plain is accepted again", true, 24*time.Hour)
		b.each("the key is taken from all", false, 0)
	})
}

// TestWhatIsPlainIsAcceptedForATimeOnlyAndLoudly starts a bridge of an hour.
func TestWhatIsPlainIsAcceptedForATimeOnlyAndLoudly(t *testing.T) {
	virtually(t, func(c *cluster) {
		cfg := c.config("a", 1)
		cfg.AllowPlaintext, cfg.KeyFile, cfg.AcceptPlain = false, keyFile(t, keysOf("x")), time.Hour
		a := c.startWith(cfg)
		stranger := c.net.listen(at(9))
		defer stranger.Shutdown()
		shoot := func() {
			b := seal.NewEnvelope("heartsay", 7).Seal(nil, seal.ClassPacket, []byte("no message"))
			if _, err := stranger.WriteTo(b, at(1).String()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Millisecond)
			synctest.Wait()
		}
		shoot()
		self, err := a.Self(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if self.AcceptsPlainUntil == nil || time.Until(*self.AcceptsPlainUntil) > time.Hour || self.Counters["plain_accepted"] != 1 {
			t.Errorf("the agent tells until %v and %d plain packets", self.AcceptsPlainUntil, self.Counters["plain_accepted"])
		}
		c.figures("a", map[string]string{"heartsay_accepts_plain": "1", "heartsay_plain_accepted_total": "1"})
		time.Sleep(time.Hour)
		shoot()
		self, err = a.Self(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if self.AcceptsPlainUntil != nil || self.Counters["plain_accepted"] != 1 || self.Counters["drop_plain"] != 1 {
			t.Errorf("an hour later: until %v, %d accepted, %d refused", self.AcceptsPlainUntil, self.Counters["plain_accepted"],
				self.Counters["drop_plain"])
		}
	})
}

func TestBridgeNeedsAKeyAndAnEnd(t *testing.T) {
	for _, c := range []struct {
		key    string
		accept time.Duration
		want   string
	}{
		{"f", time.Hour, ""}, {"", 0, ""}, {"f", maxAcceptPlain, ""},
		{"", time.Hour, "--key-file"}, {"f", -time.Hour, "--accept-plain"}, {"f", maxAcceptPlain + 1, "at most 168h"},
	} {
		err := Config{KeyFile: c.key, AcceptPlain: c.accept}.bridge()
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("key %q and %s: %v, want %q", c.key, c.accept, err, c.want)
		}
	}
}
