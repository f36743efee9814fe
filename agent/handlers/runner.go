package handlers

import (
	"context"
	"errors"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"

	"heartsay/agent/internal/eventlog"
	"heartsay/agent/internal/ratelimit"
	"heartsay/api"
)

// handlerWidth is how many events one handler is given at a time, each of another member.
const handlerWidth = 4

// One handler is given so many events at once, and so many a second after that, about all members together. A member has a rate of its
// own, see package node; but there may be many that change their records all the time, and each run costs the host a process.
// What waits meanwhile is merged, see [backlog.put], and what does not fit comes as changes between two views.
const (
	runsAtOnce = 512
	runsRate   = 50
)

// runner is one handler at work: a feeder follows the ring at its own pace and fills a backlog, workers empty it.
// Neither can hold up the agent, nor another handler.
type runner struct {
	plan     plan
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
	stats Stats
	rate  *ratelimit.Bucket
}

// begin sets a handler to work on what comes after an event, when the members were those.
func begin(ctx context.Context, p plan, from eventlog.View, f *eventlog.Follower, log hclog.Logger) *runner {
	r := &runner{plan: p, log: log, follower: f, backlog: newBacklog(), done: make(chan struct{})}
	r.rate = ratelimit.NewBucket(runsRate, runsAtOnce, time.Now())
	r.stats = Stats{Kind: p.kind.Name(), Name: p.name, Outcomes: map[string]uint64{}}
	r.until.Store(math.MaxUint64)
	r.seen.Reset(from.Members)
	ctx, r.cancel = context.WithCancelCause(ctx)
	r.open, r.shut = context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { r.feed(ctx) })
	for range handlerWidth {
		running.Go(func() { r.work(ctx) })
	}
	go func() {
		running.Wait()
		r.cutRest()
		r.cancel(nil)
		p.close()
		close(r.done)
	}()
	return r
}

// end lets the handler finish with the event of this number.
func (r *runner) end(seq uint64) {
	r.retire.Do(func() {
		r.until.Store(seq)
		r.shut()
	})
}

// feed puts what the handler wants into the backlog.
func (r *runner) feed(ctx context.Context) {
	defer r.backlog.end()
	for {
		p, err := r.follower.Next(ctx)
		if err != nil || !r.backlog.put(ctx, r.jobs(p)...) || r.follower.Cursor().Seq >= r.until.Load() {
			return
		}
		if !p.Empty() {
			continue
		}
		if err := r.follower.Wait(r.open); err != nil && (ctx.Err() != nil || errors.Is(err, eventlog.ErrClosed)) {
			return
		}
	}
}

// jobs returns what the handler is to do about a portion of the events.
func (r *runner) jobs(p eventlog.Portion) (jobs []Job) {
	if p.View != nil {
		r.noteLost(p.Lost)
		if e := p.Reset(); r.plan.resets {
			e.Members = p.View.Members
			jobs = []Job{{e, e.Cursor().String() + "/reset"}}
		} else {
			jobs = r.changes(e, p.View.Members)
		}
		r.seen.Reset(p.View.Members)
		return jobs
	}
	for _, e := range p.Events {
		if e.Seq > r.until.Load() {
			break
		}
		if r.seen.Apply(e); r.plan.query.Wants(e.Type) {
			jobs = append(jobs, Job{e, e.Cursor().String()})
		}
	}
	return jobs
}

// changes returns what the handler is to do in place of a reset that it does not want: it hears of each member that is
// not as it was, at most once. The members are those of the reset.
func (r *runner) changes(reset api.Event, members []api.Member) (jobs []Job) {
	for _, e := range r.seen.Changes(members) {
		if !r.plan.query.Wants(e.Type) {
			continue
		}
		e.Epoch, e.Seq, e.Time = reset.Epoch, reset.Seq, reset.Time
		e.Reason = "events were lost, and this is how it is now"
		jobs = append(jobs, Job{e, e.Cursor().String() + "/" + e.Member.Name}) // the cursor alone is that of another event
	}
	return jobs
}

// await waits until one more event may be handled, and counts it. It reports whether ctx let it.
func (r *runner) await(ctx context.Context) bool {
	for !r.mayRun() {
		select {
		case <-time.After(time.Second / runsRate):
		case <-ctx.Done():
			return false
		}
	}
	return true
}

func (r *runner) mayRun() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.rate.Take(time.Now())
}

// work handles events until there are no more.
func (r *runner) work(ctx context.Context) {
	for {
		if !r.await(ctx) {
			return
		}
		j, ok := r.backlog.take(ctx)
		if !ok {
			return
		}
		start := time.Now()
		outcome, err := r.plan.kind.Do(ctx, j, func(attempt int, err error) { r.noteRetry(j, attempt, err) })
		r.note(j, outcome, err, time.Since(start))
		r.backlog.done(j)
	}
}
