// Package agent is the shell around the engine of package gossip: sockets, clocks, files and the local API.
//
// One goroutine, the loop, owns the engine (loop.go). Everybody else asks it to run a function and gets copies. The
// loop waits for nobody: packets leave through a bounded queue, events go into a ring that readers follow at their own
// pace, streams and files have goroutines of their own.
//
// Programs embed an agent by [Open], ask it by [Agent.Members] and follow it by [Agent.Follow]; the example shows two
// in one program. To use an agent that runs beside the program, see package api.
package agent

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"

	"heartsay/agent/addr"
	"heartsay/agent/handlers"
	"heartsay/agent/internal/eventlog"
	"heartsay/agent/internal/state"
	"heartsay/agent/keyring"
	"heartsay/gossip"
	"heartsay/gossip/wire"
	"heartsay/membership"
)

// Agent is one running member.
type Agent struct {
	cfg       Config // at the start; see Config for what it is now
	log       hclog.Logger
	wire      *Wire
	envelope  envelopes
	sealer    *Sealer                      // the same, nil without a key
	reloading sync.Mutex                   // held while the key file is read again
	keys      atomic.Pointer[keyring.Keys] // what the sealer has now; nil without a key
	state     *state.File                  // nil: nothing is kept
	resolver  addr.Resolver
	ring      *eventlog.Ring
	views     *eventlog.Views
	handlers  *handlers.Runners
	started   time.Time

	engine *gossip.Engine // the loop's
	codec  *wire.Codec    // the loop's
	paths  *paths         // the loop's
	links  links          // the loop's
	behind behind         // the loop's
	via    *link          // the loop's: what brought the message being handled, if a stream did
	from   netip.AddrPort // the loop's: who sent the message being handled, if a packet brought it
	drops  *dropCounts
	calls  chan func(now time.Time)
	inbox  chan arrival
	outbox chan outgoing
	saves  chan state.Saved // holds the newest state that is yet to be written

	strangers  strangers // the loop's
	streams    streams
	seeds      seeds
	configured configured
	probes     probes

	lookout lookout
	metrics *metrics
	server  atomic.Pointer[Server] // of the local API; nil before Run serves it

	leave     sync.Once
	left      chan struct{} // closed when the member has said goodbye
	told      atomic.Int64  // members that confirmed it
	fail      context.CancelCauseFunc
	ending    context.Context // ends when the agent does; its cause is why
	running   sync.WaitGroup
	loopEnded chan struct{}
}

// errStopping answers calls that come too late.
var errStopping = errors.New("the agent is stopping")

// eventsKept is the capacity of the event ring: at 1000 members, four changes of everybody. Tests make it smaller.
var eventsKept = 4096

// Parts are what an agent stands on. It owns the wire and the state file from its start on.
type Parts struct {
	Wire     *Wire
	State    *state.File   // nil: nothing is kept over a restart
	Resolver addr.Resolver // nil: the host's
	Log      hclog.Logger  // nil: nothing is logged
}

// Start brings an agent to life, without a local API; [Run] does it with all that belongs to it. The error says what
// is wrong with cfg or with the state file; then the parts are still the caller's. Stop the agent by [Agent.Close],
// after [Agent.Leave] if others are to know.
func Start(cfg Config, parts Parts) (*Agent, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if parts.Log == nil {
		parts.Log = hclog.NewNullLogger()
	}
	if parts.Resolver == nil {
		parts.Resolver = net.DefaultResolver
	}
	return start(cfg, parts.Wire, parts.State, parts.Resolver, parts.Log)
}

