package ui

import (
	"cmp"
	"slices"
	"time"
)

// boardReader is the place of one page in a board. The zero value has read nothing.
type boardReader struct {
	version uint64
	polls   uint64
}

// next returns what changed since the reader's place, all when that is the start or too far back, and moves the place.
// The channel is closed at the next change.
func (b *board) next(r *boardReader, now time.Time) (frame, <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f := frame{Now: now.UnixMilli(), Slot: b.slot, Ended: b.ended}
	f.Full = r.version == 0 || b.polls > r.polls+1 || r.version < b.lostAt
	after := r.version
	if f.Full {
		after = 0
	}
	b.tellAgent(&f, after)
	b.tellMembers(&f, after)
	f.Lines = b.lines.after(after)
	r.version, r.polls = b.version, b.polls
	return f, b.news
}

func (b *board) tellAgent(f *frame, after uint64) {
	if f.Full || b.statusAt > after {
		status := b.status
		f.Agent = &status
	}
	if b.selfAt > after {
		self := b.self
		f.Self, f.Cluster = &self, b.cluster
	}
}

func (b *board) tellMembers(f *frame, after uint64) {
	for _, r := range b.rows {
		if r.changed > after {
			m := r.member
			if f.Full {
				m.Phi = r.phi.list(b.slot)
			}
			f.Members = append(f.Members, m)
		}
		if r.sampled > after {
			f.Samples = append(f.Samples, r.sample)
		}
	}
	for _, g := range b.gone {
		if g.at > after && !f.Full {
			f.Gone = append(f.Gone, g.id)
		}
	}
	slices.SortFunc(f.Members, func(a, b memberFrame) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(f.Samples, func(a, b sample) int { return cmp.Compare(a[0], b[0]) })
}
