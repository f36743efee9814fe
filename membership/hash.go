package membership

import (
	"encoding/binary"
	"math/bits"
)

// HashName returns the place of a name in the order in which digests list members. It is the same everywhere, and its
// high bits are as good as random, so that they can deal members into buckets.
func HashName(name string) uint64 {
	const offset, prime = 14695981039346656037, 1099511628211 // FNV-1a, 64 bits
	h := uint64(offset)
	for i := range len(name) {
		h = (h ^ uint64(name[i])) * prime
	}
	return mix(h)
}

// Fingerprint returns a number that tells which record of which incarnation this is: two that differ have the same one in one
// of 2³² cases.
func (r *Record) Fingerprint() uint32 {
	ip, port := r.Address.Addr().As16(), uint64(r.Address.Port()) // clones differ in nothing else
	address := mix(binary.BigEndian.Uint64(ip[:8])) ^ binary.BigEndian.Uint64(ip[8:]) ^ port<<48
	return uint32(mix(HashName(r.Name)^mix(r.Incarnation)^mix(r.Version)>>1^mix(address)>>2) >> 32)
}

// mix spreads every bit of h over all bits: the finaliser of MurmurHash3.
func mix(h uint64) uint64 {
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

// scale returns where a hash lies among n equal parts of all hashes, from 0 to n−1.
func scale(hash uint64, n int) int {
	part, _ := bits.Mul64(hash, uint64(n))
	return int(part)
}
