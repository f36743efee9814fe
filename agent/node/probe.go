package node

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"

	"heartsay/agent/addr"
	"heartsay/api"
	"heartsay/gossip"
	"heartsay/gossip/wire"
)

// A probe asks one address the way gossip does, from the node's own sockets: by a small packet, by a full one, by a
// stream, and for its clock. It is for people who look for a fault.
const (
	probeTries = 3                      // a packet may be lost
	probeWait  = 400 * time.Millisecond // for a reply; a round trip around the earth takes 300 ms
)

// Probe tells whether this node can talk to the listener at an address. The error says that the address is none or
// does not resolve, or is that of ctx.
func (n *Node) Probe(ctx context.Context, address string) (api.ProbeResult, error) {
	seed, err := addr.ParseSeed(address)
	if err != nil {
		return api.ProbeResult{}, wrong("%v", err)
	}
	found, err := seed.Resolve(ctx, n.resolver)
	if err != nil {
		return api.ProbeResult{}, &api.Error{Code: api.CodeNotFound, Message: err.Error()}
	}
	to := found[0]
	result := api.ProbeResult{Address: to.String()}
	begin := time.Now()
	if err := n.exchange(ctx, to, false); err != nil {
		result.StreamError = err.Error()
	} else {
		result.StreamTime = time.Since(begin)
	}
	n.probePackets(ctx, to, &result)
	return result, ctx.Err()
}

// probePackets fills in what packets of several sizes find.
func (n *Node) probePackets(ctx context.Context, to netip.AddrPort, result *api.ProbeResult) {
	small, size, took, err := n.ping(ctx, to, 0)
	if err != nil {
		result.PacketError = err.Error()
		return
	}
	result.Name, result.PacketTime, result.PassedBytes = small.From, took, size
	result.ClockAhead = n.askClock(ctx, to, small.From)
	passed, failed := 0, n.fullPing()+1
	for next := failed - 1; passed < next; next = (passed + failed) / 2 { // the full one first, then halving
		_, size, _, err := n.ping(ctx, to, next)
		if next == failed-1 {
			result.FullBytes = max(size, result.FullBytes)
		}
		if err != nil {
			failed = next
			continue
		}
		passed, result.PassedBytes = next, size
	}
}

// ping sends a packet that holds this member's own entry so many times, which is news to nobody, and waits for the
// reply. It returns the bytes of the packet also when there is none.
func (n *Node) ping(ctx context.Context, to netip.AddrPort, copies int) (p *wire.Pong, size int, took time.Duration,
	err error) {
	nonce := rand.Uint64()
	answer, giveUp := n.probes.pong(nonce)
	defer giveUp()
	for range probeTries {
		begin := time.Now()
		err := n.do(ctx, func(l *loop, _ time.Time) {
			m := l.pingMessage(nonce, copies)
			size = l.packetSize(m)
			l.post(gossip.Envelope{To: to, Message: m}, reply{})
		})
		if err != nil {
			return nil, size, 0, err
		}
		select {
		case p := <-answer:
			return p, size, time.Since(begin), nil
		case <-time.After(probeWait):
		case <-ctx.Done():
			return nil, size, 0, ctx.Err()
		}
	}
	return nil, size, 0, fmt.Errorf("%d packets of %d bytes to %s were not answered", probeTries, size, to)
}

// header returns that of a message from this member, to a name, or to nobody in particular.
func (l *loop) header(to string) wire.Header {
	self := l.engine.Self()
	return wire.Header{From: self.Record.Name, Incarnation: self.Record.Incarnation, Heartbeat: self.Heartbeat, To: to}
}

func (l *loop) pingMessage(nonce uint64, copies int) *wire.Ping {
	m := &wire.Ping{Header: l.header(""), Nonce: nonce}
	for range copies {
		m.News = append(m.News, l.engine.Self())
	}
	return m
}

// packetSize returns the bytes of a message in its envelope.
func (l *loop) packetSize(m wire.Message) int { return len(l.encode(m)) + l.node.seal.Overhead() }

// fullPing returns how many copies make a ping as large as a packet may be.
func (n *Node) fullPing() (copies int) {
	_ = n.do(n.ending, func(l *loop, _ time.Time) {
		empty, one := l.packetSize(l.pingMessage(1<<63, 0)), l.packetSize(l.pingMessage(1<<63, 1))
		copies = (n.cfg.MaxPacket - empty - 2) / (one - empty) // 2 bytes for the length of a longer list
	})
	return copies
}

// askClock returns how far the clock of a member is ahead of this one's, or nil. A digest of nothing is
// answered by a delta of nothing, which tells the time.
func (n *Node) askClock(ctx context.Context, to netip.AddrPort, name string) *time.Duration {
	answer, giveUp := n.probes.clock(name)
	defer giveUp()
	for range probeTries {
		err := n.do(ctx, func(l *loop, now time.Time) {
			m := &wire.Digest{Header: l.header(name), Clock: uint64(now.UnixMilli())}
			l.post(gossip.Envelope{To: to, Message: m}, reply{})
		})
		if err != nil {
			return nil
		}
		select {
		case ahead := <-answer:
			return &ahead
		case <-time.After(probeWait):
		case <-ctx.Done():
			return nil
		}
	}
	return nil
}
