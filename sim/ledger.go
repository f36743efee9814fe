package sim

import (
	"time"

	"heartsay/membership"
)

// ledger keeps what observers hold of subjects, as their events tell it, and compares it with the truth. A run tells it of
// all events and crashes, and takes its counts into the report.
type ledger struct {
	health           *health
	members          int // that start at first
	rows             [][]belief
	falselySuspected map[pair]time.Duration // pairs with a false suspicion, and since when
	present          []int                  // of each observer: how many others it takes to be alive or suspect
	known            int                    // sum of present
	measuring        bool                   // the warm-up is over
	pairs            int                    // all pairs of the members that start at first
	allKnown         time.Duration
	knewAll          bool // that was reached

	detections         []time.Duration
	falseSuspect       int
	falseDead          int
	falseDeadAtHealthy int
	suspicion          time.Duration // sum over pairs
	distinctViews      int
}

// belief is what one observer holds of one subject.
type belief struct {
	present bool
	awaited bool // the subject crashed while it was present here
}

type pair struct{ observer, subject int }

func newLedger(h *health, members int) *ledger {
	return &ledger{health: h, members: members, falselySuspected: map[pair]time.Duration{}, pairs: members * (members - 1)}
}

func (l *ledger) belief(observer, subject int) *belief {
	for observer >= len(l.rows) {
		l.rows = append(l.rows, make([]belief, l.members))
		l.present = append(l.present, 0)
	}
	row := l.rows[observer]
	for subject >= len(row) {
		row = append(row, belief{})
	}
	l.rows[observer] = row
	return &row[subject]
}

// event takes an event of an observer about another member.
func (l *ledger) event(now time.Duration, observer, subject int, e membership.Event) {
	o := l.belief(observer, subject)
	state := e.Member.State
	if e.Type == membership.EventConflict || e.Type == membership.EventUpdate {
		return
	}
	l.setPresent(now, observer, o, state.Present() && e.Type != membership.EventForgotten)
	switch e.Type {
	case membership.EventSuspect:
		l.suspected(now, observer, subject)
	case membership.EventDead:
		l.endSuspicion(now, observer, subject)
		l.died(now, observer, subject, o)
	case membership.EventJoin, membership.EventAlive:
		l.endSuspicion(now, observer, subject)
		o.awaited = o.awaited && l.health.of(subject).down
	default:
		l.endSuspicion(now, observer, subject)
		o.awaited = false
	}
}

func (l *ledger) setPresent(now time.Duration, observer int, o *belief, present bool) {
	if o.present == present {
		return
	}
	o.present = present
	n := 1
	if !present {
		n = -1
	}
	l.present[observer] += n
	l.known += n
	if l.known == l.pairs && !l.knewAll {
		l.knewAll, l.allKnown = true, now
	}
}

func (l *ledger) suspected(now time.Duration, observer, subject int) {
	if l.health.blameless(observer, subject, now) {
		return
	}
	l.falseSuspect++
	l.falselySuspected[pair{observer, subject}] = now
}

func (l *ledger) endSuspicion(now time.Duration, observer, subject int) {
	p := pair{observer, subject}
	if since, ok := l.falselySuspected[p]; ok {
		l.suspicion += now - since
		delete(l.falselySuspected, p)
	}
}

func (l *ledger) died(now time.Duration, observer, subject int, o *belief) {
	h := l.health
	if o.awaited {
		o.awaited = false
		if at := h.of(subject).downAt; h.healthySince(observer, at, now) {
			l.detections = append(l.detections, now-at)
		}
		return
	}
	if h.blameless(observer, subject, now) {
		return
	}
	l.falseDead++
	if h.healthy(observer, now) {
		l.falseDeadAtHealthy++
	}
}

// preloaded notes that all members that start at first know each other, none of whom knew any before.
func (l *ledger) preloaded(now time.Duration) {
	for observer := range l.members {
		l.belief(observer, observer)
		for subject := range l.members {
			if subject != observer {
				l.setPresent(now, observer, &l.rows[observer][subject], true)
			}
		}
	}
}

// crashed notes that a member crashed: the healthy members that have it present have to detect it.
func (l *ledger) crashed(subject int, now time.Duration, runs func(int) bool) {
	l.health.crashes(subject, now)
	l.clear(now, subject)
	for observer := range l.rows {
		if observer == subject || !runs(observer) || !l.health.healthy(observer, now) {
			continue
		}
		l.endSuspicion(now, observer, subject)
		o := l.belief(observer, subject)
		o.awaited = o.present
	}
}

// clear empties the view of an observer that has stopped.
func (l *ledger) clear(now time.Duration, observer int) {
	l.belief(observer, observer)
	for i := range l.rows[observer] {
		o := &l.rows[observer][i]
		l.endSuspicion(now, observer, i)
		l.setPresent(now, observer, o, false)
		*o = belief{}
	}
}

// restarted notes that a member lives again: its crash need not be detected any more.
func (l *ledger) restarted(subject int) {
	for observer := range l.rows {
		l.belief(observer, subject).awaited = false
	}
}

// disagree counts the different sizes of the views of the members given.
func (l *ledger) disagree(running []int) {
	sizes := map[int]bool{}
	for _, i := range running {
		l.belief(i, i)
		sizes[l.present[i]] = true
	}
	l.distinctViews = max(l.distinctViews, len(sizes))
}

// missed returns how many healthy observers have not found out about how many crashes.
func (l *ledger) missed(now time.Duration, runs func(int) bool) (n int) {
	for observer, row := range l.rows {
		for subject := range row {
			l.endSuspicion(now, observer, subject)
			if o := &row[subject]; o.awaited && runs(observer) && l.health.healthySince(observer, l.health.of(subject).downAt, now) {
				n++
			}
		}
	}
	return n
}
