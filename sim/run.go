package sim

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"heartsay/gossip/wire"
	"heartsay/membership"
)

// Run is a scenario being played: its cluster, its faults, and all that observes it, which are the truth (health.go), what
// observers hold of it (ledger.go), what is promised always (invariants.go), and the traffic. [Scenario.Run] plays it and
// nothing more. Package torture hooks in to check what is promised once faults stop.
type Run struct {
	Scenario
	Cluster *Cluster
	rng     *rand.Rand // of the faults; the cluster has its own
	start   time.Duration
	Ever    int            // members that ever were, with those of mass joins
	moved   int            // restarts at a new address
	index   map[string]int // of members by name

	health    *health
	ledger    *ledger
	checker   *checker
	traffic   *traffic
	trace     *tracer
	Broken    *Broken
	SameNames []*SameName   // second agents that run
	LastFreed time.Duration // when a member last thawed or was unblocked, and the packets held there went on
	Hooks     Hooks
}

// Hooks are called for what happens in a run, after the run has noted it. A nil hook is not called.
type Hooks struct {
	Event         func(at time.Duration, observer string, e membership.Event)
	Message       func(from, to netip.AddrPort, arrives bool)
	FaultOver     func(f Fault)     // for good
	SecondStarted func(t *SameName) // a second agent goes by a member's name
	SecondStops   func(t *SameName) // it is about to be stopped
}

func NewRun(s Scenario) *Run {
	if s.Spread == 0 {
		s.Spread = s.Interval
	}
	r := &Run{
		Scenario: s,
		Cluster:  New(Config{Seed: s.Seed, Interval: s.Interval, Gossip: s.Gossip, Network: s.Network, Memory: s.Memory}),
		rng:      rand.New(rand.NewPCG(s.Seed, 2)),
		Ever:     s.Members,
		index:    map[string]int{},
		checker:  newChecker(s.Gossip.TombstoneRetention),
		traffic:  newTraffic(),
	}
	for i := range s.Members {
		r.index[Name(i)] = i
	}
	r.health = newHealth(r.Settle())
	r.ledger = newLedger(r.health, s.Members)
	if s.Trace != nil {
		r.trace = &tracer{w: s.Trace}
	}
	r.Cluster.OnEvent = r.event
	r.Cluster.OnMessage = r.message
	return r
}

// Settle is for how long after a fault its victims still count as struck: news of their return has to travel, and the
// verdicts of others meanwhile are no mistakes.
func (r *Run) Settle() time.Duration { return max(r.Gossip.Dead.Min, 20*r.Interval) }

// LongestWait is the longest time that a member which was not stopped itself shows another as present that sends nothing:
// twice the longest time-out, since it may seem isolated, and ten intervals for its probes.
func (r *Run) LongestWait() time.Duration { return 2*r.Gossip.Dead.Max + 10*r.Interval }

func (r *Run) Play() (Report, error) {
	r.boot()
	for _, f := range r.Faults {
		r.inject(f)
	}
	r.advance(r.For)
	if r.Broken != nil {
		return r.report(), r.Broken
	}
	return r.report(), nil
}

// boot starts all members, lets them warm up, and begins to measure.
func (r *Run) boot() {
	c := r.Cluster
	for i := range r.Members {
		r.health.starts(i, 0)
	}
	if r.Settled {
		c.BootSettled(r.Members, r.Spread, r.preloaded)
	} else {
		c.Boot(r.Members, r.Spread)
	}
	r.Every(time.Second, r.sample)
	r.warmUp()
	r.start = c.Now()
	r.traffic.begin()
	r.ledger.measuring = true
}

// warmUp runs until all members know all, and a while longer.
func (r *Run) warmUp() {
	pairs := r.Members * (r.Members - 1)
	r.Cluster.RunUntil(r.warmUpLimit(), r.Interval/4, func() bool {
		r.progress()
		return r.ledger.known == pairs && r.Cluster.Now() >= r.Spread
	})
	r.advance(WarmUpIntervals * r.Interval)
}

