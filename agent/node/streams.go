package node

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"heartsay/agent/addr"
	"heartsay/agent/ports"
	"heartsay/agent/seal"
	"heartsay/gossip"
	"heartsay/gossip/wire"
)

// Streams that others open. Each has a goroutine, which reads the first message: a part of a sync begins a full
// exchange, what travels in packets elsewhere begins a link (links.go).

// Bounds of a stream.
const (
	streamTime = 20 * time.Second // for a whole exchange
	maxAnswers = 1024             // messages that may wait to be written as an answer: 64 MiB of members
)

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
func (n *Node) takeStreams() {
	for {
		c, err := n.transport.Accept()
		if err != nil {
			return
		}
		n.running.Go(func() {
			defer c.Close()
			if err := n.serveStream(n.counts.counted(c)); err != nil {
				n.dropped(err, addr.Remote(c))
			}
		})
	}
}

// serveStream serves a full exchange, or a stream that stands in for packets.
func (n *Node) serveStream(c net.Conn) error {
	defer closeWith(n.ending, c)()
	n.counts.exchanges[onStream].peer.Add(1)
	frames, err := n.seal.OpenStream(c, false, time.Now().Add(frameTime))
	if err != nil {
		return err
	}
	first, err := n.readMessage(c, frames, wire.NewCodec(), frameTime)
	if err != nil {
		explain(c, frames, err)
		return err
	}
	ports.Mark(c, ports.Working) // it is of a member, which makes way for nobody
	if first.Kind().InPackets() {
		return n.serveOthersLink(c, frames, first)
	}
	return n.serveSync(c, frames, first)
}

// serveSync takes the parts of a sync, whose first has come, and writes the answer of the engine.
func (n *Node) serveSync(c net.Conn, frames seal.Framing, first wire.Message) error {
	id, answers := n.streams.add()
	defer n.streams.remove(id)
	if err := n.readSync(c, frames, id, false, first); err != nil {
		return err
	}
	codec := wire.NewCodec()
	timeout := time.NewTimer(streamTime)
	defer timeout.Stop()
	for {
		select {
		case m := <-answers:
			if err := n.writeMessage(c, frames, codec, m); err != nil || m.Ends() {
				return err
			}
		case <-timeout.C:
			return errors.New("answer stream: nothing to answer in time")
		case <-n.loopEnded:
			return nil
		}
	}
}

// explain sends something to somebody of another cluster, or with a key, so that it learns from the envelope where it
// got. A stream with a key has told that in its opening.
func explain(c net.Conn, frames seal.Framing, err error) {
	var open *seal.OpenError
	if errors.As(err, &open) && (open.Reason == "cluster" || open.Reason == "key") {
		seal.LingerClose(c, func() { _ = seal.WriteFrame(c, frames, nil) }) // best effort: the stream is closed next
	}
}

// readMessage reads one message, which may take the time given, and counts it. A stream that brings one came about, so
// its other side has the address that it seems to have.
func (n *Node) readMessage(c net.Conn, frames seal.Framing, codec *wire.Codec, wait time.Duration) (wire.Message, error) {
	if err := c.SetReadDeadline(time.Now().Add(wait)); err != nil {
		return nil, err
	}
	payload, err := seal.ReadFrame(c, frames)
	if err != nil {
		return nil, err
	}
	m, err := codec.Decode(payload)
	if err == nil {
		n.proven.seen(addr.Remote(c).Addr(), time.Now())
		n.counts.receive(m, onStream)
	}
	return m, err
}

// writeMessage writes one message, and counts it.
func (n *Node) writeMessage(c net.Conn, frames seal.Framing, codec *wire.Codec, m wire.Message) error {
	payload, err := codec.Encode(m)
	if err != nil {
		return err
	}
	n.counts.send(m, onStream)
	if err := c.SetWriteDeadline(time.Now().Add(frameTime)); err != nil {
		return err
	}
	return seal.WriteFrame(c, frames, payload)
}

// closeWith closes a stream when ctx ends, so that nobody waits for it. The returned function calls that off.
func closeWith(ctx context.Context, c net.Conn) (callOff func()) {
	off := context.AfterFunc(ctx, func() { c.Close() })
	return func() { off() }
}

// countedStream counts the bytes of a stream.
type countedStream struct {
	net.Conn
	bytes *traffic
}

// counted returns c with its bytes counted.
func (c *counts) counted(stream net.Conn) net.Conn { return countedStream{stream, &c.streamBytes} }

// NetConn returns the stream itself.
func (s countedStream) NetConn() net.Conn { return s.Conn }

func (s countedStream) Read(b []byte) (int, error) {
	n, err := s.Conn.Read(b)
	s.bytes.received.Add(uint64(n))
	return n, err
}

func (s countedStream) Write(b []byte) (int, error) {
	n, err := s.Conn.Write(b)
	s.bytes.sent.Add(uint64(n))
	return n, err
}
