// Package sim runs many engines in virtual time: one event heap, one seed, a network whose links lose and delay, and
// members that crash, stall and come back. A run depends on nothing but its configuration.
package sim

import (
	"cmp"
	"container/heap"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"heartsay/gossip"
	"heartsay/membership"
)

// Config describes a cluster.
type Config struct {
	Seed     uint64
	Interval time.Duration // of all members
	Gossip   gossip.Config
	Network  Network
}

// Cluster is a set of members in virtual time. It is not safe for concurrent use.
type Cluster struct {
	Network *Network
	// OnEvent is called for each event of each member, if set.
	OnEvent func(at time.Duration, observer string, e membership.Event)
	// OnMessage is called for each message that is sent, with whether it will arrive, if set.
	OnMessage func(at time.Duration, from, to netip.AddrPort, m gossip.Message, arrives bool)

	cfg     Config
	rng     *rand.Rand
	now     time.Duration
	queue   queue
	seq     uint64
	members map[string]*Member
	byAddr  map[netip.AddrPort]*Member
	streams map[gossip.StreamID]netip.AddrPort // who opened it
}

// Epoch is the wall clock of every virtual cluster at its start.
var Epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// Member is one member's place in the cluster; its engine is replaced when it restarts.
type Member struct {
	Name    string
	Address netip.AddrPort
	Engine  *gossip.Engine // nil while it does not run
	Deposed bool           // it stopped since another life holds its name

	frozen  bool
	backlog []func()
	life    int           // counts its starts, so that what was due for an older life is not done
	tickAt  time.Duration // when its next tick is due; a later one in the queue is void
}

// New returns an empty cluster at virtual time 0.
func New(cfg Config) *Cluster {
	c := &Cluster{
		cfg: cfg, rng: rand.New(rand.NewPCG(cfg.Seed, 1)),
		members: map[string]*Member{}, byAddr: map[netip.AddrPort]*Member{},
		streams: map[gossip.StreamID]netip.AddrPort{},
	}
	network := cfg.Network
	c.Network = &network
	return c
}

// Now returns the virtual time since the start.
func (c *Cluster) Now() time.Duration { return c.now }

func (c *Cluster) clock() time.Time { return Epoch.Add(c.now) }

// Member returns the member of that name, nil when there never was one.
func (c *Cluster) Member(name string) *Member { return c.members[name] }

