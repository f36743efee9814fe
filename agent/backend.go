package agent

import (
	"context"
	"maps"
	"os"
	"runtime"
	runtimemetrics "runtime/metrics"
	"time"

	"heartsay/agent/internal/eventlog"
	"heartsay/agent/internal/localapi"
	"heartsay/api"
)

// backend answers the local API from the agent.
type backend struct{ *Agent }

var _ localapi.Backend = (*backend)(nil)

// Events returns the ring of events.
func (a *Agent) Events() *eventlog.Ring { return a.Ring() }

// Events returns what follows the agent's events.
func (b *backend) Events() *eventlog.Views { return b.Views() }

// Join joins by the addresses given and keeps those that led to a member as seeds.
func (b *backend) Join(ctx context.Context, addresses []string) (api.JoinResult, error) {
	return b.Node.Join(ctx, addresses, true)
}

// Leave leaves the cluster and then lets the agent end.
func (b *backend) Leave(ctx context.Context) (api.LeaveResult, error) {
	told, err := b.Node.Leave(ctx)
	if err != nil {
		return api.LeaveResult{}, err
	}
	b.Stop(errLeft)
	return api.LeaveResult{Told: told}, nil
}

// Self returns how the agent itself is.
func (a *Agent) Self(ctx context.Context) (api.Self, error) {
	s, err := a.Node.Self(ctx)
	if err != nil {
		return s, err
	}
	s.Bind, s.API, s.Profile, s.PID = a.transport.Local().String(), a.cfg.API, a.cfg.Profile, os.Getpid()
	told := a.toldAddress()
	s.AddressReason, s.AddressDoubt, s.AddressFault = told.Reason, told.Doubt, told.fault
	s.Goroutines, s.HeapBytes = runtime.NumGoroutine(), liveHeap()
	maps.Copy(s.Counters, a.counters())
	s.AcceptsPlainUntil = a.acceptsPlainUntil(time.Now())
	return s, nil
}

// counters returns the counts of the agent beside those of its node, by the names that GET /v1/self has for them.
func (a *Agent) counters() map[string]uint64 {
	all := a.transport.Drops()
	all["plain_accepted"] = a.plainAccepted()
	all["reload_ok"], all["reload_failed"] = a.configured.ok.Load(), a.configured.failed.Load()
	for _, h := range a.handlers.Stats() {
		for outcome, n := range h.Outcomes {
			all[h.Kind+"_"+outcome] += n
		}
		all[h.Kind+"_events_lost"] += h.Lost
		all[h.Kind+"_retries"] += h.Retries
	}
	maps.Copy(all, a.server.Refused())
	maps.Copy(all, a.dns.Load().Refused())
	return all
}

// liveHeap returns how many bytes of the heap were in use at the last garbage collection; 0 before the first.
func liveHeap() uint64 {
	sample := []runtimemetrics.Sample{{Name: "/gc/heap/live:bytes"}}
	runtimemetrics.Read(sample)
	if sample[0].Value.Kind() != runtimemetrics.KindUint64 {
		return 0
	}
	return sample[0].Value.Uint64()
}
