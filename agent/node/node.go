// Package node runs one member of a cluster, for the agent and for programs that want to be a member themselves.
//
// The engine of package gossip decides what a member says and believes; a [Node] does the rest: it sends and takes
// packets and streams, keeps time, joins and rejoins, writes the state file and numbers the events. Transport, keys and
// state are handed in as [Parts], so the package links neither memberlist nor DNS nor Prometheus.
//
// One goroutine, the loop (loop.go), owns the engine and all that goes with it. Everybody else asks it to run a function
// ([Node.do]) and gets copies. The loop waits for nobody:
//
//	packets.go    packets come through the inbox and leave through the outbox, each with a goroutine of its own
//	streams.go    one goroutine for each stream; links.go: streams in place of packets
//	rejoin.go     one that tries seeds (seeds.go) and remembered members for ever, one for each attempt
//	save.go       one that writes the state file
//	snapshots.go  one that copies the view out of the loop for those who ask often; ready.go judges the copy
//	events.go     events go into a ring that readers follow at their own pace; pace.go: not too many about one member
//
// What others can make it do is bounded: by new names (newnames.go), by what goes to addresses that have not proven themselves
// (proven.go), as a reply (unproven.go) or of its own accord (destinations.go).
//
// A Node is made by [Start], ends by [Node.Close], or by itself when another live node holds its name ([Node.Done]).
package node

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"

	"heartsay/agent/addr"
	"heartsay/agent/internal/eventlog"
	"heartsay/agent/seal"
	"heartsay/api"
	"heartsay/gossip"
	"heartsay/membership"
)

// Node is one running member. Its methods are safe for concurrent use.
type Node struct {
	cfg       Config // at the start
	log       hclog.Logger
	transport Transport
	known     func(netip.AddrPort, time.Time)
	seal      Seal
	state     State // nil: nothing is kept
	resolver  addr.Resolver
	observer  Observer // nil: nobody
	started   time.Time

	ring    *eventlog.Ring
	views   *eventlog.Views
	calls   chan func(l *loop, now time.Time) // for the loop to run, see do
	inbox   chan arrival
	outbox  chan seal.Packet
	streams streams
	seeds   seeds
	probes  probes
	proven  *proven
	saves   saves
	newest  snapshots
	counts  counts

	address   atomic.Pointer[netip.AddrPort] // that others are told
	unready   atomic.Pointer[string]         // why the node is not ready, as its caller says; nil: it says nothing
	left      chan struct{}                  // closed when the member has left
	told      atomic.Int64                   // members that confirmed it
	fail      context.CancelCauseFunc
	ending    context.Context // ends when the node does; its cause is why
	running   sync.WaitGroup
	loopEnded chan struct{}
}

// errStopping answers calls that come too late.
var errStopping error = &api.Error{Code: api.CodeUnavailable, Message: "the agent is stopping"}

// eventsKept is the capacity of the event ring: at 1000 members, four changes of everybody. Tests make it smaller.
var eventsKept = 4096

// Start brings a node to life. The error says what is wrong with cfg, see [Config.Validate], or with the state; then
// nothing runs and the parts are still the caller's. Stop the node by [Node.Close], after [Node.Leave] if others are to know.
func Start(cfg Config, parts Parts) (*Node, error) {
	if parts.Seal == nil && membership.ValidateName(cfg.Cluster) == nil {
		parts.Seal = seal.NewEnvelope(cfg.Cluster, seal.NewBoot())
	}
	if err := cfg.Validate(overheadOf(parts.Seal)); err != nil {
		return nil, err
	}
	if parts.Log == nil {
		parts.Log = hclog.NewNullLogger()
	}
	if parts.Resolver == nil {
		parts.Resolver = net.DefaultResolver
	}
	now := time.Now()
	saved, incarnation, err := recall(parts.State, cfg.RequireState, now, parts.Log)
	if err != nil {
		return nil, err
	}
	if !cfg.Advertise.IsValid() {
		cfg.Advertise = parts.Transport.Local()
	}
	random := rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	n := newNode(cfg, parts, now, eventlog.NewEpoch(now, random.Uint64()))
	l, err := newLoop(n, now, incarnation, random)
	if err != nil {
		return nil, err
	}
	if err := n.seeds.remember(cfg.Join, saved, cfg.Advertise); err != nil {
		return nil, err
	}
	l.engine.Remember(now, toRemember(saved))
	n.saves.change() // the incarnation
	l.publish(l.pace.take([]membership.Event{{Type: membership.EventJoin, Member: l.self(now), Reason: "started"}}, now))
	n.running.Go(l.run)
	for _, f := range []func(){n.openPackets, n.sendPackets, n.takeStreams, n.rejoin, n.writeState, n.watch} {
		n.running.Go(f)
	}
	return n, nil
}

// overheadOf returns how many bytes of a packet s takes.
func overheadOf(s Seal) int {
	if s == nil {
		return 0
	}
	return s.Overhead()
}

