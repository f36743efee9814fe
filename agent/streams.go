package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"heartsay/agent/addr"
	"heartsay/gossip"
	"heartsay/gossip/wire"
)

// Times and bounds of a stream.
const (
	dialTime   = 5 * time.Second
	frameTime  = 3 * time.Second  // for the other side to write or take one frame
	streamTime = 20 * time.Second // for a whole exchange
	maxAnswers = 1024             // messages that may wait to be written as an answer: 64 MiB of members
)

// answerTime is how long the first frame of an answer may take: a seed may ask the holder of a name before it answers.
func (a *Agent) answerTime() time.Duration { return frameTime + max(time.Second, 4*a.cfg.Interval) }

// streams are those that others opened and that the engine may answer.
type streams struct {
	mu   sync.Mutex
	last gossip.StreamID
	open map[gossip.StreamID]chan wire.Message
}

func (s *streams) add() (gossip.StreamID, <-chan wire.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		s.open = map[gossip.StreamID]chan wire.Message{}
	}
	s.last++
	answers := make(chan wire.Message, maxAnswers)
	s.open[s.last] = answers
	return s.last, answers
}

func (s *streams) remove(id gossip.StreamID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, id)
}

// answer queues a message to be written on a stream. It never waits: a stream that is gone or has too much to write
// loses it.
func (s *streams) answer(id gossip.StreamID, m wire.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if answers := s.open[id]; answers != nil {
		select {
		case answers <- m:
		default:
		}
	}
}

// takeStreams serves the streams that others open.
func (a *Agent) takeStreams() {
	for c := range a.wire.Streams() {
		a.running.Go(func() {
			defer c.Close()
			if err := a.serveStream(a.metrics.counted(c)); err != nil {
				a.dropped(err, addr.Remote(c))
			}
		})
	}
}

// serveStream serves a full exchange, or a stream that stands in for packets.
func (a *Agent) serveStream(c net.Conn) error {
	defer a.closeAtEnd(c)()
	a.metrics.begun.WithLabelValues(byStream, byPeer).Inc()
	frames, err := a.envelope.OpenStream(c, false, time.Now().Add(frameTime))
	if err != nil {
		return err
	}
	first, err := a.readMessage(c, frames, wire.NewCodec(), frameTime)
	switch {
	case err != nil:
		a.explain(c, frames, err)
		return err
	case first.Kind().InPackets():
		return a.serveOthersLink(c, frames, first)
	}
	return a.serveSync(c, frames, first)
}

// serveSync takes the parts of a sync, whose first has come, and writes the answer of the engine.
func (a *Agent) serveSync(c net.Conn, frames framing, first wire.Message) error {
	id, answers := a.streams.add()
	defer a.streams.remove(id)
	if err := a.readSync(c, frames, id, first); err != nil {
		return err
	}
	codec := wire.NewCodec()
	timeout := time.NewTimer(streamTime)
	defer timeout.Stop()
	for {
		select {
		case m := <-answers:
			if err := a.writeMessage(c, frames, codec, m); err != nil || m.Ends() {
				return err
			}
		case <-timeout.C:
			return errors.New("answer stream: nothing to answer in time")
		case <-a.loopEnded:
			return nil
		}
	}
}

// explain sends something to somebody of another cluster, or with a key, so that it learns from the envelope where it
// got. A stream with a key has told that in its opening.
func (a *Agent) explain(c net.Conn, frames framing, err error) {
	var open *OpenError
	if errors.As(err, &open) && (open.Reason == "cluster" || open.Reason == "key") {
		part(c, func() { _ = WriteFrame(c, frames, nil) }) // best effort: the stream is closed next
	}
}

// partTime is how long somebody who is not let in may take to read why.
const partTime = 300 * time.Millisecond

// part lets the last words on a stream reach the other side: a stream that is closed while bytes wait to be read takes
// them back [RFC 1122, 4.2.2.13].
func part(c net.Conn, lastWords func()) {
	if c.SetDeadline(time.Now().Add(partTime)) != nil {
		return
	}
	said := make(chan struct{})
	go func() {
		lastWords()
		close(said)
	}()
	_, _ = io.Copy(io.Discard, io.LimitReader(c, MaxFrame))
	<-said
}

// readMessage reads one message, which may take the time given.
func (a *Agent) readMessage(c net.Conn, frames framing, codec *wire.Codec, wait time.Duration) (wire.Message, error) {
	if err := c.SetReadDeadline(time.Now().Add(wait)); err != nil {
		return nil, err
	}
	payload, err := ReadFrame(c, frames)
	if err != nil {
		return nil, err
	}
	m, err := codec.Decode(payload)
	if err == nil {
		a.metrics.receive(m, byStream)
	}
	return m, err
}

