package node

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"time"

	"heartsay/agent/internal/ratelimit"
	"heartsay/gossip/wire"
)

// An address that has not proven itself (proven.go) may be that of somebody who never sent anything. It gets at most three
// times the bytes in packets that came in its name, as in QUIC [RFC 9000, 8.1]. A reply that is larger waits, and a small
// ping asks for a proof: its pong lets the reply go, one round trip later. A stream is opened at the wish of a packet only to
// an address that has proven itself.

const (
	unprovenFactor = 3
	heldTime       = 2 * time.Second // a reply is worth no more after that
	maxHeld        = 256             // replies, one to an address

	challengesAtOnce = 64 // to all addresses together, beside those for replies that are held
	challengesRate   = 32
	maxChallenged    = 4096 // addresses that are told apart
)

// heldReply is a reply that waits for the proof of its receiver.
type heldReply struct {
	payload []byte
	at      time.Time
}

// room returns how many bytes may go back to where a packet of some bytes came from, nil for any.
func (l *loop) room(from netip.AddrPort, size int, now time.Time) *int {
	if l.node.proven.has(from.Addr(), now) {
		return nil
	}
	room := unprovenFactor * size
	return &room
}

// affords reports whether a reply may go back now, and counts its bytes.
func (l *loop) affords(back reply, payload []byte) bool {
	if back.room == nil {
		return true
	}
	size := len(payload) + l.node.seal.Overhead()
	if size > *back.room {
		return false
	}
	*back.room -= size
	return true
}

// hold keeps a reply until its receiver has proven itself, and asks for the proof. A newer reply replaces an older one.
func (l *loop) hold(back reply, payload []byte) {
	n, now := l.node, time.Now()
	challenge := l.encode(l.pingMessage(n.proven.nonce(back.to, now), 0))
	if _, waits := l.held[back.to]; !l.affords(back, challenge) || !waits && !l.mayHold(now) {
		n.counts.drop("unproven")
		return
	} else if waits {
		n.counts.drop("unproven")
	}
	l.held[back.to] = heldReply{payload, now}
	n.queuePacket(back.to, challenge)
}

// challenges bound how many addresses are asked for a proof that no reply waits for: one once a second.
type challenges struct {
	all  *ratelimit.Bucket
	each *ratelimit.Buckets[netip.Addr]
}

func newChallenges(now time.Time) challenges {
	return challenges{
		all:  ratelimit.NewBucket(challengesRate, challengesAtOnce, now),
		each: ratelimit.NewBuckets[netip.Addr](1, 1, maxChallenged),
	}
}

// askProof asks the sender of a packet to prove its address, when it has not done so for a while. The names that it tells
// (newnames.go) and what is sent to it (destinations.go) have narrow bounds until then.
func (l *loop) askProof(back reply, now time.Time) {
	n, ip := l.node, back.to.Addr()
	if _, waits := l.held[back.to]; waits || !n.proven.fades(ip, now) || !l.challenges.each.Of(ip, now).Take(now) {
		return
	}
	challenge := l.encode(l.pingMessage(n.proven.nonce(back.to, now), 0))
	if l.affords(back, challenge) && l.challenges.all.Take(now) {
		n.queuePacket(back.to, challenge)
	}
}

// mayHold reports whether there is a place for one more reply. Those that waited for too long make way.
func (l *loop) mayHold(now time.Time) bool {
	if len(l.held) < maxHeld {
		return true
	}
	for to, h := range l.held {
		if now.Sub(h.at) > heldTime {
			delete(l.held, to)
			l.node.counts.drop("unproven")
		}
	}
	return len(l.held) < maxHeld
}

// takeProof reports whether a message is the pong that proves an address. What waited for it is sent.
func (l *loop) takeProof(m wire.Message, from netip.AddrPort, now time.Time) bool {
	pong, ok := m.(*wire.Pong)
	if !ok || !l.node.proven.returned(from, pong.Nonce, now) {
		return false
	}
	if h, waits := l.held[from]; waits {
		delete(l.held, from)
		if now.Sub(h.at) <= heldTime {
			l.sendBack(h.payload, reply{to: from})
		}
	}
	return true
}

// proves reports whether an address has proven itself, and asks for it by packets when it has not.
func (n *Node) proves(ctx context.Context, to netip.AddrPort) bool {
	nonce := rand.Uint64()
	answer, giveUp := n.probes.pong(nonce)
	defer giveUp()
	for range probeTries {
		if n.proven.has(to.Addr(), time.Now()) {
			return true
		}
		err := n.do(ctx, func(l *loop, now time.Time) {
			if l.mayPacket(to, now) {
				n.queuePacket(to, l.encode(l.pingMessage(nonce, 0)))
			}
		})
		if err != nil {
			return false
		}
		select {
		case <-answer:
			n.proven.seen(to.Addr(), time.Now())
		case <-time.After(probeWait):
		case <-ctx.Done():
			return false
		}
	}
	return n.proven.has(to.Addr(), time.Now())
}
