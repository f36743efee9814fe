package agent

import (
	"fmt"
	"net/netip"
	"time"

	"heartsay/gossip"
	"heartsay/gossip/wire"
)

// arrival is a message that came in a packet and was found in order.
type arrival struct {
	from    netip.AddrPort
	at      time.Time // when it came
	message wire.Message
}

// openPackets opens packets for the loop, in a goroutine of its own: what a flood of bad ones costs, the loop does not
// pay.
func (a *Agent) openPackets() {
	codec := wire.NewCodec()
	for p := range a.wire.Packets() {
		a.drops.traffic("packets_received", "bytes_received", len(p.Bytes))
		m, err := a.openPacket(p, codec)
		if err != nil {
			a.dropped(err, p.From)
			continue
		}
		if m == nil {
			continue
		}
		select {
		case a.inbox <- arrival{p.From, p.At, m}:
		case <-a.loopEnded:
			return
		}
	}
}

// openPacket returns the message in a packet, nil when it was about keys alone.
func (a *Agent) openPacket(p Packet, codec *wire.Codec) (wire.Message, error) {
	payload, answers, err := a.envelope.OpenPacket(p.Bytes, p.From, time.Now())
	for _, answer := range answers {
		a.transmit(answer)
	}
	if err != nil || payload == nil {
		return nil, err
	}
	a.wire.Know(p.From, time.Now())
	m, err := codec.Decode(payload)
	if err == nil {
		a.metrics.receive(m, byPacket)
	}
	return m, err
}

// post sends a message on its way: in a packet, or on a stream where packets do not pass.
func (a *Agent) post(env gossip.Envelope) {
	payload, err := a.codec.Encode(env.Message)
	if err != nil {
		panic(fmt.Sprintf("agent: %v", err)) // every message has a wire form
	}
	a.metrics.send(env.Message, byPacket)
	a.route(env, payload)
}

// queuePacket seals a message and queues it to be sent. When the queue is full the message is lost, as packets may be.
func (a *Agent) queuePacket(to netip.AddrPort, payload []byte) {
	if packet := a.envelope.SealPacket(to, payload, time.Now()); packet != nil {
		a.transmit(outgoing{to, packet})
	}
}

// transmit queues a packet to be sent.
func (a *Agent) transmit(p outgoing) {
	select {
	case a.outbox <- p:
	default:
		a.drops.count("outbox_full")
	}
}
