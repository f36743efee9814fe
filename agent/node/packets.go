package node

import (
	"fmt"
	"net/netip"
	"time"

	"heartsay/agent/seal"
	"heartsay/gossip"
	"heartsay/gossip/wire"
)

// arrival is a message that came and was found in order.
type arrival struct {
	from    netip.AddrPort
	at      time.Time // when it came; zero: not known
	message wire.Message
	size    int // bytes of its packet
}

// How many packets may wait to be sent, and messages to be handled. More would only grow old.
const (
	outboxSize = 1024
	inboxSize  = 16 // packets wait in the transport, where the oldest goes when there are too many
)

// repliesRoom is how many of them may be there before replies are dropped: a peer that asks too much must not keep this
// member's own heartbeat from getting out.
const repliesRoom = outboxSize * 3 / 4

// openPackets opens packets for the loop, in a goroutine of its own: what a flood of bad ones costs, the loop does not
// pay.
func (n *Node) openPackets() {
	codec := wire.NewCodec()
	for {
		b, from, at, err := n.transport.Receive()
		if err != nil {
			return
		}
		n.counts.packets.received.Add(1)
		n.counts.packetBytes.received.Add(uint64(len(b)))
		size := len(b)
		m, err := n.openPacket(b, from, codec)
		if err != nil {
			n.dropped(err, from)
			continue
		}
		if m == nil {
			continue
		}
		select {
		case n.inbox <- arrival{from, at, m, size}:
		case <-n.loopEnded:
			return
		}
	}
}

// openPacket returns the message in a packet, nil when it was about keys alone.
func (n *Node) openPacket(b []byte, from netip.AddrPort, codec *wire.Codec) (wire.Message, error) {
	now := time.Now()
	payload, answers, err := n.seal.OpenPacket(b, from, now)
	for _, answer := range answers {
		if answer.Hello {
			n.counts.hellos.Add(1)
		}
		n.Transmit(answer)
	}
	if err != nil || payload == nil {
		return nil, err
	}
	if n.known != nil {
		n.known(from, now)
	}
	m, err := codec.Decode(payload)
	if err == nil {
		n.counts.receive(m, inPacket)
	}
	return m, err
}

// post sends a message on its way. A reply goes back the way that the message came which it answers: so the asker
// learns which ways there are. Other messages go in a packet, or on a stream where packets do not pass.
func (l *loop) post(env gossip.Envelope, back reply) {
	n, now := l.node, time.Now()
	if back.to != env.To && !l.mayPacket(env.To, now) {
		return
	}
	payload := l.encode(env.Message)
	n.counts.send(env.Message, inPacket)
	if back.to == env.To {
		l.sendBack(payload, back)
		return
	}
	route := l.routes.Choose(env.Message, env.To, payload, now)
	if route.Stream {
		l.carry(route.Key, env.To, payload, route.Request, now)
	}
	if route.Packet {
		n.queuePacket(env.To, payload)
	}
}

// sendBack sends a reply.
func (l *loop) sendBack(payload []byte, back reply) {
	switch n := l.node; {
	case back.link != nil:
		back.link.put(payload, &n.counts)
	case !l.affords(back, payload):
		l.hold(back, payload)
	case len(n.outbox) < repliesRoom:
		n.queuePacket(back.to, payload)
	default:
		n.counts.drop("outbox_full")
	}
}

// encode returns a message as bytes.
func (l *loop) encode(m wire.Message) []byte {
	payload, err := l.codec.Encode(m)
	if err != nil {
		panic(fmt.Sprintf("node: %v", err)) // every message has a wire form
	}
	return payload
}

// questioner is a [Seal] that asks those for whom it does not seal whether they have a key, like [seal.Mixed].
type questioner interface {
	// Question returns a packet to send beside one for an address, nil for none.
	Question(to netip.AddrPort, now time.Time) []byte
}

// queuePacket seals a message and queues it to be sent. When the queue is full the message is lost, as packets may be.
func (n *Node) queuePacket(to netip.AddrPort, payload []byte) {
	now := time.Now()
	if packet := n.seal.SealPacket(to, payload, now); packet != nil {
		n.Transmit(seal.Packet{To: to, Bytes: packet})
	}
	if asks, ok := n.seal.(questioner); ok {
		if question := asks.Question(to, now); question != nil {
			n.Transmit(seal.Packet{To: to, Bytes: question})
		}
	}
}

// Transmit queues a packet that is sealed. When the queue is full it is lost, as packets may be.
func (n *Node) Transmit(p seal.Packet) {
	select {
	case n.outbox <- p:
	default:
		n.counts.drop("outbox_full")
	}
}

// sendPackets sends what is queued.
func (n *Node) sendPackets() {
	for {
		select {
		case p := <-n.outbox:
			if err := n.transport.Send(p.To, p.Bytes); err != nil {
				n.counts.drop("send_failed")
				n.log.Debug("send packet", "to", p.To, "error", err)
				continue
			}
			n.counts.packets.sent.Add(1)
			n.counts.packetBytes.sent.Add(uint64(len(p.Bytes)))
		case <-n.loopEnded:
			return
		}
	}
}
