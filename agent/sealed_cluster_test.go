package agent

import (
	"bytes"
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"heartsay/agent/keyring"
	"heartsay/agent/seal"
	"heartsay/gossip"
	"heartsay/gossip/wire"
	"heartsay/membership"
)

// midday is a time at which tests without a clock take place.
var midday = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// keysOf returns a set of keys made of letters: "ab" has two, of which a seals.
func keysOf(letters string) *keyring.Keys {
	var keys [][]byte
	for _, letter := range letters {
		key := bytes.Repeat([]byte("0123456789abcdef"), 2)
		key[0] = byte(letter)
		keys = append(keys, key)
	}
	k, err := keyring.New(keys, nil)
	if err != nil {
		panic(err)
	}
	return k
}

// idOf returns the id of a key of keysOf.
func idOf(letter string) keyring.ID { return keysOf(letter).Primary() }

// keyFile writes keys to a file of their own, and returns its path.
func keyFile(t *testing.T, keys *keyring.Keys) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "heartsay.key")
	writeKeys(t, path, keys)
	return path
}

func writeKeys(t *testing.T, path string, keys *keyring.Keys) {
	t.Helper()
	if err := os.WriteFile(path, keys.File(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// startSealed starts an agent with keys in a file of its own.
func (c *cluster) startSealed(name string, host int, keys *keyring.Keys, join ...string) *Agent {
	c.t.Helper()
	cfg := c.config(name, host, join...)
	cfg.AllowPlaintext, cfg.KeyFile = false, keyFile(c.t, keys)
	return c.startWith(cfg)
}

// rekey gives an agent other keys, as SIGHUP does after the file was changed.
func (c *cluster) rekey(name string, keys *keyring.Keys) {
	c.t.Helper()
	a := c.agents[name]
	writeKeys(c.t, a.cfg.KeyFile, keys)
	if err := a.ReloadKeys(); err != nil {
		c.t.Fatal(err)
	}
}

func TestSealedClusterFindsEachOther(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.startSealed("a", 1, keysOf("x"))
		c.startSealed("b", 2, keysOf("x"), at(1).String())
		c.startSealed("c", 3, keysOf("x"), at(1).String())
		time.Sleep(10 * time.Second)
		for _, name := range []string{"a", "b", "c"} {
			if n := aliveSeenBy(t, c.agents[name]); n != 3 {
				t.Errorf("%s sees %d alive members, want 3: %v", name, n, c.agents[name].named())
			}
		}
		c.stop("c")
		time.Sleep(30 * time.Second)
		c.startSealed("c", 3, keysOf("x"), at(1).String())
		time.Sleep(5 * time.Second)
		if n := aliveSeenBy(t, c.agents["b"]); n != 3 {
			t.Errorf("after the restart of c, b sees %d alive members, want 3", n)
		}
	})
}

func aliveSeenBy(t *testing.T, a *Agent) (n int) {
	t.Helper()
	all, err := a.Members(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range all.Members {
		if m.State == "alive" {
			n++
		}
	}
	return n
}

func TestKeysRotateUnderAClusterWithoutALostHeartbeat(t *testing.T) {
	virtually(t, func(c *cluster) {
		names := []string{"a", "b", "c", "d", "e"}
		for i, name := range names {
			c.startSealed(name, i+1, keysOf("x"), at(1).String())
		}
		time.Sleep(20 * time.Second)
		begin, drops := map[string]uint64{}, map[string]map[string]uint64{}
		for _, name := range names {
			begin[name], drops[name] = c.agents[name].Ring().Last(), c.agents[name].named()
		}
		keys := keysOf("x")
		steps := []func(*keyring.Keys) (*keyring.Keys, error){
			func(k *keyring.Keys) (*keyring.Keys, error) { return k.Add(keysOf("y")) },
			func(k *keyring.Keys) (*keyring.Keys, error) { return k.Use(idOf("y")) },
			func(k *keyring.Keys) (*keyring.Keys, error) { return k.Remove(idOf("x"), midday) },
		}
		for _, step := range steps {
			var err error
			if keys, err = step(keys); err != nil {
				t.Fatal(err)
			}
			for _, name := range names {
				time.Sleep(700 * time.Millisecond) // they never change all at once
				c.rekey(name, keys)
			}
		}
		time.Sleep(5 * time.Second)
		for _, name := range names {
			a := c.agents[name]
			if a.Ring().Last() != begin[name] {
				events, _ := a.Ring().Read(begin[name])
				t.Errorf("%s saw something happen during the rotation: %+v", name, events)
			}
			for reason, n := range a.named() {
				if before := drops[name][reason]; strings.HasPrefix(reason, "drop_") && n > before {
					t.Errorf("%s dropped %d packets during the rotation: %s", name, n-before, reason)
				}
			}
			for _, other := range names {
				if use := a.sealer.KeyUse(c.agents[other].cfg.Bind); other != name && use.Seals != seal.KeyID(idOf("y")) {
					t.Errorf("%s thinks that %s seals with %s, want %s", name, other, use.Seals, idOf("y"))
				}
			}
		}
	})
}

func TestMemberThatMissedARotationIsToldFromAnIntruder(t *testing.T) {
	virtually(t, func(c *cluster) {
		old := keysOf("x")
		for i, name := range []string{"a", "b", "c"} {
			c.startSealed(name, i+1, old, at(1).String())
		}
		time.Sleep(10 * time.Second)
		c.stop("c")
		today, _ := keysOf("yx").Remove(idOf("x"), midday)
		c.rekey("a", today)
		c.rekey("b", today)
		time.Sleep(30 * time.Second)
		late := c.startSealed("c", 3, old, at(1).String())
		c.startSealed("mallory", 4, keysOf("m"), at(1).String())
		time.Sleep(30 * time.Second)

		if n := aliveSeenBy(t, c.agents["a"]); n != 2 {
			t.Errorf("a sees %d alive members, want itself and b: the others have no key", n)
		}
		seen := map[string]string{}
		for _, r := range c.agents["a"].sealer.Refusals() {
			seen[r.From.Addr().String()] = r.Reason
		}
		if seen[at(3).Addr().String()] != "retired" || seen[at(4).Addr().String()] != "key" {
			t.Errorf("a refused %v: want c (10.0.0.3) for its retired key and mallory (10.0.0.4) as a stranger", seen)
		}
		if seeds := late.seedRows(); len(seeds) != 1 || !strings.Contains(seeds[0].LastError, idOf("y").String()) ||
			!strings.Contains(seeds[0].LastError, "missed a rotation") {
			t.Errorf("c says of its seed %+v: want that it names the key that it lacks", seeds)
		}
		c.rekey("c", today)
		time.Sleep(40 * time.Second)
		if n := aliveSeenBy(t, c.agents["a"]); n != 3 {
			t.Errorf("with the keys of today c is not let in: a sees %d alive", n)
		}
	})
}

func TestPlainAndSealedAgentsNeverMixAndSayWhy(t *testing.T) {
	virtually(t, func(c *cluster) {
		sealed := c.startSealed("a", 1, keysOf("x"), at(2).String())
		plain := c.start("b", 2, at(1).String())
		time.Sleep(20 * time.Second)
		if n, m := aliveSeenBy(t, sealed), aliveSeenBy(t, plain); n != 1 || m != 1 {
			t.Errorf("they see %d and %d alive members: want each itself alone", n, m)
		}
		for _, c := range []struct {
			a    *Agent
			says string
		}{{sealed, "not sealed, and this agent has a key"}, {plain, "sealed with a key, and this agent has none"}} {
			if seeds := c.a.seedRows(); !strings.Contains(seeds[0].LastError, c.says) {
				t.Errorf("%s says of its seed %q: want %q", c.a.cfg.Name, seeds[0].LastError, c.says)
			}
		}
	})
}

func TestReloadKeepsTheKeysWhenTheFileIsNone(t *testing.T) {
	virtually(t, func(c *cluster) {
		a := c.startSealed("a", 1, keysOf("xy"))
		if err := os.Chmod(a.cfg.KeyFile, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := a.ReloadKeys(); err == nil || !strings.Contains(err.Error(), "0644") {
			t.Errorf("a file that others may read is taken: %v", err)
		}
		os.Remove(a.cfg.KeyFile)
		if err := a.ReloadKeys(); err == nil || len(a.keys.Load().IDs()) != 2 {
			t.Errorf("without a file: %v, and the keys are %v: want them as they were", err, a.keys.Load().IDs())
		}
		b := c.start("b", 2)
		if err := b.ReloadKeys(); err != ErrNoKeyFile {
			t.Errorf("an agent without keys reloads them: %v", err)
		}
	})
}

// tape is a stream that records what its owner writes.
type tape struct {
	net.Conn
	said []byte
}

func (c *tape) Write(b []byte) (int, error) {
	c.said = append(c.said, b...)
	return c.Conn.Write(b)
}

func TestRecordedStreamPlayedBackDoesNothing(t *testing.T) {
	virtually(t, func(c *cluster) {
		keys := keysOf("x")
		a := c.startSealed("a", 1, keys)
		dial := func() net.Conn {
			conn, err := c.net.listen(at(9)).DialTimeout(at(1).String(), time.Second)
			if err != nil {
				t.Fatal(err)
			}
			return conn
		}
		// A member that joins over a stream, which somebody records.
		joiner := seal.NewSealer("heartsay", keys, seal.NewBoot())
		rec := &tape{Conn: dial()}
		frames, err := joiner.OpenStream(rec, true, time.Now().Add(time.Second))
		if err != nil {
			t.Fatal(err)
		}
		if err := seal.WriteFrame(rec, frames, joinRequest(t, "ghost", 9)); err != nil {
			t.Fatal(err)
		}
		if _, err := seal.ReadFrame(rec, frames); err != nil {
			t.Fatalf("the join itself is not answered: %v", err)
		}
		rec.Close()
		if _, err := a.Forget(context.Background(), "ghost", true); err != nil {
			t.Fatalf("the joiner is not known: %v", err)
		}
		before := a.Ring().Last()
		for range 3 {
			play := dial()
			go play.Write(rec.said)
			buf := make([]byte, 1024)
			for err = nil; err == nil; {
				_, err = play.Read(buf)
			}
			play.Close()
		}
		synctest.Wait()
		if a.Ring().Last() != before || aliveSeenBy(t, a) != 1 {
			t.Error("a stream that was played back brought a member into the list")
		}
		if n := a.named()["drop_seal"]; n != 3 {
			t.Errorf("%d playbacks were counted, want 3: %v", n, a.named())
		}
	})
}

// joinRequest returns the message by which a member asks to be let in.
func joinRequest(t *testing.T, name string, host int) []byte {
	t.Helper()
	now := time.Now()
	r := membership.Record{Name: name, Incarnation: uint64(now.UnixMilli()), Address: at(host), Interval: 500 * time.Millisecond}
	e, err := gossip.New(now, r, gossip.DefaultConfig(), nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := wire.NewCodec().Encode(e.OpenSync(now, true)[0])
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSealedClusterBearsALossOf30Percent(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.net.Lose(0.3)
		names := []string{"a", "b", "c", "d"}
		for i, name := range names {
			c.startSealed(name, i+1, keysOf("x"), at(1).String())
		}
		time.Sleep(time.Minute)
		for _, name := range names {
			if n := aliveSeenBy(t, c.agents[name]); n != len(names) {
				t.Errorf("%s sees %d alive members, want %d: hellos are lost like all else", name, n, len(names))
			}
		}
	})
}

func TestKeysRotatedInTheWrongOrderHealOnceAllHaveThem(t *testing.T) {
	virtually(t, func(c *cluster) {
		for i, name := range []string{"a", "b", "c"} {
			c.startSealed(name, i+1, keysOf("x"), at(1).String())
		}
		time.Sleep(10 * time.Second)
		c.rekey("a", keysOf("yx")) // used before anybody else has it
		time.Sleep(2 * time.Minute)
		if n := aliveSeenBy(t, c.agents["b"]); n != 2 {
			t.Errorf("b sees %d alive members, want itself and c: it cannot open what a seals", n)
		}
		c.rekey("b", keysOf("xy"))
		c.rekey("c", keysOf("xy"))
		time.Sleep(time.Minute)
		for _, name := range []string{"a", "b", "c"} {
			if n := aliveSeenBy(t, c.agents[name]); n != 3 {
				t.Errorf("once all have the new key, %s sees %d alive members, want 3", name, n)
			}
		}
	})
}
