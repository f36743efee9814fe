package bench

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// state is what one member, the observer, last said of another, the subject.
type state uint8

const (
	unknown state = iota
	alive
	suspect
	dead
	left
)

func (s state) present() bool { return s == alive || s == suspect }

// event is a change of state, at a time since the start.
type event struct {
	At                time.Duration
	Observer, Subject int
	State             state
}

// ledger is what all members said. Members write it from goroutines of their own.
type ledger struct {
	began time.Time
	names map[string]int

	guard    sync.Mutex
	events   []event
	views    [][]state // by observer and subject
	complete []int     // by observer: how many others are present in its view
}

func newLedger(names []string) *ledger {
	l := &ledger{began: time.Now(), names: map[string]int{}, complete: make([]int, len(names))}
	for i, name := range names {
		l.names[name] = i
		l.views = append(l.views, make([]state, len(names)))
	}
	return l
}

// note writes down what an observer says now of a member.
func (l *ledger) note(observer int, name string, s state) {
	l.guard.Lock()
	defer l.guard.Unlock()
	subject, known := l.names[name]
	if !known || subject == observer {
		return
	}
	old := l.views[observer][subject]
	if old == s {
		return
	}
	l.views[observer][subject] = s
	if s.present() != old.present() {
		l.complete[observer] += 2*btoi(s.present()) - 1
	}
	l.events = append(l.events, event{time.Since(l.began), observer, subject, s})
}

// restart forgets what an observer said: its process is gone.
func (l *ledger) restart(observer int) {
	l.guard.Lock()
	defer l.guard.Unlock()
	clear(l.views[observer])
	l.complete[observer] = 0
}

// allSee reports whether each of the observers has at least the given number of others in its view.
func (l *ledger) allSee(observers []int, others int) bool {
	l.guard.Lock()
	defer l.guard.Unlock()
	for _, o := range observers {
		if l.complete[o] < others {
			return false
		}
	}
	return true
}

// sizes returns how many different sizes the views of the observers have.
func (l *ledger) sizes(observers []int) int {
	l.guard.Lock()
	defer l.guard.Unlock()
	seen := map[int]bool{}
	for _, o := range observers {
		seen[l.complete[o]] = true
	}
	return len(seen)
}

// since returns the events from a time on, in order.
func (l *ledger) since(at time.Duration) []event {
	l.guard.Lock()
	defer l.guard.Unlock()
	from, _ := slices.BinarySearchFunc(l.events, at, func(e event, at time.Duration) int { return cmp.Compare(e.At, at) })
	return slices.Clone(l.events[from:])
}

// view returns what an observer says of a subject now.
func (l *ledger) view(observer, subject int) state {
	l.guard.Lock()
	defer l.guard.Unlock()
	return l.views[observer][subject]
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
