package membership

import "slices"

// index lists members by the hash of their names, and those of one hash by name. The hashes stand apart, so that a
// search looks at little memory and at no member but the last.
type index struct {
	hashes  []uint64
	members []*Member // in the same order
	starts  []int     // where each bucket begins, of the number of buckets asked for last; empty after each change
}

// search returns the place of a name, or the one where it belongs, and whether it is there.
func (x *index) search(hash uint64, name string) (at int, found bool) {
	for at = x.first(hash); at < len(x.hashes) && x.hashes[at] == hash; at++ {
		if known := x.members[at].Record.Name; known >= name {
			return at, known == name
		}
	}
	return at, false
}

// first returns the first place whose hash is not below the one given. Hashes are spread evenly, so it is near where
// the hash lies between 0 and 2⁶⁴: the search goes from there in steps that double, and then halves the last one. Names
// that are chosen to crowd make it no slower than twice a search by halves.
func (x *index) first(hash uint64) int {
	n := len(x.hashes)
	low, high := 0, n // the place is in [low, high]
	guess, step := scale(hash, n), 1
	if guess < n && x.hashes[guess] < hash {
		for low = guess + 1; low+step < n && x.hashes[low+step-1] < hash; step *= 2 {
			low += step
		}
		high = min(low+step, n)
	} else {
		for high = guess; high-step >= 0 && x.hashes[high-step] >= hash; step *= 2 {
			high -= step
		}
		low = max(high-step, 0)
	}
	for low < high {
		if mid := int(uint(low+high) / 2); x.hashes[mid] < hash {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}

// bucket returns where the members begin and end the hashes of whose names begin with the given bits.
func (x *index) bucket(number, bits int) (from, to int) {
	if len(x.starts) != 1<<bits+1 {
		x.starts = x.starts[:0]
		for b := range 1 << bits {
			x.starts = append(x.starts, x.first(uint64(b)<<(64-bits)))
		}
		x.starts = append(x.starts, len(x.hashes))
	}
	return x.starts[number], x.starts[number+1]
}

func (x *index) insert(at int, hash uint64, m *Member) {
	x.starts = x.starts[:0]
	x.hashes = slices.Insert(x.hashes, at, hash)
	x.members = slices.Insert(x.members, at, m)
}

func (x *index) remove(at int) {
	x.starts = x.starts[:0]
	x.hashes = slices.Delete(x.hashes, at, at+1)
	x.members = slices.Delete(x.members, at, at+1)
}

func (x *index) reserve(n int) {
	if n > 0 {
		x.hashes, x.members = slices.Grow(x.hashes, n), slices.Grow(x.members, n)
	}
}
