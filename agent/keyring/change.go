package keyring

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Reasons why a set of keys is not changed, to tell apart with [errors.Is].
var (
	ErrUnknown = errors.New("no such key")
	ErrInUse   = errors.New("key is in use")
)

// Add returns the set with the keys of another one behind its own. Keys that are there already stay as they are; one
// that was retired comes back.
func (k *Keys) Add(others *Keys) (*Keys, error) {
	keys, retired := k.ring.GetKeys(), k.Retired()
	keys = slices.Clone(keys)
	for i, d := range others.derived {
		retired = slices.DeleteFunc(retired, func(r Retired) bool { return r.ID == d.id })
		if k.find(d.id) == nil {
			keys = append(keys, others.ring.GetKeys()[i])
		}
	}
	return New(keys, retired)
}

// Use returns the set in which the key of that id seals.
func (k *Keys) Use(id ID) (*Keys, error) {
	i := slices.IndexFunc(k.derived, func(d derivedKey) bool { return d.id == id })
	if i < 0 {
		return nil, fmt.Errorf("%w: %s is not among %v: add it first, with: heartsay keys add", ErrUnknown, id, k.IDs())
	}
	keys := slices.Clone(k.ring.GetKeys())
	first := keys[i]
	return New(append([][]byte{first}, slices.Delete(keys, i, i+1)...), k.Retired())
}

// Remove returns the set without the key of that id, which is remembered as retired today. The key that seals cannot
// be removed.
func (k *Keys) Remove(id ID, today time.Time) (*Keys, error) {
	i := slices.IndexFunc(k.derived, func(d derivedKey) bool { return d.id == id })
	switch {
	case i < 0:
		return nil, fmt.Errorf("%w: %s is not among %v", ErrUnknown, id, k.IDs())
	case i == 0:
		return nil, fmt.Errorf("%w: %s seals what this member sends: use another one first, with: heartsay keys use",
			ErrInUse, id)
	}
	retired := append(k.Retired(), Retired{ID: id, When: today})
	retired = retired[max(0, len(retired)-maxRetired):] // the oldest are forgotten
	return New(slices.Delete(slices.Clone(k.ring.GetKeys()), i, i+1), retired)
}
