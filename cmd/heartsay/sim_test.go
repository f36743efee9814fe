package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"heartsay/agent"
	"heartsay/sim"
)

func TestTheSimulatedEnvelopeIsAsLongAsTheAgents(t *testing.T) {
	if got := agent.NewEnvelope("heartsay", 1).Overhead(); got != sim.EnvelopeBytes {
		t.Errorf("the agent's envelope has %d bytes, sim counts %d", got, sim.EnvelopeBytes)
	}
}

func TestEveryProfileCanBeSimulated(t *testing.T) {
	for _, name := range agent.Profiles() {
		cfg, err := agent.DefaultConfig(name)
		if err != nil {
			t.Fatal(err)
		}
		s, err := sim.NewScenario(4, 1, settingsOf(cfg))
		if err == nil {
			_, err = s.Run()
		}
		if err != nil {
			t.Errorf("profile %s: %v", name, err)
		}
	}
}

func TestProgressIsShownOnATerminalOnly(t *testing.T) {
	var b bytes.Buffer
	p := newProgress(&b)
	p.show(time.Second, time.Minute)
	p.clear()
	if b.Len() > 0 {
		t.Errorf("a file gets %q", b.String())
	}
	p.on = true
	p.show(30*time.Second, time.Minute)
	p.show(31*time.Second, time.Minute)
	p.clear()
	got := b.String()
	if want := "[" + strings.Repeat("#", 20) + strings.Repeat(".", 20) + "] 30s of 1m0s"; !strings.Contains(got, want) {
		t.Errorf("the bar is %q, want %q", got, want)
	}
	if strings.Contains(got, "31s") || !strings.HasSuffix(got, "\r\x1b[K") {
		t.Errorf("the bar is %q, want it drawn now and then, and removed at the end", got)
	}
}
