package membership

import "slices"

// index lists members by the hash of their names, and those of one hash by name. The hashes stand apart, so that a
// search looks at little memory and at no member but the last.
type index struct {
	hashes  []uint64
	members []*Member // in the same order
	buckets []section // of the number of buckets asked for last, and what follows on the last one
}

// section is where a bucket begins in the index, and what is known of its members until one of them changes.
type section struct {
	from         int
	fingerprints uint32 // sum
	gone         int    // members that are not present
	counted      bool   // the two above are right
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
// that are chosen to lie close together make it no slower than twice a search by halves.
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

// bucket returns the members the hashes of whose names begin with the given bits.
func (x *index) bucket(number, bits int) Bucket {
	if len(x.buckets) != 1<<bits+1 {
		x.deal(bits)
	}
	s := &x.buckets[number]
	members := x.members[s.from:x.buckets[number+1].from]
	if !s.counted {
		s.count(members)
	}
	return Bucket{From: s.from, Members: members, Fingerprints: s.fingerprints, Gone: s.gone}
}

// deal deals all members into 2^bits buckets.
func (x *index) deal(bits int) {
	x.buckets = x.buckets[:0]
	for b := range 1 << bits {
		x.buckets = append(x.buckets, section{from: x.first(uint64(b) << (64 - bits))})
	}
	x.buckets = append(x.buckets, section{from: len(x.hashes)})
}

func (s *section) count(members []*Member) {
	s.fingerprints, s.gone, s.counted = 0, 0, true
	for _, m := range members {
		s.fingerprints += m.Fingerprint
		if !m.State.Present() {
			s.gone++
		}
	}
}

// changed takes note that a member of that hash is another one, or has another fingerprint or state.
func (x *index) changed(hash uint64) { x.shift(hash, 0) }

// shift takes note that there are so many members more of that hash.
func (x *index) shift(hash uint64, by int) {
	if len(x.buckets) == 0 {
		return
	}
	number := scale(hash, len(x.buckets)-1)
	x.buckets[number].counted = false
	for b := number + 1; b < len(x.buckets) && by != 0; b++ {
		x.buckets[b].from += by
	}
}

func (x *index) insert(at int, hash uint64, m *Member) {
	x.shift(hash, 1)
	x.hashes = slices.Insert(x.hashes, at, hash)
	x.members = slices.Insert(x.members, at, m)
}

func (x *index) remove(at int) {
	x.shift(x.hashes[at], -1)
	x.hashes = slices.Delete(x.hashes, at, at+1)
	x.members = slices.Delete(x.members, at, at+1)
}

func (x *index) reserve(n int) {
	if n > 0 {
		x.hashes, x.members = slices.Grow(x.hashes, n), slices.Grow(x.members, n)
	}
}
