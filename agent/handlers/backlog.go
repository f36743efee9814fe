package handlers

import (
	"context"
	"slices"
	"sync"

	"heartsay/api"
)

// backlogSize is how many events may wait for one handler. When they are more, its reader waits, and may fall behind
// the ring.
const backlogSize = 4096

// backlog holds the events that wait for one handler, in order. Events of one member are handed out one at a time, so
// that their order is kept; a reset is handed out when all before it are done, and alone. It is safe for concurrent use.
type backlog struct {
	mu      sync.Mutex
	changed *sync.Cond
	waiting []Job
	busy    map[string]bool // members whose event is being handled; "" stands for a reset
	full    bool            // no more is put: end was called
}

func newBacklog() *backlog {
	b := &backlog{busy: map[string]bool{}}
	b.changed = sync.NewCond(&b.mu)
	return b
}

// put adds jobs, each when there is room, and reports whether ctx let it. An update of a member whose last job that waits is an
// update too takes its place: the newest state counts.
func (b *backlog) put(ctx context.Context, jobs ...Job) bool {
	defer context.AfterFunc(ctx, b.wake)()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, j := range jobs {
		if b.replaces(j) {
			continue
		}
		for len(b.waiting) >= backlogSize && ctx.Err() == nil {
			b.changed.Wait()
		}
		if ctx.Err() != nil {
			return false
		}
		b.waiting = append(b.waiting, j)
		b.changed.Broadcast()
	}
	return true
}

// replaces reports whether a job has taken the place of one that waits.
func (b *backlog) replaces(j Job) bool {
	if j.Event.Type != api.EventUpdate {
		return false
	}
	for i, other := range slices.Backward(b.waiting) {
		switch name := other.Event.Member.Name; {
		case name == "": // what comes after a reset stays after it
			return false
		case name == j.Event.Member.Name:
			if other.Event.Type != api.EventUpdate {
				return false
			}
			b.waiting[i] = j
			return true
		}
	}
	return false
}

// end says that no more jobs come.
func (b *backlog) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.full = true
	b.changed.Broadcast()
}

// take returns the next job whose turn it is, which must be given to done, and waits for one. Without one, no more
// come, or ctx has ended.
func (b *backlog) take(ctx context.Context) (Job, bool) {
	defer context.AfterFunc(ctx, b.wake)()
	b.mu.Lock()
	defer b.mu.Unlock()
	for {
		if ctx.Err() != nil || b.full && len(b.waiting) == 0 {
			return Job{}, false
		}
		if i := b.turn(); i >= 0 {
			j := b.waiting[i]
			b.waiting = slices.Delete(b.waiting, i, i+1)
			b.busy[j.Event.Member.Name] = true
			b.changed.Broadcast()
			return j, true
		}
		b.changed.Wait()
	}
}

// turn returns the index of the first job that may be handed out, or -1.
func (b *backlog) turn() int {
	if b.busy[""] {
		return -1
	}
	for i, j := range b.waiting {
		switch name := j.Event.Member.Name; {
		case name == "" && i == 0 && len(b.busy) == 0:
			return i
		case name == "":
			return -1
		case !b.busy[name]: // the first of its member, or that one would be returned
			return i
		}
	}
	return -1
}

// done says that a job that was taken is over.
func (b *backlog) done(j Job) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.busy, j.Event.Member.Name)
	b.changed.Broadcast()
}

// sizes returns how many jobs wait and how many are being handled.
func (b *backlog) sizes() (waiting, running int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.waiting), len(b.busy)
}

func (b *backlog) wake() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.changed.Broadcast()
}