// readSync hands the messages of a stream, the first of which has come, to the engine until the one that ends the
// other side's part. Stream is 0 for one that this agent opened.
func (a *Agent) readSync(c net.Conn, frames framing, stream gossip.StreamID, m wire.Message) error {
	codec, from := wire.NewCodec(), addr.Remote(c)
	for end := time.Now().Add(streamTime); ; {
		if refused, ok := m.(*wire.Refused); ok && stream == 0 {
			return a.refusal(refused)
		}
		a.metrics.receive(m, byStream)
		sync, ok := m.(*wire.Sync)
		if !ok {
			return fmt.Errorf("%w: %s on a stream", wire.ErrKind, m.Kind())
		}
		if err := a.takeSync(stream, from, sync); err != nil {
			return err
		}
		if sync.Last {
			return nil
		}
		var err error
		if m, err = a.readMessage(c, frames, codec, min(frameTime, time.Until(end))); err != nil {
			return err
		}
	}
}

// takeSync hands a part of a sync to the engine. Names in it that this side did not ask for are counted.
func (a *Agent) takeSync(stream gossip.StreamID, from netip.AddrPort, sync *wire.Sync) error {
	admitted := true
	err := a.do(a.ending, func(now time.Time) {
		if admitted = stream == 0 || a.strangers.admit(a.engine, from.Addr(), sync, now); admitted {
			a.apply(a.engine.ReceiveOn(now, stream, from, sync))
		}
	})
	if err == nil && !admitted {
		err = errStrangers
	}
	return err
}

// refusal returns why the other side would not let this agent in.
func (a *Agent) refusal(r *wire.Refused) error {
	if holder, err := netip.ParseAddrPort(r.Holder); err == nil && r.Reason == wire.NameTaken {
		return &ConflictError{Name: a.cfg.Name, Holder: holder}
	}
	return fmt.Errorf("refused by %s, for reason %d that this version does not know", r.From, r.Reason)
}

// exchange makes a full exchange with whoever listens at an address, and asks to be let in when it is to join.
func (a *Agent) exchange(ctx context.Context, to netip.AddrPort, join bool) (err error) {
	defer func() {
		if err != nil {
			a.metrics.failed.Inc()
		}
	}()
	a.metrics.begun.WithLabelValues(byStream, bySelf).Inc()
	var parts []wire.Message
	if err := a.do(ctx, func(now time.Time) { parts = a.engine.OpenSync(now, join) }); err != nil {
		return err
	}
	c, err := a.wire.Dial(to, dialTime)
	if err != nil {
		return err
	}
	defer c.Close()
	c = a.metrics.counted(c)
	defer a.closeAtEnd(c)()
	frames, err := a.envelope.OpenStream(c, true, time.Now().Add(frameTime))
	if err != nil {
		return fmt.Errorf("exchange with %s: %w", to, explainEnd(err))
	}
	codec := wire.NewCodec()
	for _, part := range parts {
		if err := a.writeMessage(c, frames, codec, part); err != nil {
			return fmt.Errorf("exchange with %s: %w", to, err)
		}
	}
	answer, err := a.readMessage(c, frames, codec, a.answerTime())
	if err == nil {
		err = a.readSync(c, frames, 0, answer)
	}
	if err != nil {
		return fmt.Errorf("exchange with %s: %w", to, explainEnd(err))
	}
	if sealed, ok := frames.(*sealedStream); ok {
		for _, p := range sealed.met(to, time.Now()) {
			a.transmit(p)
		}
	}
	return nil
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

// fetch makes a full exchange that the engine asked for.
func (a *Agent) fetch(peer netip.AddrPort) {
	if err := a.exchange(a.ending, peer, false); err != nil {
		a.log.Debug("full exchange", "peer", peer, "error", err)
	}
}

func (a *Agent) writeMessage(c net.Conn, frames framing, codec *wire.Codec, m wire.Message) error {
	payload, err := codec.Encode(m)
	if err != nil {
		return err
	}
	a.metrics.send(m, byStream)
	if err := c.SetWriteDeadline(time.Now().Add(frameTime)); err != nil {
		return err
	}
	return WriteFrame(c, frames, payload)
}

// closeAtEnd closes the stream when the agent ends, so that nobody waits for it. The returned function calls that off.
func (a *Agent) closeAtEnd(c net.Conn) (stop func()) {
	off := context.AfterFunc(a.ending, func() { c.Close() })
	return func() { off() }
}
