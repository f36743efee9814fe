package node

import (
	"context"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"heartsay/agent/seal"
	"heartsay/gossip"
	"heartsay/gossip/wire"
)

// ping returns the bytes of a valid packet.
func ping(from string) []byte {
	payload, err := wire.NewCodec().Encode(&wire.Ping{
		Header: wire.Header{From: from, Incarnation: uint64(time.Now().UnixMilli()), Heartbeat: 1}, Nonce: 7,
	})
	if err != nil {
		panic(err)
	}
	return seal.NewEnvelope("heartsay", 7).Seal(nil, seal.ClassPacket, payload)
}

// R9.
func TestNodeThatLosesPacketsAccusesNobody(t *testing.T) {
	virtually(t, func(c *cluster) {
		names := c.startMany(4)
		time.Sleep(10 * time.Second)
		host := c.net.hosts[at(1)]
		c.net.Cut(func(from, to netip.AddrPort) bool { return to == at(1) }) // its share of the flood: nothing comes through
		for range 120 {
			host.lost.Add(100)
			time.Sleep(500 * time.Millisecond)
		}
		if got := c.deaths("a"); got != 0 {
			t.Errorf("an agent that lost packets for a minute declared %d members dead", got)
		}
		for _, name := range names[1:] {
			if got := c.deaths(name); got != 0 {
				t.Errorf("%s declared %d dead: the heartbeat of the one that is behind must still get out", name, got)
			}
		}
		if c.counter("a", "behind") == 0 {
			t.Error("that the agent is behind is not counted")
		}
	})
}

// R9.
func TestPacketsThatAreReadLateAreNoReasonToAccuse(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.startMany(2)
		host := c.net.hosts[at(1)]
		time.Sleep(5 * time.Second)
		b := ping("x")
		host.packets <- memPacket{b, at(9), time.Now().Add(-time.Second)}
		time.Sleep(time.Second)
		if got := c.counter("a", "behind"); got != 1 {
			t.Errorf("a packet that waited for a second was noticed %d times, want once", got)
		}
		host.packets <- memPacket{b, at(9), time.Now()}
		time.Sleep(time.Second)
		if got := c.counter("a", "behind"); got != 1 {
			t.Errorf("a packet that came in time counts as late: %d", got)
		}
	})
}

// TestFloodOfQuestionsDoesNotKeepTheOwnHeartbeatBack fills the queue of packets to be sent with answers, as happens
// when the system takes them too slowly, and expects the room that is kept for what nobody asked for.
// TestLoopThatWasHeldUpTellsItsLagAndAStall holds the loop up for three seconds.
func TestLoopThatWasHeldUpTellsItsLagAndAStall(t *testing.T) {
	virtually(t, func(c *cluster) {
		lags := new(lagObserver)
		cfg := c.config("a", 1)
		a, err := Start(cfg, Parts{Transport: c.net.listen(at(1)), Seal: seal.NewEnvelope("heartsay", 1), Observer: lags})
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		time.Sleep(5 * time.Second)
		if lags.longest.Load() > 0 {
			t.Errorf("in virtual time a tick is late by %s", time.Duration(lags.longest.Load()))
		}
		_ = a.do(context.Background(), func(*loop, time.Time) { time.Sleep(3 * time.Second) })
		time.Sleep(2 * lookEvery)
		longest, samples := time.Duration(lags.longest.Load()), lags.samples.Load()
		if s := a.Newest(); longest < time.Second || s.Stalls != 1 || samples < 6 {
			t.Errorf("after three seconds the longest lag is %s, %d stalls and %d samples are told", longest, s.Stalls, samples)
		}
	})
}

// lagObserver notes what a node tells.
type lagObserver struct{ longest, samples atomic.Int64 }

func (o *lagObserver) LoopLag(d time.Duration) { o.longest.Store(max(o.longest.Load(), int64(d))) }
func (o *lagObserver) Sample(*Snapshot)        { o.samples.Add(1) }

func TestFloodOfQuestionsDoesNotKeepTheOwnHeartbeatBack(t *testing.T) {
	virtually(t, func(c *cluster) {
		cfg := c.config("a", 1)
		slow := &slowTransport{memTransport: c.net.listen(at(1)), gate: make(chan struct{})}
		a, err := c.node(cfg, slow, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		defer close(slow.gate)
		b := ping("x")
		for range 3 * outboxSize {
			slow.packets <- memPacket{b, at(9), time.Now()}
		}
		time.Sleep(time.Second)
		if got := len(a.outbox); got != repliesRoom {
			t.Errorf("%d answers wait to be sent, want %d at most and room for %d more", got, repliesRoom, outboxSize-repliesRoom)
		}
		_ = a.do(context.Background(), func(l *loop, _ time.Time) {
			l.post(gossip.Envelope{To: at(2), Message: &wire.Digest{Header: wire.Header{From: "a", Incarnation: 1, Heartbeat: 1}}}, reply{})
		})
		if got := len(a.outbox); got != repliesRoom+1 {
			t.Errorf("with %d answers waiting the agent's own digest was not queued", repliesRoom)
		}
	})
}

// slowTransport does not send before the gate is open.
type slowTransport struct {
	*memTransport
	gate chan struct{}
}

func (t *slowTransport) Send(to netip.AddrPort, b []byte) error {
	<-t.gate
	return t.memTransport.Send(to, b)
}
