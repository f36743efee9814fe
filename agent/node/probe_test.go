package node

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"heartsay/api"
)

func TestProbeFindsAPeerWellByPacketsStreamAndClock(t *testing.T) {
	virtually(t, func(c *cluster) {
		a := c.start("a", 1)
		c.start("b", 2, "10.0.0.1")
		c.sees("a", 2*time.Second, "b=alive")
		got, err := a.Probe(context.Background(), "10.0.0.2")
		if err != nil {
			t.Fatal(err)
		}
		if got.PacketError != "" || got.StreamError != "" || got.Name != "b" || got.Address != "10.0.0.2:4327" {
			t.Errorf("the probe of a healthy peer tells %+v", got)
		}
		if got.PassedBytes != got.FullBytes || got.FullBytes <= 1400-100 || got.FullBytes > 1400 {
			t.Errorf("a full packet has %d bytes and %d passed, want a little below 1400 and all of them", got.FullBytes, got.PassedBytes)
		}
		if got.ClockAhead == nil || got.ClockAhead.Abs() > 100*time.Millisecond {
			t.Errorf("a clock that is the same is said to be ahead by %v, want 0", got.ClockAhead)
		}
	})
}

func TestProbeTellsWhichWayIsBlocked(t *testing.T) {
	virtually(t, func(c *cluster) {
		a := c.start("a", 1)
		c.start("b", 2, "10.0.0.1")
		c.sees("a", 2*time.Second, "b=alive")
		c.net.Lose(1)
		got, err := a.Probe(context.Background(), "10.0.0.2:4327")
		if err != nil || got.StreamError != "" || !strings.Contains(got.PacketError, "not answered") {
			t.Errorf("without packets the probe tells %+v, %v, want that the stream alone is well", got, err)
		}
		c.net.Lose(0)
		c.net.Split(at(2))
		got, err = a.Probe(context.Background(), "10.0.0.2:4327")
		if err != nil || got.StreamError == "" || got.PacketError == "" {
			t.Errorf("behind a cut the probe tells %+v, %v, want that both fail", got, err)
		}
	})
}

func TestProbeOfWhatIsNoAddressIsRefused(t *testing.T) {
	virtually(t, func(c *cluster) {
		a := c.start("a", 1)
		for address, code := range map[string]string{"no good": api.CodeBadRequest, "nosuch.example": api.CodeNotFound} {
			var refusal *api.Error
			if _, err := a.Probe(context.Background(), address); !errors.As(err, &refusal) || refusal.Code != code {
				t.Errorf("the probe of %q gives %v, want %s", address, err, code)
			}
		}
		c.names.Set("b.example", netip.AddrFrom4([4]byte{10, 0, 0, 2}))
		c.start("b", 2)
		if got, err := a.Probe(context.Background(), "b.example"); err != nil || got.Name != "b" {
			t.Errorf("the probe of a name tells %+v, %v, want that b answers", got, err)
		}
	})
}

func TestAnswersToAProbeAreNotTheEnginesDrops(t *testing.T) {
	virtually(t, func(c *cluster) {
		a := c.start("a", 1)
		c.start("b", 2, "10.0.0.1")
		c.sees("a", 2*time.Second, "b=alive")
		if _, err := a.Probe(context.Background(), "10.0.0.2"); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"a", "b"} {
			s, err := (c.agents[name]).Self(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			for counter, n := range s.Counters {
				if n > 0 && (strings.HasPrefix(counter, "engine_") || strings.HasPrefix(counter, "drop_")) {
					t.Errorf("after a probe %s counts %s %d, want none", name, counter, n)
				}
			}
		}
	})
}
