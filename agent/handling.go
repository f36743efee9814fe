package agent

import (
	"context"
	"errors"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"

	"heartsay/agent/internal/eventlog"
	"heartsay/api"
)

// handlerWidth is how many events one handler is given at a time, each of another member.
const handlerWidth = 4

// action does what a handler does about one event, and says how it went. It returns soon after ctx ends. It tells
// retry why an attempt has failed that is not the last.
type action interface {
	do(ctx context.Context, j job, retry func(attempt int, err error)) (outcome string, err error)
}

// handling is one handler at work: a feeder follows the ring at its own pace and fills a backlog, workers empty it.
// Neither can hold up the agent, nor another handler.
type handling struct {
	plan     handlerPlan
	log      hclog.Logger
	follower *eventlog.Follower // the feeder's
	seen     api.View           // the feeder's: the members as the events so far told them
	backlog  *backlog
	until    atomic.Uint64   // number of the last event that is for it
	open     context.Context // ends when until was set
	shut     context.CancelFunc
	retire   sync.Once
	done     chan struct{} // closed when nothing of it runs any more
	cancel   context.CancelCauseFunc

	mu    sync.Mutex
	stats HandlerStats
}

// begin sets a handler to work on what comes after an event, when the members were those.
func begin(ctx context.Context, plan handlerPlan, from eventlog.View, f *eventlog.Follower, log hclog.Logger) *handling {
	h := &handling{plan: plan, log: log, follower: f, backlog: newBacklog(), done: make(chan struct{})}
	h.stats = HandlerStats{Kind: plan.kind, Name: plan.name, Outcomes: map[string]uint64{}}
	h.until.Store(math.MaxUint64)
	h.seen.Reset(from.Members)
	ctx, h.cancel = context.WithCancelCause(ctx)
	h.open, h.shut = context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { h.feed(ctx) })
	for range handlerWidth {
		running.Go(func() { h.work(ctx) })
	}
	go func() {
		running.Wait()
		h.cutRest()
		h.cancel(nil)
		plan.close()
		close(h.done)
	}()
	return h
}

// end lets the handler finish with the event of this number.
func (h *handling) end(seq uint64) {
	h.retire.Do(func() {
		h.until.Store(seq)
		h.shut()
	})
}

// feed puts what the handler wants into the backlog.
func (h *handling) feed(ctx context.Context) {
	defer h.backlog.end()
	for {
		p, err := h.follower.Next(ctx)
		if err != nil || !h.backlog.put(ctx, h.jobs(p)...) || h.follower.Seen() >= h.until.Load() {
			return
		}
		if !p.Empty() {
			continue
		}
		if err := h.follower.Wait(h.open); err != nil && (ctx.Err() != nil || errors.Is(err, eventlog.ErrClosed)) {
			return
		}
	}
}

// jobs returns what the handler is to do about a portion of the events.
func (h *handling) jobs(p eventlog.Portion) (jobs []job) {
	epoch := h.follower.Epoch()
	if p.View != nil {
		h.noteLost(p.Lost)
		if e := p.Reset(); h.plan.resets {
			e.Members = p.View.Members
			jobs = []job{{e, e.Cursor().String() + "/reset"}}
		} else {
			jobs = changes(epoch, &h.seen, p.View, h.plan.query)
		}
		h.seen.Reset(p.View.Members)
		return jobs
	}
	for _, e := range p.Events {
		if e.Seq > h.until.Load() {
			break
		}
		if h.seen.Apply(e); h.plan.query.Wants(e.Type) {
			jobs = append(jobs, job{e, e.Cursor().String()})
		}
	}
	return jobs
}

// work handles events until there are no more.
func (h *handling) work(ctx context.Context) {
	for {
		j, ok := h.backlog.take(ctx)
		if !ok {
			return
		}
		start := time.Now()
		outcome, err := h.plan.action.do(ctx, j, func(attempt int, err error) { h.noteRetry(j, attempt, err) })
		h.note(j, outcome, err, time.Since(start))
		h.backlog.done(j)
	}
}
