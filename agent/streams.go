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

	"heartsay/gossip"
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
	open map[gossip.StreamID]chan gossip.Message
}

func (s *streams) add() (gossip.StreamID, <-chan gossip.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		s.open = map[gossip.StreamID]chan gossip.Message{}
	}
	s.last++
	answers := make(chan gossip.Message, maxAnswers)
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
func (s *streams) answer(id gossip.StreamID, m gossip.Message) {
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
			if err := a.serveStream(c); err != nil {
				a.dropped(err, remoteOf(c))
			}
		})
	}
}

// serveStream takes the parts of a sync and writes the answer of the engine.
func (a *Agent) serveStream(c net.Conn) error {
	defer a.closeAtEnd(c)()
	id, answers := a.streams.add()
	defer a.streams.remove(id)
	if err := a.readSync(c, id, frameTime); err != nil {
		a.explain(c, err)
		return err
	}
	codec := gossip.NewCodec()
	timeout := time.NewTimer(streamTime)
	defer timeout.Stop()
	for {
		select {
		case m := <-answers:
			if err := a.writeMessage(c, codec, m); err != nil || ends(m) {
				return err
			}
		case <-timeout.C:
			return errors.New("answer stream: nothing to answer in time")
		case <-a.loopEnded:
			return nil
		}
	}
}

// explain sends something to somebody of another cluster or version, so that it learns from the envelope where it got.
func (a *Agent) explain(c net.Conn, err error) {
	var open *OpenError
	if errors.As(err, &open) && open.Reason == "cluster" {
		_ = WriteFrame(c, a.envelope, nil) // best effort: the stream is closed next
	}
}

// readSync hands the messages of a stream to the engine until the one that ends the other side's part. Stream is 0 for
// one that this agent opened. The first frame may take the time given.
func (a *Agent) readSync(c net.Conn, stream gossip.StreamID, first time.Duration) error {
	codec, from := gossip.NewCodec(), remoteOf(c)
	end := time.Now().Add(streamTime)
	for wait := first; ; wait = frameTime {
		if err := c.SetReadDeadline(earlier(end, time.Now().Add(wait))); err != nil {
			return err
		}
		payload, err := ReadFrame(c, a.envelope)
		if err != nil {
			return err
		}
		m, err := codec.Decode(payload)
		if err != nil {
			return err
		}
		if refused, ok := m.(*gossip.Refused); ok && stream == 0 {
			return a.refusal(refused)
		}
		sync, ok := m.(*gossip.Sync)
		if !ok {
			return fmt.Errorf("%w: %T on a stream", gossip.ErrKind, m)
		}
		if err := a.do(a.ending, func(now time.Time) { a.apply(a.engine.ReceiveOn(now, stream, from, sync)) }); err != nil {
			return err
		}
		if sync.Last {
			return nil
		}
	}
}

// refusal returns why the other side would not let this agent in.
func (a *Agent) refusal(r *gossip.Refused) error {
	if holder, err := netip.ParseAddrPort(r.Holder); err == nil && r.Reason == gossip.NameTaken {
		return &ConflictError{Name: a.cfg.Name, Holder: holder}
	}
	return fmt.Errorf("refused by %s, for reason %d that this version does not know", r.From, r.Reason)
}

// exchange makes a full exchange with whoever listens at an address, and asks to be let in when it is to join.
func (a *Agent) exchange(ctx context.Context, to netip.AddrPort, join bool) error {
	var parts []gossip.Message
	if err := a.do(ctx, func(now time.Time) { parts = a.engine.OpenSync(now, join) }); err != nil {
		return err
	}
	c, err := a.wire.Dial(to, dialTime)
	if err != nil {
		return err
	}
	defer c.Close()
	defer a.closeAtEnd(c)()
	codec := gossip.NewCodec()
	for _, part := range parts {
		if err := a.writeMessage(c, codec, part); err != nil {
			return fmt.Errorf("exchange with %s: %w", to, err)
		}
	}
	if err := a.readSync(c, 0, a.answerTime()); err != nil {
		return fmt.Errorf("exchange with %s: %w", to, explainEnd(err))
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

func (a *Agent) writeMessage(c net.Conn, codec *gossip.Codec, m gossip.Message) error {
	payload, err := codec.Encode(m)
	if err != nil {
		return err
	}
	if err := c.SetWriteDeadline(time.Now().Add(frameTime)); err != nil {
		return err
	}
	return WriteFrame(c, a.envelope, payload)
}

// closeAtEnd closes the stream when the agent ends, so that nobody waits for it. The returned function calls that off.
func (a *Agent) closeAtEnd(c net.Conn) (stop func()) {
	off := context.AfterFunc(a.ending, func() { c.Close() })
	return func() { off() }
}

// ends reports whether a message is the last of an answer.
func ends(m gossip.Message) bool {
	sync, ok := m.(*gossip.Sync)
	return !ok || sync.Last
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func remoteOf(c net.Conn) netip.AddrPort {
	a, _ := addrPortOf(c.RemoteAddr())
	return a
}