// preloaded notes that the members of a settled cluster know each other.
func (r *Run) preloaded(entries []membership.Entry) {
	r.ledger.preloaded(r.Cluster.Now())
	r.checker.preloaded(entries)
}

// advance lets virtual time pass, and tells how far the run has got.
func (r *Run) advance(d time.Duration) {
	end := r.Cluster.Now() + d
	r.Cluster.RunUntil(d, 2*r.Interval, func() bool { r.progress(); return r.Cluster.Now() >= end })
}

func (r *Run) progress() {
	if r.Progress != nil {
		warm := r.Spread + 2*WarmUpIntervals*r.Interval // about
		if r.start > 0 {
			warm = r.start
		}
		now := r.Cluster.Now()
		r.Progress(now, max(now, warm+r.For))
	}
}

// Every calls f again and again, first after d.
func (r *Run) Every(d time.Duration, f func()) {
	r.Cluster.After(d, func() { f(); r.Every(d, f) })
}

// event takes an event of an engine.
func (r *Run) event(at time.Duration, observer string, e membership.Event) {
	r.trace.event(at, observer, e)
	r.Check(r.checker.event(at, observer, e))
	if e.Member.Record.Name != observer && !IsSecond(observer) {
		r.ledger.event(at, r.index[observer], r.index[e.Member.Record.Name], e)
	}
	if r.Hooks.Event != nil {
		r.Hooks.Event(at, observer, e)
	}
}

// message takes a message that is sent.
func (r *Run) message(at time.Duration, from, to netip.AddrPort, m wire.Message, arrives bool) {
	r.traffic.sent(m)
	r.trace.message(at, from, to, m, arrives)
	r.Check(r.checker.message(from, m))
	if r.Hooks.Message != nil {
		r.Hooks.Message(from, to, arrives)
	}
}

// How many views are looked at as a whole in each virtual second, and how many rows of them; all take turns.
const (
	sampledViews = 200
	sampledRows  = 100_000
)

// sample looks at the views of running members, each second.
func (r *Run) sample() {
	now := r.Cluster.Now()
	running := r.Cluster.Running()
	if r.ledger.measuring {
		r.traffic.memberSeconds += len(running)
		r.ledger.disagree(r.Numbers(slices.DeleteFunc(slices.Clone(running), func(m *Member) bool { return IsSecond(m.Name) })))
	}
	sampled := min(sampledViews, len(running), 1+sampledRows/(len(running)+1))
	for k := range sampled {
		m := running[(int(now/time.Second)*sampled+k)%len(running)]
		r.Check(r.checker.view(m.Name, m.Engine.Entries()))
	}
}

func (r *Run) Numbers(members []*Member) []int {
	all := make([]int, len(members))
	for k, m := range members {
		all[k] = r.index[m.Name]
	}
	return all
}

// ForgottenAt returns when an observer forgot a member. It reports false when it never did.
func (r *Run) ForgottenAt(observer string, s *membership.Record) (time.Duration, bool) {
	at, ok := r.checker.views.of(observer).forgotten[r.checker.views.subject(s)]
	return at, ok
}

// ForgotName reports whether an observer has forgotten a member in its present life, or what it remembered of one that it did
// not list yet.
func (r *Run) ForgotName(observer, name string) bool {
	view, number := r.checker.views.of(observer), r.checker.views.number(name)
	_, listed := view.forgotten[number]
	return listed || view.unlisted[number]
}

// Number returns the number of a member by its name; that of a second agent that goes by the name is negative.
func (r *Run) Number(name string) int { return r.index[name] }

// Note writes a line into the trace.
func (r *Run) Note(format string, args ...any) { r.trace.line(r.Cluster.Now(), format, args...) }

// Check stops the run at the first promise that is broken: fault says how, and "" says that none is.
func (r *Run) Check(fault string) {
	if fault == "" || r.Broken != nil {
		return
	}
	r.Broken = &Broken{Seed: r.Seed, At: r.Cluster.Now(), What: fault}
	r.trace.line(r.Cluster.Now(), "BROKEN %s", fault)
	r.Cluster.Halt()
}
