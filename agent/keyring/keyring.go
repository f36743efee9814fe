// Package keyring holds the keys of a cluster: which one seals, which open, which were removed.
//
// A set of keys, [Keys], never changes; a rotation makes another one (change.go), in memory or in the file that has them
// (file.go). The agent reads that file at its start and when it is told to, and commands change it. No key leaves the
// set but into its file: the code that seals gets bytes that are derived from one, by [Keys.Derive]. memberlist's Keyring
// holds the keys themselves.
package keyring

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/hashicorp/memberlist"

	"heartsay/agent/internal/derive"
)

// Bounds of a set of keys.
const (
	keySize    = derive.Size
	maxKeys    = 8
	maxRetired = 64 // ids of removed keys that are remembered
)

// ID names a key without telling anything else of it: four bytes derived from it, never 0. It travels in the clear
// in front of all that is sealed with the key.
type ID uint32

// String returns the id as eight hexadecimal digits, as people see it.
func (id ID) String() string { return fmt.Sprintf("%08x", uint32(id)) }

// ParseID returns the id that s writes.
func ParseID(s string) (ID, error) {
	n, err := strconv.ParseUint(s, 16, 32)
	if err != nil || len(s) != 8 || n == 0 {
		return 0, fmt.Errorf("key id %q: an id has eight hexadecimal digits, see: heartsay keys status", s)
	}
	return ID(n), nil
}

// Retired is the memory of a key that was removed. The key itself is gone: the id tells a member that missed the
// rotation from a stranger, and opens nothing.
type Retired struct {
	ID   ID
	When time.Time // the day
}

// Keys is a set of keys, of which the first seals and all open. It never changes; a rotation makes another set. No
// method but [Keys.File] gives a key away.
type Keys struct {
	ring    *memberlist.Keyring // its own copy, so that nobody can change what is handed out
	derived []derivedKey        // in the order of the ring
	retired []Retired
}

// derivedKey is what is kept at hand of a key.
type derivedKey struct {
	id ID
	derive.Key
}

// New returns the set of these keys, of 32 bytes each, the first of which seals.
func New(keys [][]byte, retired []Retired) (*Keys, error) {
	if len(keys) == 0 {
		return nil, errors.New("there is no key in it: make one with: heartsay keys gen")
	}
	if len(keys) > maxKeys || len(retired) > maxRetired {
		return nil, fmt.Errorf("%d keys and %d retired ones: at most %d and %d are allowed", len(keys), len(retired),
			maxKeys, maxRetired)
	}
	k := &Keys{retired: retired}
	for i, key := range keys {
		d, err := deriveKey(key)
		if err != nil {
			return nil, fmt.Errorf("key %d: %w", i+1, err)
		}
		if k.find(d.id) != nil {
			return nil, fmt.Errorf("key %d: the key with the id %s is there twice", i+1, d.id)
		}
		k.derived = append(k.derived, d)
	}
	ring, err := memberlist.NewKeyring(copyKeys(keys[1:]), bytes.Clone(keys[0]))
	k.ring = ring
	return k, err
}

func copyKeys(keys [][]byte) [][]byte {
	all := make([][]byte, len(keys))
	for i, key := range keys {
		all[i] = bytes.Clone(key)
	}
	return all
}

func deriveKey(key []byte) (derivedKey, error) {
	d, err := derive.New(key)
	return derivedKey{ID(d.ID), d}, err
}

// Generate returns a new random key, as a line of a key file.
func Generate() string {
	key := make([]byte, keySize)
	rand.Read(key) // never fails: the program ends if the system has no randomness
	return encodeKey(key)
}

func encodeKey(key []byte) string { return base64.StdEncoding.EncodeToString(key) }

// Primary returns the id of the key that seals.
func (k *Keys) Primary() ID { return k.derived[0].id }

// IDs returns the ids of the keys that open, the one that seals first.
func (k *Keys) IDs() []ID {
	ids := make([]ID, len(k.derived))
	for i, d := range k.derived {
		ids[i] = d.id
	}
	return ids
}

// Retired returns the ids of removed keys.
func (k *Keys) Retired() []Retired { return append([]Retired(nil), k.retired...) }

// find returns the key of an id, nil when there is none.
func (k *Keys) find(id ID) *derivedKey {
	for i := range k.derived {
		if k.derived[i].id == id {
			return &k.derived[i]
		}
	}
	return nil
}

// The methods that follow are what seal.Keys asks for.

// KeyIDs returns the ids of the keys that open, the one that seals first.
func (k *Keys) KeyIDs() []uint32 {
	ids := make([]uint32, len(k.derived))
	for i, d := range k.derived {
		ids[i] = uint32(d.id)
	}
	return ids
}

// Derive returns so many bytes for one use, which info tells, from the key of an id [RFC 5869, 2.3]. It is an error
// when there is no such key.
func (k *Keys) Derive(id uint32, info string, size int) ([]byte, error) {
	d := k.find(ID(id))
	if d == nil {
		return nil, fmt.Errorf("%w: %s is not among %v", ErrUnknown, ID(id), k.IDs())
	}
	return d.Bytes(info, size)
}

// RemovedOn returns the day on which the key of an id was removed, and whether it was.
func (k *Keys) RemovedOn(id uint32) (time.Time, bool) {
	for _, r := range k.retired {
		if r.ID == ID(id) {
			return r.When, true
		}
	}
	return time.Time{}, false
}
