package sim

import (
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"testing"
	"time"

	"heartsay/gossip"
	"heartsay/membership"
)

func envf(k string, d float64) float64 { if v := os.Getenv(k); v != "" { f, _ := strconv.ParseFloat(v, 64); return f }; return d }

func TestScratch(t *testing.T) {
	n := int(envf("N", 20))
	cfg := Config{Seed: uint64(envf("SEED", 1)), Interval: time.Duration(envf("T", 250)) * time.Millisecond, Gossip: gossip.DefaultConfig(), Network: Network{Latency: time.Millisecond, Jitter: time.Millisecond, Loss: envf("LOSS", 0)}}
	cfg.Gossip.Fanout = int(envf("F", 1))
	if v := envf("PAY", 0); v > 0 { cfg.Gossip.MaxPayload = int(v) }
	c := New(cfg)
	phase := "boot"
	counts := map[string]int{}
	var dead []time.Duration
	var killed time.Duration
	c.OnEvent = func(at time.Duration, obs string, e membership.Event) {
		counts[phase+" "+e.Type.String()]++
		if os.Getenv("V") != "" { fmt.Println(at, obs, e.Type, e.Member.Record.Name, e.Reason) }
		if phase == "kill" && e.Type == membership.EventDead { dead = append(dead, at-killed) }
	}
	msgs := map[string]int{}
	bytes := map[string]int{}
	codec := gossip.NewCodec()
	c.OnMessage = func(at time.Duration, from, to netip.AddrPort, m gossip.Message, arrives bool) {
		k := phase+fmt.Sprintf(" %T", m)
		msgs[k]++
		b, err := codec.Encode(m); if err != nil { t.Fatal(err) }
		if _, ok := m.(*gossip.Sync); !ok && len(b) > cfg.Gossip.MaxPayload { t.Fatalf("%T of %d bytes", m, len(b)) }
		bytes[phase] += len(b)+28+40
		if x, err := codec.Decode(b); err != nil { t.Fatal(err, x) }
	}
	w := time.Now()
	c.Boot(n, time.Second)
	know := time.Duration(0)
	for i := 0; i < 600; i++ {
		c.Run(100 * time.Millisecond)
		all := true
		for _, m := range c.Members() { if m.Engine == nil || len(m.Engine.Snapshot(c.clock())) != n { all = false } }
		if all && c.Now() > time.Second { know = c.Now(); break }
	}
	fmt.Println("all know all after", know)
	phase = "quiet"
	q := envf("QUIET", 60)
	c.Run(time.Duration(q) * time.Second)
	m := c.Member(Name(0)); s := m.Engine.Snapshot(c.clock())
	fmt.Printf("sample: suspect %v dead %v phi %.2f silence %v; %.0f B/s/member\n", s[1].SuspectAfter, s[1].DeadAfter, s[1].Phi, s[1].Silence, float64(bytes["quiet"])/q/float64(n))
	phase = "kill"; killed = c.Now()
	c.Crash(Name(n-1))
	c.Run(30 * time.Second)
	fmt.Println("dead seen", len(dead)); if len(dead) > 0 { fmt.Println(dead[0], dead[len(dead)/2], dead[len(dead)-1]) }
	phase = "restart"
	if err := c.Start(Name(n-1), Address(n), Address(1)); err != nil { t.Fatal(err) }
	c.Run(5 * time.Second)
	phase = "leave"
	c.Leave(Name(n-2)); c.Run(5*time.Second)
	phase = "freeze"
	c.Freeze(Name(1)); c.Run(20*time.Second); phase = "thaw"; c.Thaw(Name(1)); c.Run(10*time.Second)
	phase = "cut"
	c.Network.Cut = func(a, b netip.AddrPort) bool { return (a.Addr().As4()[3]%2 == 0) != (b.Addr().As4()[3]%2 == 0) }
	c.Run(30*time.Second)
	phase = "heal"; c.Network.Cut = nil
	if os.Getenv("V") == "2" { }
	c.Run(10*time.Second)
	drops := gossip.Drops{}
	for _, m := range c.Members() { if m.Engine != nil { for k, v := range m.Engine.Drops() { drops[k] += v } } }
	fmt.Println(counts); fmt.Println(msgs); fmt.Println(bytes)
	fmt.Println("virtual", c.Now(), "wall", time.Since(w), drops)
}
