package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"heartsay/agent/internal/derive"
)

// Keys is a set of keys to seal and open with, which never changes. A key is known by its id, which is never 0.
type Keys interface {
	// KeyIDs returns the ids of the keys that open, 8 at most. The first one seals.
	KeyIDs() []uint32
	// Derive returns so many bytes for one use, which info tells, from the key of an id that is among KeyIDs.
	Derive(id uint32, info string, size int) ([]byte, error)
	// RemovedOn returns the day on which a key was removed, and whether it ever was one of the set.
	RemovedOn(id uint32) (time.Time, bool)
}

// NewKeys returns the set of these keys, 32 random bytes each, of which the first seals and all open. It is for programs
// that hold keys as bytes; the keys of a file, which change while an agent runs, are agent/keyring's. The error says which
// key is none.
func NewKeys(keys ...[]byte) (Keys, error) {
	if len(keys) == 0 || len(keys) > maxHeld {
		return nil, fmt.Errorf("%d keys: 1 to %d are needed", len(keys), maxHeld)
	}
	var set keysOfBytes
	for i, key := range keys {
		k, err := derive.New(key)
		if err != nil {
			return nil, fmt.Errorf("key %d: %w", i+1, err)
		}
		set = append(set, k)
	}
	return set, nil
}

// keysOfBytes are keys without a memory of removed ones.
type keysOfBytes []derive.Key

func (set keysOfBytes) KeyIDs() (ids []uint32) {
	for _, k := range set {
		ids = append(ids, k.ID)
	}
	return ids
}

func (set keysOfBytes) Derive(id uint32, info string, size int) ([]byte, error) {
	i := slices.IndexFunc(set, func(k derive.Key) bool { return k.ID == id })
	if i < 0 {
		return nil, fmt.Errorf("no such key: %08x", id)
	}
	return set[i].Bytes(info, size)
}

func (set keysOfBytes) RemovedOn(uint32) (time.Time, bool) { return time.Time{}, false }

// KeyID is the id of a key.
type KeyID uint32

// String returns the id as eight hexadecimal digits, as people see it.
func (id KeyID) String() string { return fmt.Sprintf("%08x", uint32(id)) }

const (
	cipherKey = 32 // bytes of a key of AES-256
	maxHeld   = 8  // keys that one agent may open with
)

// heldKeys are the keys of a sealer, with what it needs of each packet at hand.
type heldKeys struct {
	set Keys
	ids []KeyID // the first one seals
}

func holdKeys(set Keys) heldKeys {
	k := heldKeys{set: set}
	for _, id := range set.KeyIDs() {
		k.ids = append(k.ids, KeyID(id))
	}
	return k
}

func (k heldKeys) has(id KeyID) bool { return slices.Contains(k.ids, id) }

// check returns an error when there is no key of an id. It tells one that was removed from one that was never here.
func (k heldKeys) check(id KeyID) error {
	if k.has(id) {
		return nil
	}
	if day, ok := k.set.RemovedOn(uint32(id)); ok {
		return &OpenError{"retired", fmt.Sprintf("it is sealed with key %s, which was removed here on %s: its sender "+
			"missed a rotation, give it the keys of today", id, day.Format(time.DateOnly))}
	}
	return &OpenError{"key", fmt.Sprintf("it is sealed with key %s, which this agent never had: a stranger, or this "+
		"agent missed a rotation; compare heartsay keys status here and there", id)}
}

// packets returns the cipher for what the life boot of an agent of the cluster seals with a key.
func (k heldKeys) packets(id KeyID, cluster string, boot uint64) cipher.AEAD {
	info := binary.BigEndian.AppendUint64([]byte("packet "+cluster+" "), boot)
	return k.aead(id, string(info))
}

// aead returns the cipher for one use of a key that is held.
func (k heldKeys) aead(id KeyID, info string) cipher.AEAD {
	secret, err := k.set.Derive(uint32(id), info, cipherKey)
	if err != nil {
		panic(fmt.Sprintf("seal: derive from key %s: %v", id, err)) // only when it is not held
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		panic(fmt.Sprintf("seal: %v", err)) // only of a key of another size
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(fmt.Sprintf("seal: %v", err))
	}
	return aead
}
