package node

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"heartsay/agent/seal"
	"heartsay/gossip"
	"heartsay/gossip/wire"
	"heartsay/membership"
)

// crowded starts a node that knows of so many members, all of them at one host that does not answer.
func crowded(c *cluster, members int) *Node {
	a := c.start("a", 1)
	begin := uint64(time.Now().UnixMilli())
	sync := &wire.Sync{Header: wire.Header{From: "m0", Incarnation: begin, Heartbeat: 1, To: "a"}, Last: true}
	for i := range members {
		sync.Entries = append(sync.Entries, membership.Entry{Heartbeat: 1, Record: &membership.Record{
			Name: fmt.Sprintf("m%d", i), Incarnation: begin, Version: 1, Address: at(100), Interval: time.Second}})
	}
	if err := a.do(context.Background(), func(l *loop, now time.Time) {
		l.apply(l.engine.ReceiveOn(now, gossip.StreamID(0), at(100), sync), reply{})
	}); err != nil {
		c.t.Fatal(err)
	}
	return a
}

// victim is a host in whose name packets are forged. It counts what it gets, and answers pings if it is to.
type victim struct {
	*memTransport
	sent, got, largest int
}

func (v *victim) shoot(t *testing.T, m wire.Message) {
	t.Helper()
	payload, err := wire.NewCodec().Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	b := seal.NewEnvelope("heartsay", 7).Seal(nil, seal.ClassPacket, payload)
	v.sent += len(b)
	if err := v.Send(at(1), b); err != nil {
		t.Fatal(err)
	}
}

// hear takes what has come within a second, and answers the pings in it.
func (v *victim) hear(t *testing.T, answers bool) {
	t.Helper()
	for end := time.Now().Add(time.Second); time.Now().Before(end); time.Sleep(memDelay) {
		synctest.Wait()
		for len(v.packets) > 0 {
			p := <-v.packets
			v.got += len(p.bytes)
			v.largest = max(v.largest, len(p.bytes))
			payload, err := seal.NewEnvelope("heartsay", 7).Open(p.bytes, seal.ClassPacket)
			if err != nil {
				t.Fatal(err)
			}
			m, err := wire.NewCodec().Decode(payload)
			if err != nil {
				t.Fatal(err)
			}
			if ping, ok := m.(*wire.Ping); ok && answers {
				v.shoot(t, &wire.Pong{Header: strangersHeader(), Nonce: ping.Nonce})
			}
		}
	}
}

func strangersHeader() wire.Header {
	return wire.Header{From: "x", Incarnation: uint64(time.Now().UnixMilli()), Heartbeat: 1, To: "a"}
}

// smallDigest is a digest of nothing, which a view of many members answers at length.
func smallDigest() *wire.Digest {
	return &wire.Digest{Header: strangersHeader(), Clock: uint64(time.Now().UnixMilli()), Count: 1, Columns: []byte{0}}
}

// TestHostile19AnAddressThatHasNotProvenItselfGetsThreeTimesWhatCame forges small digests in the name of a host. Before the
// bound it got 18 times their bytes.
func TestHostile19AnAddressThatHasNotProvenItselfGetsThreeTimesWhatCame(t *testing.T) {
	virtually(t, func(c *cluster) {
		a := crowded(c, 300)
		v := &victim{memTransport: c.net.listen(at(9))}
		defer v.Close()
		for range 20 {
			v.shoot(t, smallDigest())
		}
		v.hear(t, false)
		t.Logf("%d bytes came, %d went, in packets of %d at most", v.sent, v.got, v.largest)
		if v.got > unprovenFactor*v.sent || v.got == 0 {
			t.Errorf("%d bytes in the name of a host bring it %d, want three times as many at most", v.sent, v.got)
		}
		if dropped := a.Counts().Drops["unproven"]; dropped == 0 {
			t.Error("replies that were not sent are not counted")
		}
	})
}

func TestReplyThatIsLargeGoesOneRoundTripLaterToWhoReturnsTheNonce(t *testing.T) {
	virtually(t, func(c *cluster) {
		a := crowded(c, 300)
		v := &victim{memTransport: c.net.listen(at(9))}
		defer v.Close()
		v.shoot(t, smallDigest())
		v.hear(t, true)
		if v.largest < 500 || !a.proven.has(at(9).Addr(), time.Now()) {
			t.Errorf("the largest packet to a host that proves itself has %d bytes: want the reply", v.largest)
		}
		if err := a.do(context.Background(), func(l *loop, _ time.Time) {
			if len(l.held) > 0 {
				t.Errorf("%d replies are still held", len(l.held))
			}
		}); err != nil {
			t.Fatal(err)
		}
	})
}

// TestHostile19AForgedMoreOpensNoStream forges a delta that says that there is more to be had on a stream. Before the bound
// the whole view went to the host in whose name it came.
func TestHostile19AForgedMoreOpensNoStream(t *testing.T) {
	for _, answers := range []bool{false, true} {
		virtually(t, func(c *cluster) {
			crowded(c, 300)
			v := &victim{memTransport: c.net.listen(at(9))}
			defer v.Close()
			dialed := 0
			go func() {
				for {
					s, err := v.Accept()
					if err != nil {
						return
					}
					dialed++
					s.Close()
				}
			}()
			v.shoot(t, &wire.Delta{Header: strangersHeader(), Clock: uint64(time.Now().UnixMilli()), More: true})
			v.hear(t, answers)
			v.hear(t, answers)
			if (dialed > 0) != answers {
				t.Errorf("a host that proves itself: %v; %d streams were opened to it", answers, dialed)
			}
			if !answers && v.got > unprovenFactor*v.sent+3*200 { // and pings that ask for the proof
				t.Errorf("%d bytes in the name of a host bring it %d", v.sent, v.got)
			}
		})
	}
}

func TestRepliesThatAreHeldAreBoundedAndAge(t *testing.T) {
	virtually(t, func(c *cluster) {
		a := c.start("a", 1)
		if err := a.do(context.Background(), func(l *loop, now time.Time) {
			hold := func(i int) {
				room := 1000
				l.hold(reply{to: netip.AddrPortFrom(at(9).Addr(), uint16(i+1)), room: &room}, make([]byte, 1400))
			}
			for i := range 2 * maxHeld {
				hold(i)
			}
			if len(l.held) != maxHeld {
				t.Errorf("%d replies are held, want %d", len(l.held), maxHeld)
			}
			for to, h := range l.held {
				l.held[to] = heldReply{h.payload, now.Add(-2 * heldTime)}
			}
			hold(3 * maxHeld)
			if len(l.held) != 1 {
				t.Errorf("%d replies are held once all others are too old, want 1", len(l.held))
			}
		}); err != nil {
			t.Fatal(err)
		}
	})
}
