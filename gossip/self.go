package gossip

import (
	"fmt"
	"net/netip"
	"time"

	"heartsay/gossip/wire"
	"heartsay/membership"
)

// Self is the member's own record and heartbeat, which nobody else may set (R3), and the timer of its rounds (R4).
//
// A life begins with heartbeat 1. The heartbeat counts the whole intervals since then. The owner's changes raise the
// version of the record. The engine alone changes self; every other part reads it.
type self struct {
	record      *membership.Record
	hash        uint64 // of the name
	fingerprint uint32 // of the record
	heartbeat   uint64
	began       membership.Instant // the heartbeat counts the whole intervals since then

	nextRound       membership.Instant
	nextIncarnation membership.Instant // before it no further new incarnation begins
}

// newIncarnationEvery is how many intervals pass at least between two new incarnations.
const newIncarnationEvery = 8

// begin starts a life. Its first heartbeat is 1, so it begins one interval back.
func (s *self) begin(now membership.Instant, record *membership.Record) {
	s.set(record)
	s.heartbeat, s.began = 1, now.Add(-record.Interval)
	s.nextRound = s.nextBump()
}

func (s *self) set(r *membership.Record) {
	s.record, s.hash, s.fingerprint = r, membership.HashName(r.Name), r.Fingerprint()
}

// bump advances the heartbeat to the whole intervals elapsed since the life began (R4): by 1, or by k after a stall
// of k intervals. It never goes back.
func (s *self) bump(now membership.Instant) {
	s.heartbeat = max(s.heartbeat, uint64(now.Sub(s.began)/s.record.Interval))
}

// nextBump returns when the heartbeat rises next.
func (s *self) nextBump() membership.Instant {
	return s.began.Add(time.Duration(s.heartbeat+1) * s.record.Interval)
}

// counter returns the highest counter of this life that others may know: that of the heartbeat, or the version of the
// record, which runs ahead of it when several changes fall into one interval.
func (s *self) counter() uint64 { return max(s.heartbeat, s.record.Version) }

// change replaces the record by one that its owner changed now. The version is the heartbeat of the change, or one above
// the last version when both fall into one interval.
func (s *self) change(now membership.Instant, set func(*membership.Record)) {
	r := *s.record
	set(&r)
	s.bump(now)
	r.Version = max(s.heartbeat, r.Version+1)
	s.set(&r)
}

func (s *self) entry() membership.Entry {
	return membership.Entry{Record: s.record, Heartbeat: s.heartbeat}
}

func (s *self) state() membership.State {
	if s.record.Leaving {
		return membership.Left
	}
	return membership.Alive
}

// view returns how this member shows itself.
func (s *self) view(c *clock) membership.View {
	since := s.began.Add(s.record.Interval)
	if s.record.Leaving {
		since = c.now
	}
	return membership.View{Record: s.record, Heartbeat: s.heartbeat, State: s.state(), Since: c.time(since)}
}

// stamp fills in the header of a message of this member to another.
func (s *self) stamp(h *wire.Header, to string) {
	h.From, h.Incarnation, h.Heartbeat, h.To = s.record.Name, s.record.Incarnation, s.heartbeat, to
}

// change changes this member's own record, and makes that news.
func (e *Engine) change(set func(*membership.Record)) {
	e.self.change(e.clock.now, set)
	e.rumours.addNews(e.self.record.Name)
}

// SetTags replaces this member's tags. The error says what is wrong with them; then nothing changed.
func (e *Engine) SetTags(now time.Time, tags membership.Tags) (Outputs, error) {
	e.enter(now)
	if err := membership.ValidateTags(tags); err != nil {
		return e.finish(), fmt.Errorf("set tags: %w", err)
	}
	e.change(func(r *membership.Record) { r.Tags = tags })
	e.outbox.emit(membership.EventUpdate, e.self.view(&e.clock), "tags set")
	return e.finish(), nil
}

// newIncarnation starts a new life above an incarnation that somebody still tells of (R14): an older life of this member
// whose clock ran ahead, or a forgery. It does so once in 8 intervals at most, so that a flood of forgeries causes no flood
// of new incarnations.
func (e *Engine) newIncarnation(above uint64) {
	s, now := &e.self, e.clock.now
	if now < s.nextIncarnation {
		return
	}
	s.nextIncarnation = now.Add(newIncarnationEvery * s.record.Interval)
	e.beginAnew(above+1, fmt.Sprintf("new incarnation, above %d that others still tell of", above))
}

// beginAnew starts a new life with an incarnation, and with what else changes in the record.
func (e *Engine) beginAnew(incarnation uint64, reason string, change ...func(*membership.Record)) {
	r := *e.self.record
	r.Incarnation, r.Version = incarnation, 1
	for _, set := range change {
		set(&r)
	}
	e.self.begin(e.clock.now, &r)
	e.rumours.addNews(r.Name)
	e.outbox.emit(membership.EventUpdate, e.self.view(&e.clock), reason)
}

// Move makes this member one at another address from now on, because its host has lost the one before. That begins a new
// life: its incarnation wins over the old record wherever that is told, as after a restart, and nobody has to find the old
// address dead. A member that is there already, or is leaving, stays as it is. The error says what is wrong with the address;
// then nothing changed.
func (e *Engine) Move(now time.Time, to netip.AddrPort) (Outputs, error) {
	e.enter(now)
	own := e.self.record
	if err := membership.ValidateAddress(to); err != nil {
		return e.finish(), fmt.Errorf("move to another address: %w", err)
	}
	if to != own.Address && !own.Leaving {
		e.beginAnew(own.Incarnation+1, "new incarnation, moved from "+own.Address.String(), func(r *membership.Record) { r.Address = to })
	}
	return e.finish(), nil
}
