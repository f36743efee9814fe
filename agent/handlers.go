package agent

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"heartsay/agent/internal/eventlog"
)

const (
	retireTime = time.Minute     // for a handler that was replaced to finish
	finishTime = 5 * time.Second // for all handlers when the agent ends
)

// handlers are those of one agent. It is safe for concurrent use.
type handlers struct {
	log    hclog.Logger
	views  *eventlog.Views
	ctx    context.Context // of all of them
	cancel context.CancelCauseFunc

	mu      sync.Mutex
	atWork  []*handling
	retired []*handling // replaced, and not yet done
}

func newHandlers(v *eventlog.Views, log hclog.Logger) *handlers {
	h := &handlers{log: log, views: v}
	h.ctx, h.cancel = context.WithCancelCause(context.Background())
	return h
}

// set makes the handlers those of the plans. Those that are among them already go on as if nothing had happened; the
// others finish what came up to the view from, with which the new ones begin.
func (hs *handlers) set(plans []handlerPlan, from eventlog.View) {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	before := hs.atWork
	hs.atWork = make([]*handling, 0, len(plans))
	for _, plan := range plans {
		i := slices.IndexFunc(before, func(h *handling) bool { return h.plan.key == plan.key })
		if i >= 0 {
			hs.atWork = append(hs.atWork, before[i])
			before = slices.Delete(before, i, i+1)
			plan.close()
			continue
		}
		hs.atWork = append(hs.atWork, begin(hs.ctx, plan, from, hs.views.FollowFrom(from), hs.log))
	}
	hs.forgetDone()
	for _, h := range before {
		h.end(from.Seq)
		hs.retired = append(hs.retired, h)
		time.AfterFunc(retireTime, func() { h.cancel(errors.New("the handler was replaced")) })
	}
}

// forgetDone drops the handlers that were replaced and are done. The caller holds mu.
func (hs *handlers) forgetDone() {
	hs.retired = slices.DeleteFunc(hs.retired, func(h *handling) bool {
		select {
		case <-h.done:
			return true
		default:
			return false
		}
	})
}

// finish lets all handlers come to the end of what happened so far, for as long as patience, and returns then. No
// later event is handled.
func (hs *handlers) finish(patience time.Duration) {
	giveUp := time.After(patience)
	last := hs.views.Last()
	all := hs.all()
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

// close ends all handlers at once, kills their programs, and returns when nothing of them runs any more.
func (hs *handlers) close() {
	hs.cancel(errStopping)
	for _, h := range hs.all() {
		<-h.done
	}
}

func (hs *handlers) all() []*handling {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	return slices.Concat(hs.atWork, hs.retired)
}

// stats returns the counts of the handlers that are at work, in the order of the configuration.
func (hs *handlers) stats() []HandlerStats {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	all := make([]HandlerStats, len(hs.atWork))
	for i, h := range hs.atWork {
		all[i] = h.snapshot()
	}
	return all
}

// SetHandlers replaces the handlers by those of cfg: OnEvent, HandlerTimeout, Webhooks and WebhookSecretFile, of which
// the file is read again. A handler that stays as it is keeps its place and what waits for it. Each event goes to the
// handlers from before or to those from now on: none is lost in between, none is handled twice. The replaced ones have
// a minute to finish. An error says what is wrong with cfg, as a [*ConfigError], or that the agent is stopping; then
// nothing changed.
func (a *Agent) SetHandlers(ctx context.Context, cfg Config) error {
	if err := cfg.validateHandlers(); err != nil {
		return &ConfigError{err}
	}
	plans, err := planHandlers(cfg)
	if err != nil {
		return &ConfigError{err}
	}
	from, err := a.views.Get(ctx)
	if err != nil {
		return err
	}
	a.handlers.set(plans, from)
	return nil
}

// prepareHandlers readies the handlers of cfg for a reload, see [Agent.SetHandlers].
func (a *Agent) prepareHandlers(cfg Config) (commit func(time.Time), err error) {
	plans, err := planHandlers(cfg)
	if err != nil {
		return nil, &ConfigError{err}
	}
	ctx, cancel := context.WithTimeout(context.Background(), finishTime)
	defer cancel()
	from, err := a.views.Get(ctx)
	if err != nil {
		return nil, err
	}
	return func(time.Time) { a.handlers.set(plans, from) }, nil
}

// HandlerStats returns the counts of all handlers, in the order of the configuration, programs first.
func (a *Agent) HandlerStats() []HandlerStats { return a.handlers.stats() }
