package sim

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"heartsay/gossip"
	"heartsay/gossip/wire"
	"heartsay/membership"
)

// Config describes a cluster.
type Config struct {
	Seed     uint64
	Interval time.Duration // of all members
	Gossip   gossip.Config
	Network  Network
	Memory   bool // members that restart remember whom they knew, as agents with a state file do
}

// Cluster is a set of members in virtual time. It is not safe for concurrent use.
type Cluster struct {
	Network *Network
	// OnEvent is called for each event of each member, if set.
	OnEvent func(at time.Duration, observer string, e membership.Event)
	// OnMessage is called for each message that is sent, with whether it will arrive, if set. A [*wire.Sync] and the
	// answer to one travel on a stream, all others in a packet.
	OnMessage func(at time.Duration, from, to netip.AddrPort, m wire.Message, arrives bool)
	// OnYield is called for each member that has stopped since another one holds its name, if set.
	OnYield func(m *Member)

	cfg     Config
	rng     *rand.Rand
	now     time.Duration
	queue   queue
	seq     uint64
	members map[string]*Member
	byAddr  map[netip.AddrPort]*Member
	streams map[gossip.StreamID]*stream // those that wait for an answer
	opened  gossip.StreamID             // the last stream's number
	offsets map[string]time.Duration    // of the clocks that are wrong, by process
	halted  bool
}

// Epoch is the wall clock of every virtual cluster at its start.
var Epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// New returns an empty cluster at virtual time 0.
func New(cfg Config) *Cluster {
	c := &Cluster{
		cfg: cfg, rng: rand.New(rand.NewPCG(cfg.Seed, 1)),
		members: map[string]*Member{}, byAddr: map[netip.AddrPort]*Member{},
		streams: map[gossip.StreamID]*stream{}, offsets: map[string]time.Duration{},
	}
	network := cfg.Network
	c.Network = &network
	return c
}

// Now returns the virtual time since the start.
func (c *Cluster) Now() time.Duration { return c.now }

// Clock returns the virtual time as the clocks of the members show it, except those that [Cluster.SetClock] made wrong.
func (c *Cluster) Clock() time.Time { return Epoch.Add(c.now) }

// SetClock makes the clock of a process wrong by offset from its next start on.
func (c *Cluster) SetClock(process string, offset time.Duration) { c.offsets[process] = offset }

// Halt makes [Cluster.Run] return after the event at hand, now and ever after. A hook that has seen enough calls it.
func (c *Cluster) Halt() { c.halted = true }

// Member returns the member of that name, nil when there never was one.
func (c *Cluster) Member(name string) *Member { return c.members[name] }

// At returns the member that has had an address last, nil when nobody has it.
func (c *Cluster) At(a netip.AddrPort) *Member { return c.byAddr[a] }

// Draw returns a number from 0 to n-1, by the random numbers of the cluster.
func (c *Cluster) Draw(n int) int { return c.rng.IntN(n) }

// Members returns all members that ever were, sorted by name.
func (c *Cluster) Members() []*Member {
	all := make([]*Member, 0, len(c.members))
	for _, m := range c.members {
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b *Member) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// Running returns the members that run, frozen and blocked ones among them, sorted by name.
func (c *Cluster) Running() []*Member {
	return slices.DeleteFunc(c.Members(), func(m *Member) bool { return m.Engine == nil })
}

// Run lets virtual time pass. After [Cluster.Halt] it does not.
func (c *Cluster) Run(d time.Duration) {
	end := c.now + d
	for len(c.queue) > 0 && c.queue[0].at <= end && !c.halted {
		ev := c.queue.pop()
		c.now = max(c.now, ev.at)
		ev.do()
	}
	if !c.halted {
		c.now = end
	}
}

// RunUntil lets virtual time pass, step by step, until done, for at most the given time. It reports whether done was
// reached; the time at which is [Cluster.Now].
func (c *Cluster) RunUntil(atMost, step time.Duration, done func() bool) bool {
	end := c.now + atMost
	for !done() {
		if c.now >= end || c.halted {
			return false
		}
		c.Run(min(step, end-c.now))
	}
	return true
}

// After runs f when d has passed.
func (c *Cluster) After(d time.Duration, f func()) { c.schedule(c.now+d, f) }

func (c *Cluster) schedule(at time.Duration, do func()) {
	c.seq++
	c.queue.push(event{at: max(at, c.now), seq: c.seq, do: do})
}

// Address returns the i-th address of the virtual network.
func Address(i int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 4327)
}

// Name returns the name of the i-th member that [Cluster.Boot] starts.
func Name(i int) string { return fmt.Sprintf("n%05d", i) }

// BootSettled starts n members, each alone at a random moment within the spread, and then lets each know all others at
// once. [Cluster.OnEvent] is not called for that; then is called once, with the entries of all.
func (c *Cluster) BootSettled(n int, spread time.Duration, then func([]membership.Entry)) {
	for i := range n {
		c.After(time.Duration(c.rng.Int64N(int64(spread)+1)), func() { c.start(i) })
	}
	c.After(spread, func() {
		running := c.Running()
		entries := make([]membership.Entry, len(running))
		for i, m := range running {
			entries[i] = m.Engine.Self()
		}
		slices.SortFunc(entries, func(a, b membership.Entry) int {
			return cmp.Compare(membership.HashName(a.Record.Name), membership.HashName(b.Record.Name))
		})
		for _, m := range running {
			c.apply(m, m.Engine.Preload(c.ClockOf(m), entries))
		}
		then(entries)
	})
}

// start starts the i-th member.
func (c *Cluster) start(i int, seeds ...netip.AddrPort) {
	if err := c.Start(Name(i), Address(i+1), seeds...); err != nil {
		panic("sim: " + err.Error())
	}
}

// Boot starts n members, each at a random moment within the spread, which join by the first. Members that start at
// one moment would beat in step until the end.
func (c *Cluster) Boot(n int, spread time.Duration) {
	for i := range n {
		at := time.Duration(0)
		var seeds []netip.AddrPort
		if i > 0 {
			at, seeds = time.Duration(c.rng.Int64N(int64(spread)+1)), []netip.AddrPort{Address(1)}
		}
		c.After(at, func() { c.start(i, seeds...) })
	}
}