// Members returns all members that ever were, sorted by name.
func (c *Cluster) Members() []*Member {
	all := make([]*Member, 0, len(c.members))
	for _, m := range c.members {
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b *Member) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// Start starts a member, or starts it anew after a crash, and lets it join by the seed addresses given. The error is
// that of [gossip.New].
func (c *Cluster) Start(name string, address netip.AddrPort, seeds ...netip.AddrPort) error {
	record := membership.Record{
		Name: name, Address: address, Interval: c.cfg.Interval, Incarnation: uint64(c.clock().UnixMilli()),
	}
	return c.StartRecord(record, seeds...)
}

// StartRecord is [Cluster.Start] with a record of the caller's.
func (c *Cluster) StartRecord(r membership.Record, seeds ...netip.AddrPort) error {
	m := c.members[r.Name]
	if m == nil || m.Address != r.Address && m.Engine != nil {
		m = &Member{Name: r.Name}
	}
	e, err := gossip.New(c.clock(), r, c.cfg.Gossip, rand.New(rand.NewPCG(c.cfg.Seed, c.rng.Uint64())))
	if err != nil {
		return err
	}
	delete(c.byAddr, m.Address)
	m.Engine, m.Address, m.Deposed, m.frozen, m.backlog = e, r.Address, false, false, nil
	m.life++
	c.members[r.Name], c.byAddr[r.Address] = m, m
	c.apply(m, e.Tick(c.clock()))
	for _, seed := range seeds {
		c.sync(m, seed, true)
	}
	return nil
}

// Crash stops a member for good, without a word.
func (c *Cluster) Crash(name string) {
	m := c.members[name]
	m.Engine = nil
	m.life++
}

// Leave lets a member leave as SIGTERM does: it says goodbye, and stops when that is over.
func (c *Cluster) Leave(name string) {
	m := c.members[name]
	c.do(m, func() { c.apply(m, m.Engine.Leave(c.clock())) })
}

// Freeze stops a member as SIGSTOP does: nothing happens in it, what is sent to it waits.
func (c *Cluster) Freeze(name string) { c.members[name].frozen = true }

// Thaw lets a frozen member go on as SIGCONT does.
func (c *Cluster) Thaw(name string) {
	m := c.members[name]
	m.frozen = false
	backlog := m.backlog
	m.backlog = nil
	for _, f := range backlog {
		f()
	}
}

// do runs f now, or when the member thaws.
func (c *Cluster) do(m *Member, f func()) {
	switch {
	case m.Engine == nil:
	case m.frozen:
		life := m.life
		m.backlog = append(m.backlog, func() {
			if m.life == life && m.Engine != nil {
				f()
			}
		})
	default:
		f()
	}
}

// Run lets virtual time pass.
func (c *Cluster) Run(d time.Duration) {
	end := c.now + d
	for len(c.queue) > 0 && c.queue[0].at <= end {
		ev := heap.Pop(&c.queue).(event)
		c.now = max(c.now, ev.at)
		ev.do()
	}
	c.now = end
}

// After runs f when d has passed.
func (c *Cluster) After(d time.Duration, f func()) { c.schedule(c.now+d, f) }

func (c *Cluster) schedule(at time.Duration, do func()) {
	c.seq++
	heap.Push(&c.queue, event{at: max(at, c.now), seq: c.seq, do: do})
}

// apply does what a member's engine asks for.
func (c *Cluster) apply(m *Member, out gossip.Outputs) {
	for _, ev := range out.Events {
		if c.OnEvent != nil {
			c.OnEvent(c.now, m.Name, ev)
		}
	}
	for _, env := range out.Messages {
		c.deliver(m, env)
	}
	for _, peer := range out.Syncs {
		c.sync(m, peer, false)
	}
	if out.Deposed != nil {
		m.Deposed = true
		c.stop(m)
		return
	}
	if over, _ := m.Engine.HasLeft(); over {
		c.stop(m)
		return
	}
	c.tickAt(m, out.NextTick.Sub(Epoch))
}

func (c *Cluster) stop(m *Member) {
	m.Engine = nil
	m.life++
}

func (c *Cluster) tickAt(m *Member, at time.Duration) {
	if m.tickAt == at {
		return
	}
	m.tickAt = at
	life := m.life
	c.schedule(at, func() {
		if m.life != life || m.tickAt != at {
			return
		}
		c.do(m, func() {
			m.tickAt = -1
			c.apply(m, m.Engine.Tick(c.clock()))
		})
	})
}

// deliver puts a message on its way.
func (c *Cluster) deliver(m *Member, env gossip.Envelope) {
	to, reliable := env.To, false
	if env.Stream != 0 {
		to, reliable = c.streams[env.Stream], true
	}
	delay, arrives := c.Network.link(c.rng, m.Address, to, reliable)
	if c.OnMessage != nil {
		c.OnMessage(c.now, m.Address, to, env.Message, arrives)
	}
	if arrives {
		c.schedule(c.now+delay, func() { c.receive(to, 0, m.Address, env.Message) })
	}
}

func (c *Cluster) receive(to netip.AddrPort, stream gossip.StreamID, from netip.AddrPort, msg gossip.Message) {
	if m := c.byAddr[to]; m != nil {
		c.do(m, func() { c.apply(m, m.Engine.ReceiveOn(c.clock(), stream, from, msg)) })
	}
}

// sync opens a stream and sends a whole view on it.
func (c *Cluster) sync(m *Member, peer netip.AddrPort, join bool) {
	delay, arrives := c.Network.link(c.rng, m.Address, peer, true)
	if !arrives {
		return
	}
	id := gossip.StreamID(len(c.streams) + 1)
	c.streams[id] = m.Address
	for _, part := range m.Engine.OpenSync(c.clock(), join) {
		c.schedule(c.now+delay, func() { c.receive(peer, id, m.Address, part) })
	}
}

// Address returns the i-th address of the virtual network.
func Address(i int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 4327)
}

// Name returns the name of the i-th member that [Cluster.Boot] starts.
func Name(i int) string { return fmt.Sprintf("n%05d", i) }

// Boot starts n members, each at a random moment within the spread, which join by the first.
func (c *Cluster) Boot(n int, spread time.Duration) {
	for i := range n {
		at := time.Duration(0)
		var seeds []netip.AddrPort
		if i > 0 {
			at, seeds = time.Duration(c.rng.Int64N(int64(spread)+1)), []netip.AddrPort{Address(1)}
		}
		c.After(at, func() {
			if err := c.Start(Name(i), Address(i+1), seeds...); err != nil {
				panic("sim: " + err.Error())
			}
		})
	}
}
