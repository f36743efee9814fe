package gossip

import (
	"fmt"
	"time"

	"heartsay/membership"
)

// self is the member's own record and heartbeat, which nobody else may set (R3).
type self struct {
	record    *membership.Record
	hash      uint64 // of the name
	print     uint32 // of the record
	heartbeat uint64
	began     membership.Instant // the heartbeat counts the whole intervals since then
	leaving   leaving
}

// begin starts a life. Its first heartbeat is 1, so it begins one interval back.
func (s *self) begin(now membership.Instant, record *membership.Record) {
	s.set(record)
	s.heartbeat, s.began = 1, now.Add(-record.Interval)
}

func (s *self) set(r *membership.Record) {
	s.record, s.hash, s.print = r, membership.HashName(r.Name), r.Fingerprint()
}

// bump advances the heartbeat to the whole intervals elapsed since the life began (R4): by 1, or by k after a stall
// of k intervals. It never goes back.
func (s *self) bump(now membership.Instant) {
	s.heartbeat = max(s.heartbeat, uint64(now.Sub(s.began)/s.record.Interval))
}

// counter returns the highest counter of this life that others may know: that of the heartbeat, or of the record, which
// runs ahead of it when several changes fall into one interval.
func (s *self) counter() uint64 { return max(s.heartbeat, s.record.Version) }

// nextBump returns when the heartbeat rises next.
func (s *self) nextBump() membership.Instant {
	return s.began.Add(time.Duration(s.heartbeat+1) * s.record.Interval)
}

// change replaces the record by one that its owner changed now, and makes that news. The version is the heartbeat of
// the change, or one above the last version when both fall into one interval.
func (e *Engine) change(set func(*membership.Record)) {
	r := *e.self.record
	set(&r)
	e.self.bump(e.now)
	r.Version = max(e.self.heartbeat, r.Version+1)
	e.self.set(&r)
	e.addNews(r.Name)
}

// SetTags replaces this member's tags. The error says what is wrong with them; then nothing changed.
func (e *Engine) SetTags(now time.Time, tags membership.Tags) (Outputs, error) {
	e.enter(now)
	if err := membership.ValidateTags(tags); err != nil {
		return e.leaveWith(), fmt.Errorf("set tags: %w", err)
	}
	e.change(func(r *membership.Record) { r.Tags = tags })
	e.emit(membership.EventUpdate, e.selfView(), "tags set")
	return e.leaveWith(), nil
}

// rebirth starts a new life above an incarnation that somebody still tells of (R14): an older life of this member
// whose clock ran ahead, or a forgery. It does so once in a while at most, so that a flood of forgeries stays a flood
// of theirs.
func (e *Engine) rebirth(above uint64) {
	if e.now < e.nextRebirth {
		return
	}
	e.nextRebirth = e.now.Add(rebirthEvery * e.self.record.Interval)
	r := *e.self.record
	r.Incarnation, r.Version = above+1, 1
	e.self.begin(e.now, &r)
	e.nextRound = e.self.nextBump()
	e.addNews(r.Name)
	e.emit(membership.EventUpdate, e.selfView(), fmt.Sprintf("new incarnation, above %d that others still tell of", above))
}

// rebirthEvery is how many intervals pass at least between two new lives.
const rebirthEvery = 8

func (e *Engine) selfEntry() membership.Entry {
	return membership.Entry{Record: e.self.record, Heartbeat: e.self.heartbeat}
}
