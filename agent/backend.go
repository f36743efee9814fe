package agent

import (
	"context"
	"errors"
	"iter"
	"maps"
	"os"
	"runtime"
	"time"

	"heartsay/agent/internal/eventlog"
	"heartsay/api"
	"heartsay/gossip"
	"heartsay/gossip/wire"
	"heartsay/membership"
)

// backend answers the local API from the agent.
type backend struct {
	*Agent
	socket string
	leave  func() // asks the agent to end after it has left
}

var _ Backend = (*backend)(nil)

// Events returns the ring of events.
func (a *Agent) Events() *eventlog.Ring { return a.ring }

// Events returns what follows the agent's events.
func (b *backend) Events() *eventlog.Views { return b.views }

// Members returns the view.
func (a *Agent) Members(ctx context.Context) (api.Members, error) {
	views, err := a.snapshot(ctx)
	if err != nil {
		return api.Members{}, err
	}
	all := api.Members{Cluster: a.cfg.Cluster, Self: a.cfg.Name, Members: make([]api.Member, len(views))}
	for i, v := range views {
		all.Members[i] = apiMember(v)
	}
	return all, unavailable(a.showPaths(ctx, all.Members))
}

func (a *Agent) snapshot(ctx context.Context) (views []membership.View, err error) {
	err = a.do(ctx, func(now time.Time) { views = a.engine.Snapshot(now) })
	return views, unavailable(err)
}

// unavailable makes an error of a loop that has ended one that a caller of the API understands.
func unavailable(err error) error {
	if errors.Is(err, errStopping) {
		return &api.Error{Code: api.CodeUnavailable, Message: err.Error()}
	}
	return err
}

// Self returns how the agent itself is.
func (b *backend) Self(ctx context.Context) (api.Self, error) {
	views, err := b.snapshot(ctx)
	if err != nil {
		return api.Self{}, err
	}
	c := b.Config()
	s := api.Self{
		Cluster: c.Cluster, Name: c.Name, Bind: b.wire.Local().String(), API: b.socket,
		Profile: c.Profile, Interval: c.Interval, Fanout: c.Fanout,
		Detector: c.Detector, SuspectPhi: c.Suspect.Phi, DeadPhi: c.Dead.Phi,
		Protocol: wire.Version, PID: os.Getpid(), Started: b.started.UTC(),
		Epoch: b.ring.Epoch(), LastSeq: b.ring.Last(), States: map[api.State]int{},
		Paths: map[string]int{api.PathUDP: 0, api.PathStream: 0}, Seeds: b.seeds.apiSeeds(),
	}
	s.Goroutines, s.HeapBytes = runtime.NumGoroutine(), liveHeap()
	for _, state := range membership.States() {
		s.States[apiState(state)] = 0
	}
	all, err := b.Members(ctx)
	if err != nil {
		return api.Self{}, err
	}
	for _, m := range all.Members {
		if m.Path != "" {
			s.Paths[m.Path]++
		}
	}
	for _, v := range views {
		s.States[apiState(v.State)]++
		if v.Record.Name == c.Name {
			m := apiMember(v)
			s.Address, s.Incarnation, s.Heartbeat, s.Zone, s.Tags, s.Build = m.Address, m.Incarnation, m.Heartbeat,
				m.Zone, m.Tags, m.Build
		}
	}
	if b.state != nil {
		s.StateFile = b.state.Path()
	}
	err = b.do(ctx, func(time.Time) {
		stalls, stalled := b.engine.Stalls()
		s.Stalls, s.Stalled = stalls, stalled
		s.Counters = b.counters()
	})
	return s, unavailable(err)
}

// counters returns all counts of the agent, the wire, the API and the engine. It is called by the loop.
func (a *Agent) counters() map[string]uint64 {
	all := a.drops.snapshot()
	maps.Copy(all, a.wire.Drops())
	for _, h := range a.handlers.Stats() {
		for outcome, n := range h.Outcomes {
			all[h.Kind+"_"+outcome] += n
		}
		all[h.Kind+"_events_lost"] += h.Lost
		all[h.Kind+"_retries"] += h.Retries
	}
	if server := a.server.Load(); server != nil {
		maps.Copy(all, server.Refused())
	}
	all["strangers"] = a.strangers.dropped
	for reason, n := range a.engine.Drops() {
		all["engine_"+string(reason)] = n
	}
	return all
}

// Leave says goodbye and then lets the agent end.
func (b *backend) Leave(ctx context.Context) (api.LeaveResult, error) {
	told, err := b.Agent.Leave(ctx)
	if err != nil {
		return api.LeaveResult{}, unavailable(err)
	}
	b.leave()
	return api.LeaveResult{Told: told}, nil
}

// Forget removes a member.
func (a *Agent) Forget(ctx context.Context, name string, force bool) (api.ForgetResult, error) {
	var forgotten bool
	var fault error
	err := a.do(ctx, func(now time.Time) {
		var out gossip.Outputs
		out, forgotten, fault = a.engine.Forget(now, name, force)
		a.apply(out)
	})
	if err != nil {
		return api.ForgetResult{}, unavailable(err)
	}
	switch {
	case errors.Is(fault, gossip.ErrUnknown):
		fault = &api.Error{Code: api.CodeNotFound, Message: fault.Error()}
	case errors.Is(fault, gossip.ErrPresent):
		fault = &api.Error{Code: api.CodeRefused, Message: fault.Error() + ", or give --force"}
	case fault != nil:
		fault = &api.Error{Code: api.CodeRefused, Message: fault.Error()}
	}
	return api.ForgetResult{Name: name, Forgotten: forgotten}, fault
}

// Healthy returns nil when the loop answers.
func (a *Agent) Healthy(ctx context.Context) error { return unavailable(a.do(ctx, func(time.Time) {})) }

// ErrClosed ends what [Agent.Follow] returns: the agent was closed, and the caller has all its events.
var ErrClosed = eventlog.ErrClosed

// Follow returns the agent's events in their order, for programs that embed it. It is what [api.Client.Events] is
// over the socket: it begins with what happens from now on, unless r says otherwise; a caller that falls more than
// 4,096 events behind gets a reset with the whole view in place of what it missed. What an event points to is shared
// and must not be changed. The loop ends when the caller leaves it, or after one last pair with an error: that of ctx,
// [ErrClosed] when the agent was closed and all was told, or what is wrong with r.
func (a *Agent) Follow(ctx context.Context, r api.EventsRequest) iter.Seq2[api.Event, error] {
	return a.views.Events(ctx, r)
}