func newNode(cfg Config, parts Parts, now time.Time, epoch string) *Node {
	n := &Node{
		cfg: cfg, log: parts.Log, transport: parts.Transport, known: parts.Known, seal: parts.Seal, state: parts.State,
		resolver: parts.Resolver, observer: parts.Observer, started: now,
		ring:  eventlog.NewRing(eventsKept, epoch),
		calls: make(chan func(*loop, time.Time)), inbox: make(chan arrival, inboxSize), outbox: make(chan seal.Packet, outboxSize),
		saves: newSaves(), newest: newSnapshots(), proven: newProven(),
		left: make(chan struct{}), loopEnded: make(chan struct{}),
	}
	n.address.Store(&cfg.Advertise)
	n.seeds.news = make(chan struct{}, 1)
	n.seeds.attempts = make(chan struct{}, maxAttempts)
	n.counts.init()
	n.views = eventlog.NewViews(n.ring, n.Members)
	n.ending, n.fail = context.WithCancelCause(context.Background())
	return n
}

// do lets the loop run f with the present time, and returns when it has. It is the only way to what the loop owns; f
// must not keep l. The error says that f did not run.
func (n *Node) do(ctx context.Context, f func(l *loop, now time.Time)) error {
	done := make(chan struct{})
	call := func(l *loop, now time.Time) {
		f(l, now)
		close(done)
	}
	select {
	case n.calls <- call:
	case <-ctx.Done():
		return ctx.Err()
	case <-n.loopEnded:
		return errStopping
	}
	<-done
	return nil
}

// until returns a context that ends with ctx, or with the node.
func (n *Node) until(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	off := context.AfterFunc(n.ending, func() { cancel(errStopping) })
	return ctx, func() { off(); cancel(nil) }
}

// Leave sends the others a goodbye and returns how many acknowledged it. It takes a second or two at
// most. It may be called again, also when an earlier call gave up. The node has still to be closed.
func (n *Node) Leave(ctx context.Context) (told int, err error) {
	err = n.do(ctx, func(l *loop, now time.Time) { l.apply(l.engine.Leave(now), reply{}) })
	if err != nil {
		return 0, err
	}
	patience := time.NewTimer(max(3*time.Second, 10*n.cfg.Interval))
	defer patience.Stop()
	select {
	case <-n.left:
	case <-patience.C:
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-n.loopEnded:
	}
	return int(n.told.Load()), nil
}

// Stop ends the node with a reason, which [Node.Err] tells, and returns at once. It has still to be closed.
func (n *Node) Stop(reason error) { n.fail(reason) }

// Context ends when the node does; its cause is what [Node.Err] tells.
func (n *Node) Context() context.Context { return n.ending }

// Done is closed when the node is no member any more; [Node.Err] says why. It has still to be closed.
func (n *Node) Done() <-chan struct{} { return n.ending.Done() }

// Err returns nil while the node runs, then why it ended: a [*ConflictError] when another live node holds its name.
func (n *Node) Err() error { return context.Cause(n.ending) }

// Close stops the node at once, without a goodbye, closes its transport and its state, and returns when nothing of it
// runs any more.
func (n *Node) Close() error {
	n.fail(errStopping)
	n.ring.Close()
	err := n.transport.Close()
	n.running.Wait()
	if n.state != nil {
		err = errors.Join(err, n.state.Close())
	}
	return err
}

// ErrClosed ends what [Node.Follow] returns: the node was closed, and the caller has all its events.
var ErrClosed = eventlog.ErrClosed

// Follow returns the node's events in their order. It is what [api.Client.Events] is over the socket of an agent: it
// begins with what happens from now on, unless r says otherwise; a caller that falls more than 4,096 events behind gets
// a reset with the whole view in place of what it missed. What an event points to is shared and must not be changed. The
// loop ends when the caller leaves it, or after one last pair with an error: that of ctx, [ErrClosed] when the node was
// closed and all was told, or what is wrong with r.
func (n *Node) Follow(ctx context.Context, r api.EventsRequest) iter.Seq2[api.Event, error] {
	return n.views.Events(ctx, r)
}

// Ring returns the ring of events, for this module.
func (n *Node) Ring() *eventlog.Ring { return n.ring }

// Views returns what follows the events and makes views to begin again with, for this module.
func (n *Node) Views() *eventlog.Views { return n.views }

// Address returns the gossip address that others are told, ip:port.
func (n *Node) Address() string { return n.address.Load().String() }

// Move lets the member be at another address from now on, where its transport must listen already. That begins a new
// incarnation, which others take in place of the one before. The error says what is wrong with the address, or that the node
// is stopping; then nothing changed.
func (n *Node) Move(ctx context.Context, to netip.AddrPort) error {
	var fault error
	err := n.do(ctx, func(l *loop, now time.Time) {
		var out gossip.Outputs
		if out, fault = l.engine.Move(now, to); fault == nil {
			n.address.Store(&to)
		}
		l.apply(out, reply{})
	})
	return cmp.Or(err, fault)
}

// ConflictError says that this node must not run under its name, since a live one elsewhere holds it.
type ConflictError struct {
	Name   string
	Holder netip.AddrPort
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("the name %s is held by a live agent at %s: choose another with --name, or stop that one first",
		e.Name, e.Holder)
}
