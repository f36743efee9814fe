package sim

import "time"

// health is the truth about the members, as no observer can know it. A member is healthy while it runs and is neither
// frozen, nor blocked, nor cut off: with all its packets of one direction lost, or on another than the largest side of
// a partition. It is not healthy yet for a while, settle, after that has ended or it was started. A member that is
// blocked again and again is not healthy between.
type health struct {
	settle time.Duration
	rows   []condition

	side       map[int]int   // of a partition, 0 for those that are not in it
	largest    int           // side of the partition
	parted     bool          // there is a partition
	unitedAt   time.Duration // when the last one had settled
	everParted bool          // there was one
}

type condition struct {
	down     bool          // it crashed
	downAt   time.Duration // when
	gone     bool          // it leaves or has left
	struck   int           // faults that last
	returned time.Duration // when it had settled after the last one
}

func newHealth(settle time.Duration) *health { return &health{settle: settle} }

func (h *health) of(i int) *condition {
	for i >= len(h.rows) {
		h.rows = append(h.rows, condition{})
	}
	return &h.rows[i]
}

func (h *health) starts(i int, at time.Duration) {
	c := h.of(i)
	*c = condition{returned: at + h.settle}
}

func (h *health) crashes(i int, at time.Duration) { c := h.of(i); c.down, c.downAt = true, at }
func (h *health) leaves(i int)                    { h.of(i).gone = true }
func (h *health) strike(i int)                    { h.of(i).struck++ }

func (h *health) release(i int, now time.Duration) {
	c := h.of(i)
	c.struck = max(0, c.struck-1)
	c.returned = now + h.settle
}

// part notes a partition among all members that ever were.
func (h *health) part(side map[int]int, members int) {
	h.side, h.parted, h.everParted = side, true, true
	count := make([]int, 3)
	for i := range members {
		count[side[i]]++
	}
	h.largest = 0
	for k, n := range count {
		if n > count[h.largest] {
			h.largest = k
		}
	}
}

func (h *health) unite(now time.Duration) { h.parted, h.unitedAt = false, now+h.settle }

// divided reports whether a partition is there, or was until lately.
func (h *health) divided(now time.Duration) bool {
	return h.everParted && (h.parted || now < h.unitedAt)
}

// healthySince reports whether the member has been healthy from since until now.
func (h *health) healthySince(i int, since, now time.Duration) bool {
	c := h.of(i)
	return !c.down && !c.gone && c.struck == 0 && c.returned <= since &&
		!(h.divided(max(since, 0)) && h.side[i] != h.largest)
}

// healthy reports whether the member is healthy now.
func (h *health) healthy(i int, now time.Duration) bool { return h.healthySince(i, now, now) }

// blameless reports whether an observer that suspects the subject or declares it dead now is not wrong: the subject does not
// run or is not healthy, or a partition divides the two, or did until lately.
func (h *health) blameless(observer, subject int, now time.Duration) bool {
	c := h.of(subject)
	return c.down || c.gone || c.struck > 0 || c.returned > now ||
		h.divided(now) && h.side[observer] != h.side[subject]
}
