package gossip

import "heartsay/gossip/wire"

// Reuse takes outputs back from a caller that has done with them: the messages in packets are encoded, or dropped. The
// next messages are then made in the same memory, and a member in steady state allocates nothing. A caller that does
// not call it may keep messages for as long as it likes. Events, and messages on streams, remain the caller's.
func (e *Engine) Reuse(out Outputs) { e.outbox.spare.reuse(out) }

// spare is memory for the next messages: as much as the outputs of one input took at most.
type spare struct {
	messages []Envelope
	digests  []*wire.Digest
	deltas   []*wire.Delta
	bytes    [][]byte
}

func (s *spare) reuse(out Outputs) {
	for _, env := range out.Messages {
		switch m := env.Message.(type) {
		case *wire.Digest:
			s.keep(m.Columns)
			*m = wire.Digest{}
			s.digests = append(s.digests, m)
		case *wire.Delta:
			s.keepDelta(m)
		}
	}
	if len(out.Messages) > 0 {
		clear(out.Messages) // lets go of the others
		s.messages = out.Messages[:0]
	}
}

func (s *spare) keep(b []byte) {
	if cap(b) > 0 {
		s.bytes = append(s.bytes, b[:0])
	}
}

func (s *spare) keepDelta(d *wire.Delta) {
	s.keep(d.Updates)
	s.keep(d.Listings)
	*d = wire.Delta{}
	s.deltas = append(s.deltas, d)
}

// copyOf returns a copy of b, nil when it is empty.
func (s *spare) copyOf(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	var room []byte
	if n := len(s.bytes); n > 0 {
		room, s.bytes = s.bytes[n-1], s.bytes[:n-1]
	}
	return append(room, b...)
}

// digest returns a copy of a digest.
func (s *spare) digest(of wire.Digest) *wire.Digest {
	var d *wire.Digest
	if n := len(s.digests); n > 0 {
		d, s.digests = s.digests[n-1], s.digests[:n-1]
	} else {
		d = &wire.Digest{}
	}
	*d = of
	d.Columns = s.copyOf(of.Columns)
	return d
}

// delta returns an empty delta.
func (s *spare) delta() *wire.Delta {
	n := len(s.deltas)
	if n == 0 {
		return &wire.Delta{}
	}
	d := s.deltas[n-1]
	s.deltas = s.deltas[:n-1]
	return d
}
