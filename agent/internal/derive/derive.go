// Package derive makes of a key of the cluster what it is known by and what is sealed with it: HKDF-SHA256 [RFC 5869].
// The keys of a file (agent/keyring) and the keys that a program hands in as bytes (agent/seal) go through it, so that the
// same key means the same to all members.
package derive

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
)

// Size is how many bytes a key has.
const Size = 32

// Key is what is kept at hand of a key. The key itself cannot be told from it.
type Key struct {
	ID  uint32 // names the key in the clear; never 0
	prk []byte // [RFC 5869, 2.2]
}

// New returns what is needed of a key. The error says that it has not [Size] bytes, or is one that no random source
// gives.
func New(key []byte) (Key, error) {
	if len(key) != Size {
		return Key{}, fmt.Errorf("it has %d bytes: a key has %d", len(key), Size)
	}
	if bytes.Count(key, key[:1]) == len(key) {
		return Key{}, errors.New("all its bytes are the same: make a key with: heartsay keys gen")
	}
	prk, err := hkdf.Extract(sha256.New, key, []byte("heartsay key 1"))
	if err != nil {
		return Key{}, err
	}
	id, err := hkdf.Expand(sha256.New, prk, "id", 4)
	if err != nil {
		return Key{}, err
	}
	return Key{ID: max(binary.BigEndian.Uint32(id), 1), prk: prk}, nil
}

// Bytes returns so many bytes for one use, which info tells [RFC 5869, 2.3].
func (k Key) Bytes(info string, size int) ([]byte, error) {
	return hkdf.Expand(sha256.New, k.prk, info, size)
}
