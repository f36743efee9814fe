package handlers

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"heartsay/agent/internal/eventlog"
)

// retireTime is how long a handler that was replaced may take to finish.
const retireTime = time.Minute

// Why handlers end before they have come to all events.
var (
	errReplaced = errors.New("the handler was replaced")
	errEnded    = errors.New("the agent is stopping")
)

// Runners are the handlers of one agent at work. It is safe for concurrent use.
type Runners struct {
	log    hclog.Logger
	views  *eventlog.Views
	ctx    context.Context // of all of them
	cancel context.CancelCauseFunc

	mu      sync.Mutex
	atWork  []*runner
	retired []*runner // replaced, and not yet done
}

// NewRunners returns runners without a handler, of the events that views follow. They log how handling events goes. The
// caller must call Close.
func NewRunners(views *eventlog.Views, log hclog.Logger) *Runners {
	h := &Runners{log: log, views: views}
	h.ctx, h.cancel = context.WithCancelCause(context.Background())
	return h
}

// Replace makes the handlers those of the plans, which it owns from then on. Those that are among them already go on as
// if nothing had happened; the others finish what came up to the view from, with which the new ones begin. So each event
// goes to one from before or to one from now on: none is lost in between, none is handled twice. Those that are replaced
// have a minute to finish.
func (rs *Runners) Replace(plans Plans, from eventlog.View) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	before := rs.atWork
	rs.atWork = make([]*runner, 0, len(plans))
	for _, plan := range plans {
		i := slices.IndexFunc(before, func(h *runner) bool { return h.plan.key == plan.key })
		if i >= 0 {
			rs.atWork = append(rs.atWork, before[i])
			before = slices.Delete(before, i, i+1)
			plan.close()
			continue
		}
		rs.atWork = append(rs.atWork, begin(rs.ctx, plan, from, rs.views.FollowFrom(from), rs.log))
	}
	rs.forgetDone()
	for _, h := range before {
		h.end(from.Seq)
		rs.retired = append(rs.retired, h)
		time.AfterFunc(retireTime, func() { h.cancel(errReplaced) })
	}
}

// forgetDone drops the handlers that were replaced and are done. The caller holds mu.
func (rs *Runners) forgetDone() {
	rs.retired = slices.DeleteFunc(rs.retired, func(h *runner) bool {
		select {
		case <-h.done:
			return true
		default:
			return false
		}
	})
}

// Finish lets all handlers come to the end of what happened so far, for as long as patience, and returns then. No
// later event is handled.
func (rs *Runners) Finish(patience time.Duration) {
	giveUp := time.After(patience)
	last := rs.views.Last()
	all := rs.all()
	for _, h := range all {
		h.end(last)
	}
	for _, h := range all {
		select {
		case <-h.done:
		case <-giveUp:
			return
		}
	}
}

// Close ends all handlers at once, kills their programs, and returns when nothing of them runs any more.
func (rs *Runners) Close() {
	rs.cancel(errEnded)
	for _, h := range rs.all() {
		<-h.done
	}
}

func (rs *Runners) all() []*runner {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	return slices.Concat(rs.atWork, rs.retired)
}

// Stats returns the counts of the handlers that are at work, in the order of the configuration.
func (rs *Runners) Stats() []Stats {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	all := make([]Stats, len(rs.atWork))
	for i, h := range rs.atWork {
		all[i] = h.snapshot()
	}
	return all
}
