// Package seal wraps what one agent sends and opens what others sent: packets, and the frames of streams.
//
// An [Envelope] (envelope.go) wraps in the clear, with a checksum. A [Sealer] (sealer.go) encrypts and authenticates with
// the first of its [Keys] and opens with any; it owns what it remembers of others: which life listens at an address
// (handshake.go), which packets of whom came already (replay.go), and whom it refused of late (refusals.go). How bytes
// become frames of a stream is in frame.go, how two sides of a stream agree on keys for it alone in stream.go. Every
// refusal is an [*OpenError] with a short stable reason.
//
// Packets come and go by the caller's hands: nothing here opens a socket, starts a goroutine that outlives its call, or
// reads a key file.
package seal

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"heartsay/membership"
)

// The outer envelope stands around everything that an agent sends, and is the same for packets and for the frames of
// streams. Numbers are big endian; n is the length of the cluster name.
//
//	bytes        field
//	0–1          magic, "hs"
//	2            format of the envelope, 1
//	3            class, 1 in a packet and 2 in a stream, so that neither can be replayed as the other
//	4–7          key id, 0: no key
//	8–15         boot id, random for each start of the sender
//	16–23        counter of what the sender sealed since then, from 1
//	24           n, 1 to 128
//	25–24+n      name of the cluster
//	25+n–        payload, may be empty
//	last 4       CRC-32C (Castagnoli) of all bytes before
//
// With a key, what follows the counter is sealed, see sealer.go.
const (
	envelopeFormat = 1
	envelopeFixed  = 25 // bytes before the name of the cluster
	envelopeCRC    = 4  // bytes after the payload
	minEnvelope    = envelopeFixed + 1 + envelopeCRC
)

const envelopeMagic = "hs"

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Class says how an envelope travels.
type Class uint8

const (
	ClassPacket Class = 1 // one envelope is one datagram
	ClassStream Class = 2 // envelopes follow each other as frames, see [WriteFrame]
)

// OpenError says why bytes from the network were refused. Reason is short and stable, for counters:
//
//	short     fewer bytes than any envelope has
//	length    a frame of no or too many bytes
//	magic     not from a heartsay agent
//	format    an envelope of another version
//	class     a packet's envelope in a stream, or the other way round
//	key       sealed with a key; this agent has none
//	checksum  damaged on the way
//	cluster   another cluster's
type OpenError struct {
	Reason string
	Detail string // for people; foreign bytes in it are quoted
}

// Error returns Detail behind what failed.
func (e *OpenError) Error() string { return "open envelope: " + e.Detail }

var (
	errShort    = &OpenError{"short", fmt.Sprintf("cut off: an envelope has at least %d bytes", minEnvelope)}
	errMagic    = &OpenError{"magic", "not heartsay: it does not begin with \"hs\""}
	errFormat   = &OpenError{"format", "its format is not 1: the sender runs another version of heartsay"}
	errClass    = &OpenError{"class", "a packet's envelope came in a stream, or a stream's in a packet"}
	errKey      = &OpenError{"key", "it is sealed with a key, and this agent has none: give it one with --key-file"}
	errChecksum = &OpenError{"checksum", "the checksum does not match: it was damaged on the way"}
)

// Envelope seals what one agent sends, and opens what others of its cluster sent. It is safe for concurrent use.
type Envelope struct {
	cluster string
	boot    uint64
	counter atomic.Uint64 // of the envelope sealed last
}

// NewEnvelope returns the envelope of an agent of a cluster. The boot id must be random for each start of the agent.
// It panics when the cluster's name is no valid name; the configuration is checked long before.
func NewEnvelope(cluster string, boot uint64) *Envelope {
	if err := membership.ValidateName(cluster); err != nil {
		panic("seal: new envelope: cluster " + err.Error())
	}
	return &Envelope{cluster: cluster, boot: boot}
}

// Overhead returns how many bytes a sealed payload is longer than the payload.
func (e *Envelope) Overhead() int { return PlainOverhead(e.cluster) }

