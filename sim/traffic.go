package sim

import (
	"heartsay/gossip/wire"
)

// What a message costs besides its own bytes.
const (
	// EnvelopeBytes is what the agent's envelope adds to a message of a cluster called "heartsay": 25 bytes before the
	// name, the name, and a checksum of 4. A test in cmd/heartsay compares it with the agent's.
	EnvelopeBytes = 25 + len("heartsay") + 4

	packetHeaders  = 28   // IPv4 and UDP
	segmentHeaders = 40   // IPv4 and TCP
	segmentBytes   = 1400 // of a stream in one packet
	frameHeader    = 4    // length of a frame of a stream
)

// traffic counts what members send, lost or not. Handshakes and acknowledgements of streams are not counted.
type traffic struct {
	codec         *wire.Codec
	counting      bool
	bytes         int
	packets       int
	memberSeconds int // of running members
}

func newTraffic() *traffic { return &traffic{codec: wire.NewCodec()} }

func (t *traffic) begin() { t.counting = true }

// sent counts a message.
func (t *traffic) sent(m wire.Message) {
	if !t.counting {
		return
	}
	length, err := t.codec.Size(m)
	if err != nil {
		panic("sim: " + err.Error())
	}
	size, packets := length+EnvelopeBytes+packetHeaders, 1
	if !m.Kind().InPackets() {
		size = length + EnvelopeBytes + frameHeader
		packets = (size + segmentBytes - 1) / segmentBytes
		size += packets * segmentHeaders
	}
	t.bytes += size
	t.packets += packets
}
