package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"time"

	"heartsay/agent/addr"
	"heartsay/agent/seal"
	"heartsay/gossip"
	"heartsay/gossip/wire"
	"heartsay/membership"
)

// A full exchange is what a stream is for: to join, and to fetch what does not fit a packet. The side that opens the
// stream writes its whole view in parts (exchange), the other reads them and writes the answer of its engine
// (streams.go).

const (
	dialTime  = 5 * time.Second
	frameTime = 3 * time.Second // for the other side to write or take one frame
)

// answerTime is how long the first frame of an answer may take: a seed may ask the holder of a name before it answers.
func answerTime(interval time.Duration) time.Duration {
	return frameTime + max(time.Second, 4*interval)
}

// exchange makes a full exchange with the listener at an address, and asks to join when it is to.
func (n *Node) exchange(ctx context.Context, to netip.AddrPort, join bool) (err error) {
	ctx, done := n.until(ctx)
	defer done()
	defer func() {
		switch {
		case err == nil:
		case ctx.Err() != nil: // called off
			err = context.Cause(ctx)
		default:
			n.counts.exchangesFailed.Add(1)
		}
	}()
	n.counts.exchanges[onStream].self.Add(1)
	var parts []wire.Message
	if err := n.do(ctx, func(l *loop, now time.Time) { parts = l.engine.OpenSync(now, join) }); err != nil {
		return err
	}
	dialing, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	c, err := n.transport.Dial(dialing, to)
	if err != nil {
		return err
	}
	defer c.Close()
	defer closeWith(ctx, c)()
	if err := n.talk(n.counts.counted(c), to, parts, join); err != nil {
		return fmt.Errorf("exchange with %s: %w", to, err)
	}
	return nil
}

// talk writes the parts of this side's view on a stream that it opened, and reads those of the other side.
func (n *Node) talk(c net.Conn, to netip.AddrPort, parts []wire.Message, join bool) error {
	frames, err := n.seal.OpenStream(c, true, time.Now().Add(frameTime))
	if err != nil {
		return explainEnd(err)
	}
	codec := wire.NewCodec()
	for _, part := range parts {
		if err := n.writeMessage(c, frames, codec, part); err != nil {
			return err
		}
	}
	answer, err := n.readMessage(c, frames, codec, answerTime(n.cfg.Interval))
	if err == nil {
		err = n.readSync(c, frames, 0, join, answer)
	}
	if err != nil {
		return explainEnd(err)
	}
	for _, p := range frames.Met(to, time.Now()) {
		n.Transmit(p)
	}
	return nil
}

// fetch makes a full exchange that the engine asked for, with an address that has proven itself.
func (n *Node) fetch(peer netip.AddrPort) {
	if !n.proves(n.ending, peer) {
		n.counts.drop("unproven")
		return
	}
	if err := n.exchange(n.ending, peer, false); err != nil {
		n.log.Debug("full exchange", "peer", peer, "error", err)
	}
}

// explainEnd puts into words what an end of the stream in place of an answer means.
func explainEnd(err error) error {
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w: what listens there closed the stream without an answer; is it a heartsay agent?", err)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("%w: what listens there does not answer; is it a heartsay agent?", err)
	}
	return err
}

// readSync hands the messages of a stream, the first of which has come, to the engine until the one that ends the
// other side's part. Stream is 0 for one that this node opened, join says that it did so to join.
func (n *Node) readSync(c net.Conn, frames seal.Framing, stream gossip.StreamID, join bool, m wire.Message) error {
	codec, from := wire.NewCodec(), addr.Remote(c)
	for end := time.Now().Add(streamTime); ; {
		if refused, ok := m.(*wire.Refused); ok && stream == 0 {
			_ = n.do(n.ending, func(l *loop, now time.Time) { l.apply(l.engine.Receive(now, from, refused), reply{}) })
			return refusal(refused, n.cfg.Name)
		}
		sync, ok := m.(*wire.Sync)
		if !ok {
			return fmt.Errorf("%w: %s on a stream", wire.ErrKind, m.Kind())
		}
		if err := n.takeSync(stream, join, from, sync); err != nil {
			return err
		}
		if sync.Last {
			return nil
		}
		var err error
		if m, err = n.readMessage(c, frames, codec, min(frameTime, time.Until(end))); err != nil {
			return err
		}
	}
}

// takeSync hands a part of a sync to the engine. Names in it are counted, unless it answers
// this node, which wants to join: others can make it open a stream for any other reason.
func (n *Node) takeSync(stream gossip.StreamID, join bool, from netip.AddrPort, sync *wire.Sync) error {
	admitted := true
	err := n.do(n.ending, func(l *loop, now time.Time) {
		if admitted = join || l.admits(from.Addr(), sync, now); admitted {
			l.apply(l.engine.ReceiveOn(now, stream, from, sync), reply{})
		}
	})
	if err == nil && !admitted {
		err = errNewNames
	}
	return err
}

// refusal returns why the other side would not let the member of a name in.
func refusal(r *wire.Refused, name string) error {
	if holder, err := netip.ParseAddrPort(r.Holder); err == nil && r.Reason == wire.NameTaken {
		return &ConflictError{Name: name, Holder: holder}
	}
	return errors.New(refusalText(gossip.Refusal{By: r.From, Reason: r.Reason}))
}

// refusalText says to people why a node is refused.
func refusalText(r gossip.Refusal) string {
	switch r.Reason {
	case wire.ClockAhead:
		return fmt.Sprintf("refused by %s, since this agent began more than %s ahead of the clock there: is this host's clock set? "+
			"When it is, the agent begins a new incarnation by itself", r.By, membership.MaxClockAhead)
	case wire.ListFull:
		return fmt.Sprintf("refused by %s, since the list of members there is full", r.By)
	}
	return fmt.Sprintf("refused by %s, for reason %d that this version does not know", r.By, r.Reason)
}