// PlainOverhead returns how many bytes the [Envelope] of a cluster adds.
func PlainOverhead(cluster string) int { return envelopeFixed + len(cluster) + envelopeCRC }

// Seal appends the sealed payload to dst and returns the longer slice. It allocates only when dst has no room for it.
// The payload must not lie in the free part of dst.
func (e *Envelope) Seal(dst []byte, class Class, payload []byte) []byte {
	start := len(dst)
	dst = append(dst, envelopeMagic...)
	dst = append(dst, envelopeFormat, byte(class))
	dst = binary.BigEndian.AppendUint32(dst, 0) // no key
	dst = binary.BigEndian.AppendUint64(dst, e.boot)
	dst = binary.BigEndian.AppendUint64(dst, e.counter.Add(1))
	dst = append(dst, byte(len(e.cluster)))
	dst = append(dst, e.cluster...)
	dst = append(dst, payload...)
	return binary.BigEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli))
}

// Open returns the payload in b, which must be one whole envelope of the class and of this cluster (R1). The payload
// is a part of b. Every error is an [*OpenError].
func (e *Envelope) Open(b []byte, class Class) (payload []byte, err error) {
	if len(b) < minEnvelope {
		return nil, errShort
	}
	if err := checkOpening(b, class); err != nil {
		return nil, err
	}
	if binary.BigEndian.Uint32(b[4:]) != 0 {
		return nil, errKey
	}
	body := b[:len(b)-envelopeCRC]
	if crc32.Checksum(body, castagnoli) != binary.BigEndian.Uint32(b[len(body):]) {
		return nil, errChecksum
	}
	n := int(body[envelopeFixed-1])
	if n == 0 || n > membership.MaxNameLength || n > len(body)-envelopeFixed {
		return nil, &OpenError{"cluster", fmt.Sprintf("a cluster's name cannot have %d bytes here", n)}
	}
	rest := body[envelopeFixed:]
	if string(rest[:n]) != e.cluster {
		return nil, &OpenError{"cluster", fmt.Sprintf("it is for the cluster %q, and this agent is in %q",
			rest[:n], e.cluster)}
	}
	return rest[n:], nil
}

// MayBeEnvelope reports whether b may be an envelope: it is long enough and begins like one. That costs next to nothing.
func MayBeEnvelope(b []byte) bool { return len(b) >= minEnvelope && string(b[:2]) == envelopeMagic }

// checkOpening returns an error when the first 4 bytes of b are not those of an envelope of the class.
func checkOpening(b []byte, class Class) error {
	switch {
	case string(b[:2]) != envelopeMagic:
		return errMagic
	case b[2] != envelopeFormat:
		return errFormat
	case b[3] != byte(class):
		return wrongClass(Class(b[3]), class)
	}
	return nil
}

// wrongClass returns the error for one class in the place of another. A stream that begins with a frame of the other
// kind is one of somebody with a key to somebody without, or the other way round.
func wrongClass(got, want Class) error {
	switch {
	case want == ClassOpening && got == ClassStream:
		return errPlain
	case want == ClassStream && got == ClassOpening, want == ClassPacket && got == ClassHello:
		return errKey
	}
	return errClass
}

// SealPacket returns the payload in an envelope, whomever it is for.
func (e *Envelope) SealPacket(_ netip.AddrPort, payload []byte, _ time.Time) []byte {
	return e.Seal(make([]byte, 0, len(payload)+e.Overhead()), ClassPacket, payload)
}

// OpenPacket returns the payload of a packet.
func (e *Envelope) OpenPacket(b []byte, _ netip.AddrPort, _ time.Time) ([]byte, []Packet, error) {
	payload, err := e.Open(b, ClassPacket)
	return payload, nil, err
}

// OpenStream returns e: every frame of a plain stream stands for itself.
func (e *Envelope) OpenStream(net.Conn, bool, time.Time) (Framing, error) { return e, nil }

// Met returns nil: nothing waits to be sent without a key.
func (e *Envelope) Met(netip.AddrPort, time.Time) []Packet { return nil }
