package agent

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"heartsay/agent/addr"
	"heartsay/gossip/wire"
)

// Bounds of the streams that stand in for packets.
const (
	maxLinks       = 16  // that this agent has opened and that are open at once
	linksPerSecond = 20  // that this agent opens
	linkQueue      = 8   // messages that wait on one
	linkMessages   = 256 // that one brings at most
	linkDialTime   = 3 * time.Second
	linkIdleTime   = time.Second // after which its opener closes it; more than a round trip
)

// link is a stream that carries what goes in packets elsewhere. What is told in answer to a message from a link goes
// back on it.
type link struct {
	peer  netip.AddrPort // whom the engine thinks it talks with
	key   string         // of the path; "" when the other side opened the link
	queue chan []byte
	asked bool // the loop's: a question went on it, so silence tells that nobody is there
}

func newLink(peer netip.AddrPort, key string) *link {
	return &link{peer: peer, key: key, queue: make(chan []byte, linkQueue)}
}

// links are those that this agent opened. They belong to the loop.
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

// put queues a message on a link. When the queue is full the message is lost, as packets may be.
func (a *Agent) put(l *link, payload []byte) {
	select {
	case l.queue <- payload:
		a.drops.count("path_stream_messages")
	default:
		a.drops.count("path_stream_full")
	}
}

// carry sends a message, which may be a question, on a stream to a member. It opens one when there is none, and reports
// whether it may.
func (a *Agent) carry(key string, to netip.AddrPort, payload []byte, question bool, now time.Time) bool {
	l := a.links.open[to]
	if l == nil {
		if !a.links.mayOpen(now) {
			a.drops.count("path_stream_limit")
			return false
		}
		l = newLink(to, key)
		if a.links.open == nil {
			a.links.open = map[netip.AddrPort]*link{}
		}
		a.links.open[to] = l
		a.running.Go(func() { a.useLink(l) })
	}
	l.asked = l.asked || question
	a.put(l, payload)
	return true
}

// useLink opens a link, and serves it until nobody has used it for a while.
func (a *Agent) useLink(l *link) {
	heard := 0
	c, frames, err := a.dialLink(l.peer)
	if err == nil {
		heard, err = a.serveLink(c, frames, l, nil)
	}
	_ = a.do(a.ending, func(now time.Time) {
		delete(a.links.open, l.peer)
		if c == nil || l.asked && heard == 0 {
			a.log.Debug("neither packets nor streams get an answer", "peer", l.peer, "error", err)
			a.drops.count("path_stream_failed")
			a.paths.lost(l.key, now)
		}
	})
}

// dialLink opens a stream and says how frames are written on it.
func (a *Agent) dialLink(to netip.AddrPort) (net.Conn, framing, error) {
	c, err := a.wire.Dial(to, linkDialTime)
	if err != nil {
		return nil, nil, err
	}
	frames, err := a.envelope.OpenStream(c, true, time.Now().Add(linkDialTime))
	if err != nil {
		c.Close()
		return nil, nil, err
	}
	return c, frames, nil
}

// serveOthersLink serves a link that another agent opened. Its end is no fault, but bytes that are no message are.
func (a *Agent) serveOthersLink(c net.Conn, frames framing, first wire.Message) error {
	_, err := a.serveLink(c, frames, newLink(addr.Remote(c), ""), first)
	var open *OpenError
	if errors.As(err, &open) || errors.Is(err, wire.ErrVersion) || errors.Is(err, wire.ErrKind) || errors.Is(err, wire.ErrForm) {
		return err
	}
	return nil
}

// serveLink writes what is queued for a link and hands what comes on it to the engine, until it has been idle for too
// long or too much came. It returns how many messages came, and why it ended.
func (a *Agent) serveLink(c net.Conn, frames framing, l *link, first wire.Message) (heard int, err error) {
	defer a.closeAtEnd(c)()
	ctx, cancel := context.WithTimeout(a.ending, streamTime)
	defer cancel()
	a.running.Go(func() {
		a.writeLink(ctx, c, frames, l)
		c.Close() // ends the reading
	})
	codec, m := wire.NewCodec(), first
	for ; heard < linkMessages; m = nil {
		if m == nil {
			if m, err = a.readMessage(c, frames, codec, frameTime); err != nil {
				return heard, err
			}
		}
		if !m.Kind().InPackets() {
			return heard, fmt.Errorf("%w: %s on a stream in place of packets", wire.ErrKind, m.Kind())
		}
		heard++
		if err := a.do(ctx, func(now time.Time) { a.receiveOnLink(now, l, m) }); err != nil {
			return heard, err
		}
	}
	return heard, nil
}

// writeLink writes what is queued. The side that opened the link lets it go when there is nothing for a while.
func (a *Agent) writeLink(ctx context.Context, c net.Conn, frames framing, l *link) {
	patience := frameTime
	if l.key != "" {
		patience = linkIdleTime + a.paths.wait
	}
	idle := time.NewTimer(patience)
	defer idle.Stop()
	for {
		select {
		case payload := <-l.queue:
			if err := c.SetWriteDeadline(time.Now().Add(frameTime)); err != nil {
				return
			}
			if err := WriteFrame(c, frames, payload); err != nil {
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

// receiveOnLink hands a message that came on a link to the engine, whose answers go back on it. The loop calls it.
func (a *Agent) receiveOnLink(now time.Time, l *link, m wire.Message) {
	if m.Answer() {
		a.paths.answered(m.Head().From, l.peer, true, now)
	}
	a.via = l
	a.apply(a.engine.Receive(now, l.peer, m))
	a.via = nil
}
