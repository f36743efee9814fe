package node

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"heartsay/agent/addr"
	"heartsay/agent/internal/fallback"
	"heartsay/agent/seal"
	"heartsay/gossip/wire"
)

// A link is a stream that carries what goes in packets elsewhere. Package fallback says when: the loop chooses a route
// ([loop.post]), or repeats a request that no packet answered ([loop.repeatOnStreams]), and both end in [loop.carry]. A
// link that this node opened stays until nobody has used it for a moment; what comes on it goes to the engine like a
// packet, and what is told in answer goes back on it.

// Bounds of links.
const (
	maxLinks       = 16  // that this node has opened and that are open at once
	linksPerSecond = 20  // that this node opens
	linkQueue      = 8   // messages that wait on one
	linkMessages   = 256 // that one brings at most
	linkDialTime   = 3 * time.Second
	linkIdleTime   = time.Second // after which its opener closes it; more than a round trip
)

// link is one such stream.
type link struct {
	peer  netip.AddrPort // whom the engine thinks it talks with
	key   string         // of the route; "" when the other side opened the link
	queue chan []byte
	asked bool // the loop's: a request went on it, so silence tells that nobody is there
}

func newLink(peer netip.AddrPort, key string) *link {
	return &link{peer: peer, key: key, queue: make(chan []byte, linkQueue)}
}

// links are those that this node opened.
type links struct {
	open   map[netip.AddrPort]*link
	second time.Time // of which opened counts
	opened int
}

// mayOpen reports whether one more link may be opened now, and counts it.
func (ls *links) mayOpen(now time.Time) bool {
	if now.Sub(ls.second) >= time.Second {
		ls.second, ls.opened = now, 0
	}
	if len(ls.open) >= maxLinks || ls.opened >= linksPerSecond {
		return false
	}
	ls.opened++
	return true
}

// repeatOnStreams repeats on streams the requests that no packet has answered in time.
func (l *loop) repeatOnStreams(now time.Time) {
	for _, r := range l.routes.Late(now) {
		l.node.counts.repeated.Add(1)
		l.routes.Repeated(r, l.carry(r.Key, r.To, r.Payload, true, now))
	}
}

// carry sends a message, which may be a request, on a stream to a member. It opens one when there is none, and reports
// whether it may.
func (l *loop) carry(key string, to netip.AddrPort, payload []byte, request bool, now time.Time) bool {
	on := l.links.open[to]
	if on == nil {
		if !l.mayStream(to, now) {
			return false
		}
		if !l.links.mayOpen(now) {
			l.node.counts.drop("path_stream_limit")
			return false
		}
		on = newLink(to, key)
		if l.links.open == nil {
			l.links.open = map[netip.AddrPort]*link{}
		}
		l.links.open[to] = on
		l.node.running.Go(func() { l.node.useLink(on) })
	}
	on.asked = on.asked || request
	on.put(payload, &l.node.counts)
	return true
}

// put queues a message and counts it. When the queue is full the message is lost, as packets may be.
func (on *link) put(payload []byte, c *counts) {
	select {
	case on.queue <- payload:
		c.carried.Add(1)
	default:
		c.drop("path_stream_full")
	}
}

// useLink opens a link, and serves it until nobody has used it for a while.
func (n *Node) useLink(own *link) {
	heard := 0
	c, frames, err := n.dialLink(own.peer)
	if err == nil {
		heard, err = n.serveLink(c, frames, own, nil)
	}
	_ = n.do(n.ending, func(l *loop, now time.Time) {
		delete(l.links.open, own.peer)
		if c == nil || own.asked && heard == 0 {
			n.log.Debug("neither packets nor streams get a reply", "peer", own.peer, "error", err)
			n.counts.drop("path_stream_failed")
			l.routes.Lost(own.key, now)
		}
	})
}

// dialLink opens a stream and says how frames are written on it.
func (n *Node) dialLink(to netip.AddrPort) (net.Conn, seal.Framing, error) {
	ctx, cancel := context.WithTimeout(n.ending, linkDialTime)
	defer cancel()
	c, err := n.transport.Dial(ctx, to)
	if err != nil {
		return nil, nil, err
	}
	frames, err := n.seal.OpenStream(c, true, time.Now().Add(linkDialTime))
	if err != nil {
		c.Close()
		return nil, nil, err
	}
	return c, frames, nil
}

// serveOthersLink serves a link that another node opened. Its end is no fault, but bytes that are no message are.
func (n *Node) serveOthersLink(c net.Conn, frames seal.Framing, first wire.Message) error {
	_, err := n.serveLink(c, frames, newLink(addr.Remote(c), ""), first)
	var open *seal.OpenError
	if errors.As(err, &open) || errors.Is(err, wire.ErrVersion) || errors.Is(err, wire.ErrKind) || errors.Is(err, wire.ErrForm) {
		return err
	}
	return nil
}

// serveLink writes what is queued for a link and hands what comes on it to the engine, until it has been idle for too
// long or too much came. It returns how many messages came, and why it ended.
func (n *Node) serveLink(c net.Conn, frames seal.Framing, on *link, first wire.Message) (heard int, err error) {
	ctx, cancel := context.WithTimeout(n.ending, streamTime)
	defer cancel()
	defer closeWith(n.ending, c)()
	n.running.Go(func() {
		n.writeLink(ctx, c, frames, on)
		c.Close() // ends the reading
	})
	codec, m := wire.NewCodec(), first
	for ; heard < linkMessages; m = nil {
		if m == nil {
			if m, err = n.readMessage(c, frames, codec, frameTime); err != nil {
				return heard, err
			}
		}
		if !m.Kind().InPackets() {
			return heard, fmt.Errorf("%w: %s on a stream in place of packets", wire.ErrKind, m.Kind())
		}
		heard++
		in := arrival{from: on.peer, message: m}
		err := n.do(ctx, func(l *loop, now time.Time) {
			if l.admits(on.peer.Addr(), m, now) {
				l.receive(in, reply{to: on.peer, link: on})
			}
		})
		if err != nil {
			return heard, err
		}
	}
	return heard, nil
}

// writeLink writes what is queued. The side that opened the link lets it go when there is nothing for a while.
func (n *Node) writeLink(ctx context.Context, c net.Conn, frames seal.Framing, on *link) {
	patience := frameTime
	if on.key != "" {
		patience = linkIdleTime + fallback.ReplyWait(n.cfg.Interval)
	}
	idle := time.NewTimer(patience)
	defer idle.Stop()
	for {
		select {
		case payload := <-on.queue:
			if err := c.SetWriteDeadline(time.Now().Add(frameTime)); err != nil {
				return
			}
			if err := seal.WriteFrame(c, frames, payload); err != nil {
				return
			}
			idle.Reset(patience)
		case <-idle.C:
			return
		case <-ctx.Done():
			return
		}
	}
}
