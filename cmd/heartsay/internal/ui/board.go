package ui

import (
	"reflect"
	"sync"
	"time"

	"heartsay/api"
)

// board is all that a page shows. The follower writes it; each page reads what changed since it last looked, at its
// own pace, so that a slow one costs the others nothing. Its methods may be called by many goroutines at once.
type board struct {
	began time.Time

	mu      sync.Mutex
	version uint64 // of the newest change; each change has its own
	cluster string
	self    api.Self
	status  agentStatus
	rows    map[string]*boardRow // by name
	gone    []goneRow            // forgotten lately, oldest first
	lines   eventLog
	nextID  int
	slot    int64  // of the newest samples
	polls   uint64 // slots with samples
	ended   bool
	news    chan struct{} // closed and replaced at each change

	selfAt, statusAt uint64 // versions in which these changed
	lostAt           uint64 // of the newest entry that gone has dropped
}

// boardRow is one member.
type boardRow struct {
	member           memberFrame
	sample           sample
	phi              phiHistory
	changed, sampled uint64 // versions in which member and sample changed
	seen             uint64 // version in which the agent last told of it
}

type goneRow struct {
	id int
	at uint64 // version
}

const maxGone = 4096 // a page that missed more forgotten members than that gets everything anew

func newBoard(now time.Time) *board {
	return &board{
		began: now, rows: map[string]*boardRow{}, news: make(chan struct{}), polls: 1,
		status: agentStatus{Reachable: true, Since: now.UnixMilli()},
	}
}

// change begins a change and returns what ends it. The caller does not hold the lock.
func (b *board) change() func() {
	b.mu.Lock()
	b.version++
	return func() {
		close(b.news)
		b.news = make(chan struct{})
		b.mu.Unlock()
	}
}

// answered stores what the agent said at now, and how long it took over it.
func (b *board) answered(now time.Time, view api.Members, self api.Self, took time.Duration) {
	defer b.change()()
	if slot := int64(now.Sub(b.began).Round(time.Second) / time.Second); slot > b.slot {
		b.slot = slot
		b.polls++
	}
	b.cluster, b.self, b.selfAt = view.Cluster, self, b.version
	b.setStatus(now, "", took)
	for _, m := range view.Members {
		b.put(now, m)
	}
	for name, r := range b.rows {
		if r.seen != b.version {
			b.drop(name, r)
		}
	}
}

// put stores one member.
func (b *board) put(now time.Time, m api.Member) {
	r, known := b.rows[m.Name]
	if !known {
		b.nextID++
		r = &boardRow{member: memberFrame{ID: b.nextID}}
		b.rows[m.Name] = r
	}
	r.seen = b.version
	if next := newMemberFrame(r.member.ID, m); !known || !reflect.DeepEqual(r.member, next) {
		r.member, r.changed = next, b.version
	}
	if next := newSample(r.member.ID, m, now); !known || r.sample != next {
		r.sample, r.sampled = next, b.version
	}
	r.phi.put(b.slot, int16(r.sample[1]))
}

func (b *board) drop(name string, r *boardRow) {
	delete(b.rows, name)
	b.gone = append(b.gone, goneRow{r.member.ID, b.version})
	if len(b.gone) > maxGone {
		b.lostAt = b.gone[0].at
		b.gone = b.gone[1:]
	}
}

// unanswered stores that the agent did not answer at now, and why.
func (b *board) unanswered(now time.Time, err error) {
	defer b.change()()
	b.setStatus(now, err.Error(), 0)
}

// setStatus stores whether the agent answers: it does when fault is "".
func (b *board) setStatus(now time.Time, fault string, took time.Duration) {
	next := agentStatus{fault == "", b.status.Since, fault, took.Milliseconds()}
	if next.Reachable != b.status.Reachable {
		next.Since = now.UnixMilli()
	}
	if next != b.status {
		b.status, b.statusAt = next, b.version
	}
}

// event stores one event of the agent.
func (b *board) event(e api.Event) {
	defer b.change()()
	b.lines.add(b.version, e)
}

// end stores that no more will come.
func (b *board) end() {
	defer b.change()()
	b.ended = true
}
