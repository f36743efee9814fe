package agent

import (
	"context"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/memberlist"

	"heartsay/agent/seal"
	"heartsay/agent/transport"
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

func TestR9AnAgentThatLosesPacketsAccusesNobody(t *testing.T) {
	virtually(t, func(c *cluster) {
		names := c.startMany(4)
		time.Sleep(10 * time.Second)
		host := c.net.hosts[at(1)]
		c.net.mu.Lock()
		c.net.mute = func(_, to netip.AddrPort) bool { return to == at(1) } // its share of the flood: nothing comes through
		c.net.cut = func(from, to netip.AddrPort) bool { return to == at(1) }
		c.net.mu.Unlock()
		for range 120 {
			host.lost.Add(100)
			time.Sleep(500 * time.Millisecond)
		}
		if got := c.deaths("a"); got != 0 {
			t.Errorf("an agent that lost packets for a minute called %d members dead", got)
		}
		for _, name := range names[1:] {
			if got := c.deaths(name); got != 0 {
				t.Errorf("%s called %d dead: the heartbeat of the one that is behind must still get out", name, got)
			}
		}
		if c.counter("a", "behind") == 0 {
			t.Error("that the agent is behind is not counted")
		}
	})
}

func TestR9PacketsThatAreReadLateAreNoReasonToAccuse(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.startMany(2)
		host := c.net.hosts[at(1)]
		time.Sleep(5 * time.Second)
		b := ping("x")
		host.packets <- &memberlist.Packet{Buf: b, From: net.UDPAddrFromAddrPort(at(9)), Timestamp: time.Now().Add(-time.Second)}
		time.Sleep(time.Second)
		if got := c.counter("a", "behind"); got != 1 {
			t.Errorf("a packet that waited for a second was noticed %d times, want once", got)
		}
		host.packets <- &memberlist.Packet{Buf: b, From: net.UDPAddrFromAddrPort(at(9)), Timestamp: time.Now()}
		time.Sleep(time.Second)
		if got := c.counter("a", "behind"); got != 1 {
			t.Errorf("a packet that came in time counts as late: %d", got)
		}
	})
}

// TestAFloodOfQuestionsDoesNotKeepTheOwnHeartbeatBack fills the queue of packets to be sent with answers, as happens
// when the system takes them too slowly, and expects the room that is kept for what nobody asked for.
func TestAFloodOfQuestionsDoesNotKeepTheOwnHeartbeatBack(t *testing.T) {
	virtually(t, func(c *cluster) {
		cfg := c.config("a", 1)
		slow := &slowTransport{memTransport: c.net.listen(at(1)), gate: make(chan struct{})}
		a, err := newAgent(cfg, transport.New(slow, at(1)), nil, c.names, hclog.NewNullLogger())
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		defer close(slow.gate)
		b := ping("x")
		for range 3 * outboxSize {
			slow.packets <- &memberlist.Packet{Buf: b, From: net.UDPAddrFromAddrPort(at(9)), Timestamp: time.Now()}
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

func (t *slowTransport) WriteTo(b []byte, addr string) (time.Time, error) {
	<-t.gate
	return t.memTransport.WriteTo(b, addr)
}
