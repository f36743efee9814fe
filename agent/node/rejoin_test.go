package node

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"heartsay/agent/internal/state"
)

// silent makes hosts of which the sockets are open and nobody answers, until the test ends.
func (c *cluster) silent(hosts ...int) (open func()) {
	var all []*memTransport
	for _, host := range hosts {
		all = append(all, c.net.listen(at(host)))
	}
	return func() {
		for _, t := range all {
			t.Close()
		}
	}
}

func TestRememberedMembersThatAreDeadHoldUpNoSeed(t *testing.T) {
	virtually(t, func(c *cluster) {
		defer c.silent(11, 12, 13)()
		c.dirs["b"] = t.TempDir()
		file, err := state.Open(c.dirs["b"], "b", "heartsay")
		if err != nil {
			t.Fatal(err)
		}
		saved := state.Saved{Members: []state.Member{{Name: "x", Address: at(11).String()}, {Name: "y", Address: at(12).String()},
			{Name: "z", Address: at(13).String()}}}
		if err := errors.Join(file.Save(saved), file.Close()); err != nil {
			t.Fatal(err)
		}
		c.start("a", 1)
		c.start("b", 2, "seed.example")
		time.Sleep(200 * time.Millisecond)
		c.names.Set("seed.example", at(1).Addr())
		c.sees("b", lookWhenAlone, "a=alive")
	})
}

func TestNameOfManyDeadAddressesLeadsToTheLiveOneSoon(t *testing.T) {
	virtually(t, func(c *cluster) {
		var hosts []int
		var ips []netip.Addr
		for host := 10; host < 30; host++ {
			hosts, ips = append(hosts, host), append(ips, at(host).Addr())
		}
		defer c.silent(hosts...)()
		c.names.Set("many.example", append(ips, at(99).Addr())...)
		c.start("a", 99)
		c.start("b", 2, "many.example")
		c.sees("b", 3*dialTime, "a=alive")
		result, err := c.agents["b"].Join(context.Background(), []string{"10.0.0.10", "10.0.0.11", "10.0.0.12", "10.0.0.99"}, true)
		if err != nil || result.Joined != 1 || result.Results[3].Error != "" {
			t.Errorf("joining by three dead addresses and a live one gives %+v, %v", result, err)
		}
	})
}

func TestJoinAndAProbeEndWithTheirContext(t *testing.T) {
	virtually(t, func(c *cluster) {
		defer c.silent(9)()
		a := c.start("a", 1)
		for what, call := range map[string]func(context.Context) error{
			"join": func(ctx context.Context) error {
				result, err := a.Join(ctx, []string{"10.0.0.9"}, true)
				if err != nil || result.Joined != 0 || len(a.seeds.names()) != 0 {
					t.Errorf("a join that was cut short gives %+v, %v and leaves the seeds %v", result, err, a.seeds.names())
				}
				return ctx.Err()
			},
			"probe": func(ctx context.Context) error { _, err := a.Probe(ctx, "10.0.0.9"); return err },
		} {
			begin := time.Now()
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			err := call(ctx)
			cancel()
			if took := time.Since(begin); !errors.Is(err, context.DeadlineExceeded) || took > 2*time.Second {
				t.Errorf("a %s with one second ended after %s with %v", what, took, err)
			}
		}
	})
}

func TestJoinKeepsTheAddressWhenItIsAskedTo(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.start("a", 1)
		b := c.start("b", 2)
		for _, keep := range []bool{false, true} {
			if result, err := b.Join(context.Background(), []string{"10.0.0.1"}, keep); err != nil || result.Joined != 1 {
				t.Fatalf("b joins by a: %+v, %v", result, err)
			}
			if kept := len(b.seeds.names()) == 1; kept != keep {
				t.Errorf("with keep %t the seeds are %v", keep, b.seeds.names())
			}
		}
	})
}

func TestLeaveWhoseFirstCallerGaveUpIsSentForTheNextOne(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.start("a", 1)
		b := c.start("b", 2, "10.0.0.1")
		c.sees("a", 2*time.Second, "b=alive")
		busy, idle := make(chan struct{}), make(chan struct{})
		go b.do(context.Background(), func(*loop, time.Time) { close(busy); <-idle })
		<-busy
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := b.Leave(ctx); !errors.Is(err, context.Canceled) {
			t.Fatalf("a leave of a caller who gave up returns %v", err)
		}
		close(idle)
		if told, err := b.Leave(context.Background()); told != 1 || err != nil {
			t.Errorf("the next leave tells %d members, %v, want 1", told, err)
		}
		c.sees("a", time.Second, "b=left")
	})
}
