package seal

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// A life of an agent is known by its boot id, from which the key that it seals packets with is derived. A virtual machine
// that resumes twice from one snapshot has two agents with one boot id and one counter, which then seal two packets with one
// key and nonce. So an agent whose clocks have jumped begins another life ([Sealer.Renew]); what is meant for the life before
// is taken for a moment, until the others have heard of the new one.

// formerTime is how long packets for the life before are taken. In every interval something is sent to somebody.
const formerTime = 10 * time.Second

// life is which life of its agent a sealer is in.
type life struct {
	boot   uint64
	former uint64 // the one before; 0: none
	until  time.Time
}

// means reports whether a packet that names half of a boot id is meant for the life.
func (l *life) means(to uint32, now time.Time) bool {
	return to == half(l.boot) || to == half(l.former) && l.former != 0 && now.Before(l.until)
}

// has reports whether a boot id is the agent's own.
func (l *life) has(boot uint64) bool { return boot == l.boot || boot == l.former }

// NewBoot returns a random boot id, no half of which is 0.
func NewBoot() uint64 { return mixedBoot(nil) }

// mixedBoot returns a random boot id that depends on some more bytes as well.
func mixedBoot(more []byte) uint64 {
	var b [16]byte
	for {
		rand.Read(b[:])
		sum := sha256.Sum256(append(b[:], more...))
		if boot := binary.BigEndian.Uint64(sum[:]); boot>>32 != 0 && uint32(boot) != 0 {
			return boot
		}
	}
}

// half returns the part of a boot id that a sender repeats.
func half(boot uint64) uint32 { return uint32(boot >> 32) }

// Renew begins another life of the agent, and takes what is meant for the life before for 10 seconds. The boot id is random and
// depends on unique as well, in which the caller writes what differs between two machines that have the same random state,
// like their clocks.
func (s *Sealer) Renew(unique []byte, now time.Time) {
	boot := mixedBoot(unique)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.life = life{boot: boot, former: s.life.boot, until: now.Add(formerTime)}
	s.out = s.keys.packets(s.keys.ids[0], s.cluster, boot)
	s.peers.forgive()
}
