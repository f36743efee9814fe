package seal

import (
	"crypto/cipher"
	"encoding/binary"
	"net/netip"
	"sync"

	"heartsay/membership"
)

// With keys, the envelope of a packet and of a frame is sealed. It begins like a plain one, up to the counter:
//
//	bytes        field
//	0–1          magic, "hs"
//	2            format of the envelope, 1
//	3            class, see [Class]
//	4–7          id of the key
//	8–15         boot id, random for each start of the sender
//	16–23        counter of what the sender sealed since then, from 1
//	24–27        first half of the receiver's boot id; 0: the sender does not know it
//	28–          payload, encrypted
//	last 16      tag
//
// Cipher is AES-256-GCM under a key of the sender's own, HKDF-SHA256 of the shared key with the cluster's name and the
// boot id, so that two senders never share one. The nonce is the counter. Bytes 0 to 27 and the cluster's name are
// authenticated with the payload; the name is not sent.
//
// A packet tells which life of its receiver it is meant for. One that was recorded before the receiver's start is
// therefore refused after it, and one that comes twice within the same life is refused by its counter (replay.go). How
// a sender learns the boot id of a receiver is in handshake.go.
const (
	sealHeader = 28
	sealTag    = 16
	Overhead   = sealHeader + sealTag // bytes that a [Sealer] adds
)

// Classes of sealed envelopes beside those of plain ones.
const (
	ClassHello   Class = 3 // a packet that asks for a boot id, or tells one
	ClassOpening Class = 4 // the first frame of each side of a stream
)

// Reasons for refusals by an agent with keys. They come with those of [OpenError]:
//
//	plain     not sealed, and this agent has a key
//	key       sealed with a key that was never here
//	retired   sealed with a key that was removed here: a member that missed a rotation, or somebody with its packets
//	seal      the seal does not match: forged, damaged, or another cluster's
//	stale     for a former life of this agent, or of nobody yet
//	replay    came before, or so late that it cannot be told
//	hellos    its address asked too often for the boot id of this agent
//	leap      its counter is further ahead than its sender can have come
var (
	errPlain  = &OpenError{"plain", "it is not sealed, and this agent has a key: give its sender the same --key-file"}
	errSeal   = &OpenError{"seal", "its seal does not match: it was forged or damaged, or its sender is in another --cluster"}
	errStale  = &OpenError{"stale", "it is meant for a former life of this agent"}
	errHellos = &OpenError{"hellos", "its address has asked too often who listens here: an agent asks a few times, somebody replays its questions"}
	errHello  = &OpenError{"malformed", "a hello has not the shape of one"}
)

// Sealer seals what one agent sends and opens what others sent, with a set of keys that may be changed at any time. It
// is safe for concurrent use.
type Sealer struct {
	cluster string
	notes   refusals

	mu       sync.Mutex
	life     life
	keys     heldKeys
	counter  uint64      // of the envelope sealed last, whatever its class
	out      cipher.AEAD // for what this agent sends
	peers    peers
	contacts contacts
	answered answered
	nonce    [12]byte // scratch, so that nothing is allocated
	aad      []byte
}

// NewSealer returns the sealer of an agent of a cluster. The boot id must be random for each start of the agent, see
// [NewBoot]. It panics when the cluster's name is no valid name; the configuration is checked long before.
func NewSealer(cluster string, keys Keys, boot uint64) *Sealer {
	if err := membership.ValidateName(cluster); err != nil {
		panic("seal: new sealer: cluster " + err.Error())
	}
	s := &Sealer{cluster: cluster, life: life{boot: boot}, answered: newAnswered()}
	s.SetKeys(keys)
	return s
}

// SetKeys makes s seal with the first of keys and open with any of them, from now on.
func (s *Sealer) SetKeys(keys Keys) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys = holdKeys(keys)
	s.out = s.keys.packets(s.keys.ids[0], s.cluster, s.life.boot)
}

// Overhead returns how many bytes a sealed payload is longer than the payload.
func (s *Sealer) Overhead() int { return Overhead }

// seal appends payload, sealed for the life of the receiver to which a boot id's half belongs. The caller holds s.mu.
func (s *Sealer) seal(dst []byte, class Class, to uint32, payload []byte) []byte {
	s.counter++
	return s.sealAs(dst, class, s.life.boot, to, s.counter, s.out, s.keys.ids[0], payload)
}

// sealAs is seal with a boot id, a cipher and a counter of the caller's.
func (s *Sealer) sealAs(dst []byte, class Class, boot uint64, to uint32, counter uint64, aead cipher.AEAD, id KeyID,
	payload []byte) []byte {
	start := len(dst)
	dst = append(dst, envelopeMagic...)
	dst = append(dst, envelopeFormat, byte(class))
	dst = binary.BigEndian.AppendUint32(dst, uint32(id))
	dst = binary.BigEndian.AppendUint64(dst, boot)
	dst = binary.BigEndian.AppendUint64(dst, counter)
	dst = binary.BigEndian.AppendUint32(dst, to)
	s.bind(dst[start:], counter)
	return aead.Seal(dst, s.nonce[:], payload, s.aad)
}

// bind fills in nonce and associated data for an envelope with this header. The caller holds s.mu.
func (s *Sealer) bind(header []byte, counter uint64) {
	binary.BigEndian.PutUint64(s.nonce[4:], counter)
	s.aad = append(append(s.aad[:0], header...), s.cluster...)
}

// Packet is a packet that is ready to be sent.
type Packet struct {
	To    netip.AddrPort
	Bytes []byte
	Hello bool // it answers somebody who did not know this life of the agent
}
