package node

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"heartsay/agent/internal/state"
	"heartsay/agent/seal"
	"heartsay/gossip"
	"heartsay/gossip/wire"
)

// logged is a log that a test reads.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

// count returns how many lines have the words.
func (l *logged) count(words string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.b.String(), words)
}

// lastState is what was saved last.
type lastState struct {
	mu    sync.Mutex
	saved state.Saved
}

func (s *lastState) Load() (state.Saved, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.saved, "", nil
}

func (s *lastState) Save(saved state.Saved) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.saved = saved
	return nil
}

func (s *lastState) Path() string { return "" }
func (s *lastState) Close() error { return nil }

// startAhead starts an agent whose clock stood ahead by so much when it began, and is right since.
func (c *cluster) startAhead(ahead time.Duration, name string, host int, join ...string) *logged {
	c.t.Helper()
	nextIncarnation = func(now time.Time, _ uint64) (uint64, string) { return uint64(now.Add(ahead).UnixMilli()), "" }
	defer func() { nextIncarnation = state.NextIncarnation }()
	log := new(logged)
	cfg := c.config(name, host, join...)
	a, err := Start(cfg, Parts{
		Transport: c.net.listen(cfg.Advertise), Seal: seal.NewEnvelope(cfg.Cluster, seal.NewBoot()), State: new(lastState),
		Resolver: c.names, Log: hclog.New(&hclog.LoggerOptions{Output: log}),
	})
	if err != nil {
		c.t.Fatal(err)
	}
	c.agents[name] = a
	return log
}

// TestNodeFromTheFutureBeginsAnew lets an agent begin three years ahead. NTP has set its clock right since.
func TestNodeFromTheFutureBeginsAnew(t *testing.T) {
	const years = 3 * 365 * 24 * time.Hour
	virtually(t, func(c *cluster) {
		c.start("a", 1)
		c.start("b", 2, at(1).String())
		c.sees("a", 5*time.Second, "b=alive")
		c.startAhead(years, "d", 4, at(1).String())
		c.sees("a", 10*time.Second, "b=alive", "d=alive")
		c.sees("b", 10*time.Second, "a=alive", "d=alive")
		c.readyWithin("d", 10*time.Second)
		time.Sleep(2 * saveEvery)
		if s, _, _ := c.agents["d"].state.Load(); s.Incarnation == 0 || s.Incarnation > uint64(time.Now().UnixMilli()) {
			t.Error("the state keeps the incarnation from the future")
		}
	})
}

// TestRefusedNodeSaysSoOnceAndIsNotReady refuses an agent in the answer to its join, and then in answers to its digests.
func TestRefusedNodeSaysSoOnceAndIsNotReady(t *testing.T) {
	for reason, words := range map[wire.RefusalReason]string{
		wire.ClockAhead: "ahead of the clock there", wire.ListFull: "the list of members there is full",
		99: "for reason 99 that this version does not know",
	} {
		virtually(t, func(c *cluster) {
			log := c.startAhead(0, "d", 4)
			c.start("a", 1, at(4).String())
			c.sees("d", 5*time.Second, "a=alive")
			c.readyWithin("d", 5*time.Second)
			a := c.member("d", "a")
			refuse := func() { // in place of the answers of a
				r := &wire.Refused{Header: wire.Header{From: "a", Incarnation: a.Incarnation, Heartbeat: a.Heartbeat}, Reason: reason}
				_ = c.agents["d"].do(context.Background(), func(l *loop, now time.Time) { l.apply(l.engine.Receive(now, at(1), r), reply{}) })
			}
			c.net.Split(at(4)) // nobody else answers
			for range 20 {
				refuse()
				time.Sleep(200 * time.Millisecond)
			}
			c.unready("d", words)
			if n := log.count("no member in the view of most others"); n != 1 {
				t.Errorf("that it is refused for reason %d is logged %d times, want once", reason, n)
			}
			c.net.Split()
			c.readyWithin("d", 5*time.Second)
			if n := log.count("no longer refused"); n != 1 {
				t.Errorf("that it is no longer refused is logged %d times, want once", n)
			}
		})
	}
	if text := refusalText(gossip.Refusal{By: "a", Reason: wire.ListFull}); !strings.Contains(text, "refused by a") {
		t.Errorf("a refusal is told as %q", text)
	}
}
