package membership

// slabSize is how many members a slab holds: at 64 B each they just fill 32 KiB, beyond which memory is dealt in pages.
const slabSize = 512

// slabs are where members live. A member never moves, those that are learned of one after the other lie beside each
// other, and the place of one that was removed is given to the next.
type slabs struct {
	rest []Member  // of the newest slab: not yet given away
	free []*Member // given back
}

// take returns a place for a member. What stands there is of no meaning.
func (s *slabs) take() *Member {
	if n := len(s.free); n > 0 {
		m := s.free[n-1]
		s.free = s.free[:n-1]
		return m
	}
	if len(s.rest) == 0 {
		s.rest = make([]Member, slabSize)
	}
	m := &s.rest[0]
	s.rest = s.rest[1:]
	return m
}

// put takes back the place of a member that nobody refers to any more.
func (s *slabs) put(m *Member) {
	*m = Member{} // lets go of its record
	s.free = append(s.free, m)
}

// reserve sees to it that the next n members lie side by side.
func (s *slabs) reserve(n int) {
	if n -= len(s.free) + len(s.rest); n > 0 && len(s.rest) == 0 {
		s.rest = make([]Member, n)
	}
}