func start(cfg Config, transport *Wire, file *state.File, resolver addr.Resolver, log hclog.Logger) (*Agent, error) {
	now := time.Now()
	saved, incarnation, err := recall(file, now, log)
	if err != nil {
		return nil, err
	}
	envelope, sealer, keys, err := cfg.envelopes()
	if err != nil {
		return nil, err
	}
	random := rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	a := &Agent{
		cfg: cfg, log: log, wire: transport, state: file, resolver: resolver, started: now,
		envelope: envelope, sealer: sealer,
		ring:  eventlog.NewRing(eventsKept, eventlog.NewEpoch(now, random.Uint64())),
		codec: wire.NewCodec(),
		paths: newPaths(cfg.Interval),
		drops: newDropCounts(),
		calls: make(chan func(time.Time)), inbox: make(chan arrival, inboxSize), outbox: make(chan outgoing, outboxSize),
		saves: make(chan state.Saved, 1), strangers: newStrangers(),
		left: make(chan struct{}), loopEnded: make(chan struct{}),
	}
	a.configured.live.Store(&cfg)
	a.keys.Store(keys)
	a.lookout.news = make(chan struct{}, 1)
	a.metrics = newMetrics(a)
	a.seeds.news = make(chan struct{}, 1)
	a.views = eventlog.NewViews(a.ring, a.Members)
	a.handlers = handlers.NewRunners(a.views, log)
	plans, err := cfg.handlers()
	if err != nil {
		return nil, &ConfigError{err}
	}
	transport.Guard(cfg.Allow)
	a.ending, a.fail = context.WithCancelCause(context.Background())
	transport.LimitPackets(max(cfg.MaxPacket, DefaultMaxPacket)) // peers may be configured otherwise
	a.engine, err = gossip.New(now, cfg.record(transport.Local(), incarnation), cfg.engine(a.envelope.Overhead()), random)
	if err != nil {
		return nil, err
	}
	if err := a.seeds.remember(cfg.Join, saved, cfg.Advertise); err != nil {
		return nil, err
	}
	if sealer != nil {
		log.Info("gossip is sealed", "key", keys.Primary())
	}
	a.handlers.Replace(plans, eventlog.View{}) // from the first event on
	a.publish([]membership.Event{{Type: membership.EventJoin, Member: a.selfView(now), Reason: "started"}})
	for _, f := range []func(){a.loop, a.openPackets, a.sendPackets, a.takeStreams, a.seek, a.writeState, a.watch} {
		a.running.Go(f)
	}
	return a, nil
}

// recall reads what the life before left behind.
func recall(file *state.File, now time.Time, log hclog.Logger) (state.Saved, uint64, error) {
	var saved state.Saved
	if file != nil {
		var note string
		var err error
		if saved, note, err = file.Load(); err != nil {
			return state.Saved{}, 0, err
		}
		if note != "" {
			log.Warn("state file was not used", "reason", note)
		}
	}
	incarnation, note := state.NextIncarnation(now, saved.Incarnation)
	if note != "" {
		log.Warn("clock and state file disagree", "reason", note)
	}
	return saved, incarnation, nil
}

func (a *Agent) selfView(now time.Time) membership.View {
	for _, v := range a.engine.Snapshot(now) {
		if v.Record.Name == a.cfg.Name {
			return v
		}
	}
	panic("agent: its own member is not in the view")
}

// do lets the loop run f with the present time, and returns when it has. The error says that it did not.
func (a *Agent) do(ctx context.Context, f func(now time.Time)) error {
	done := make(chan struct{})
	call := func(now time.Time) {
		f(now)
		close(done)
	}
	select {
	case a.calls <- call:
	case <-ctx.Done():
		return ctx.Err()
	case <-a.loopEnded:
		return errStopping
	}
	<-done
	return nil
}

// Leave says goodbye to the others and returns how many confirmed that they heard it. It takes a second or two at
// most. The agent has still to be closed.
func (a *Agent) Leave(ctx context.Context) (told int, err error) {
	a.leave.Do(func() {
		err = a.do(ctx, func(now time.Time) { a.apply(a.engine.Leave(now)) })
	})
	if err != nil {
		return 0, err
	}
	patience := time.NewTimer(max(3*time.Second, 10*a.cfg.Interval))
	defer patience.Stop()
	select {
	case <-a.left:
	case <-patience.C:
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-a.loopEnded:
	}
	return int(a.told.Load()), nil
}

// Close stops the agent at once, without a goodbye, and returns when nothing of it runs any more.
func (a *Agent) Close() error {
	a.fail(errStopping)
	a.handlers.Close()
	a.ring.Close()
	err := a.wire.Close()
	a.running.Wait()
	if a.state != nil {
		err = errors.Join(err, a.state.Close())
	}
	return err
}

// ConflictError says that this agent must not run under its name, since a live agent elsewhere holds it.
type ConflictError struct {
	Name   string
	Holder netip.AddrPort
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("the name %s is held by a live agent at %s: choose another with --name, or stop that one first",
		e.Name, e.Holder)
}

// record returns what the agent says of itself at its start.
func (c Config) record(local netip.AddrPort, incarnation uint64) membership.Record {
	address := c.Advertise
	if !address.IsValid() {
		address = local
	}
	return membership.Record{
		Name: c.Name, Incarnation: incarnation, Address: address, Interval: c.Interval,
		Zone: c.Zone, Build: c.Build, Tags: membership.NewTags(c.Tags),
	}
}
