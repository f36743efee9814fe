package sim

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"heartsay/gossip"
	"heartsay/gossip/wire"
	"heartsay/membership"
)

// Member is one process of the cluster; its engine is replaced when it restarts.
type Member struct {
	Name         string // of the process, and of its record unless [Cluster.StartAs] started it
	Address      netip.AddrPort
	Engine       *gossip.Engine // nil while it does not run
	Deposed      bool           // its last life stopped since another life holds its name
	Refused      string         // its last life was not let in, since a member at this address holds its name
	Left         bool           // its last life left and ended
	Acknowledged int            // members that confirmed its goodbye

	memory      []gossip.Remembered // whom it knew at the end of its last life; nil without memory
	began       time.Duration       // this life
	incarnation uint64              // of its last life
	life        int                 // counts its starts and stops, so that what was due for an older life is not done
	tickAt      time.Duration
	offset      time.Duration // of its clock, in this life

	frozen  bool
	backlog []func() // what waits for it to thaw
	blocked bool
	unsent  []func() // what it is to send when it is unblocked, in order
	held    []func() // what it is to receive then
}

// Frozen reports whether the member is stopped as by SIGSTOP.
func (m *Member) Frozen() bool { return m.frozen }

// Blocked reports whether what the member sends and what is sent to it waits.
func (m *Member) Blocked() bool { return m.blocked }

// Life counts the member's starts and stops: it differs between two lives.
func (m *Member) Life() int { return m.life }

// Incarnation returns that of the last life.
func (m *Member) Incarnation() uint64 { return m.incarnation }

// Remembered returns whom the member knew at the end of the life before this one, and when this one began. It is empty for a member
// that keeps nothing.
func (m *Member) Remembered() ([]gossip.Remembered, time.Duration) { return m.memory, m.began }

// never is when the next tick of a member that waits for none is due.
const never = time.Duration(-1)

// Start starts a member, or starts it anew, and lets it join by the seed addresses given. Its incarnation is the
// clock's milliseconds, but above that of its last life. The error is that of [gossip.New].
func (c *Cluster) Start(name string, address netip.AddrPort, seeds ...netip.AddrPort) error {
	incarnation := uint64(c.Clock().Add(c.offsets[name]).UnixMilli())
	if m := c.members[name]; m != nil {
		incarnation = max(incarnation, m.incarnation+1)
	}
	return c.StartRecord(membership.Record{
		Name: name, Address: address, Interval: c.cfg.Interval, Incarnation: incarnation,
	}, seeds...)
}

// StartRecord is [Cluster.Start] with a record of the caller's.
func (c *Cluster) StartRecord(r membership.Record, seeds ...netip.AddrPort) error {
	return c.StartAs(r.Name, r, seeds...)
}

// StartAs is [Cluster.StartRecord] for a process of another name than that of its record, so that two processes can
// claim one name. What ran under the process's name before is replaced.
func (c *Cluster) StartAs(process string, r membership.Record, seeds ...netip.AddrPort) error {
	offset := c.offsets[process]
	e, err := gossip.New(c.Clock().Add(offset), r, c.cfg.Gossip, rand.New(rand.NewPCG(c.cfg.Seed, c.rng.Uint64())))
	if err != nil {
		return err
	}
	m := c.members[process]
	if m == nil {
		m = &Member{Name: process}
		c.members[process] = m
	}
	c.stop(m)
	if c.byAddr[m.Address] == m {
		delete(c.byAddr, m.Address)
	}
	m.Engine, m.Address, m.Deposed, m.Refused = e, r.Address, false, ""
	m.incarnation, m.tickAt, m.offset = r.Incarnation, never, offset
	m.began = c.now
	c.byAddr[r.Address] = m
	if len(m.memory) > 0 {
		c.apply(m, e.Remember(c.ClockOf(m), m.memory))
	}
	c.apply(m, e.Tick(c.ClockOf(m)))
	for _, seed := range seeds {
		c.sync(m, seed, true)
	}
	return nil
}

// ClockOf returns the virtual time as the member's clock shows it.
func (c *Cluster) ClockOf(m *Member) time.Time { return c.Clock().Add(m.offset) }

// Crash stops a member for good, without a goodbye.
func (c *Cluster) Crash(name string) { c.stop(c.members[name]) }

// Leave lets a member leave as SIGTERM does: with a goodbye; it stops when that is over.
func (c *Cluster) Leave(name string) {
	m := c.members[name]
	c.do(m, func() { c.apply(m, m.Engine.Leave(c.ClockOf(m))) })
}

// SetTags lets a member change its tags. The error is that of [gossip.Engine.SetTags].
func (c *Cluster) SetTags(name string, tags membership.Tags) error {
	m := c.members[name]
	out, err := m.Engine.SetTags(c.ClockOf(m), tags)
	c.apply(m, out)
	return err
}

// Forget lets the observer forget a member. Results are those of [gossip.Engine.Forget].
func (c *Cluster) Forget(observer, name string, force bool) (forgotten bool, err error) {
	m := c.members[observer]
	out, forgotten, err := m.Engine.Forget(c.ClockOf(m), name, force)
	c.apply(m, out)
	return forgotten, err
}

// Remember tells a member that has just started whom it knew in its life before, see [gossip.Engine.Memory].
func (c *Cluster) Remember(name string, members []gossip.Remembered) {
	m := c.members[name]
	c.apply(m, m.Engine.Remember(c.ClockOf(m), members))
}

// ForgetAll lets the observer forget members. The error is that of [gossip.Engine.ForgetAll].
func (c *Cluster) ForgetAll(observer string, names []string, o gossip.ForgetOptions) error {
	m := c.members[observer]
	out, _, err := m.Engine.ForgetAll(c.ClockOf(m), names, o)
	c.apply(m, out)
	return err
}

// Inject hands a member a message as if it had come in a packet from the given address.
func (c *Cluster) Inject(name string, from netip.AddrPort, msg wire.Message) {
	c.receive(c.members[name].Address, 0, from, msg)
}

// Freeze stops a member as SIGSTOP does: nothing happens in it, what is sent to it waits.
func (c *Cluster) Freeze(name string) { c.members[name].frozen = true }

// Thaw lets a frozen member go on as SIGCONT does. It finds all at once what waited.
func (c *Cluster) Thaw(name string) {
	m := c.members[name]
	m.frozen = false
	backlog := m.backlog
	m.backlog = nil
	for _, f := range backlog {
		f()
	}
}

// Block holds what a member sends and what is sent to it, while its timers run: a process whose network thread hangs.
func (c *Cluster) Block(name string) { c.members[name].blocked = true }

// Unblock lets all that was held go: what it sent first, so that nothing newer overtakes it.
func (c *Cluster) Unblock(name string) {
	m := c.members[name]
	m.blocked = false
	held := append(m.unsent, m.held...)
	m.unsent, m.held = nil, nil
	for _, f := range held {
		f()
	}
}

// do runs f now, or when the member thaws, or never when it does not run.
func (c *Cluster) do(m *Member, f func()) {
	switch {
	case m.Engine == nil:
	case m.frozen:
		m.backlog = append(m.backlog, c.ofThisLife(m, f))
	default:
		f()
	}
}

// pass runs f, which sends for the member, now or when the member is unblocked.
func (c *Cluster) pass(m *Member, f func()) { c.hold(m, &m.unsent, f) }

// hold runs f now, or puts it into the queue of the member while that is blocked.
func (c *Cluster) hold(m *Member, queue *[]func(), f func()) {
	if m.blocked {
		*queue = append(*queue, c.ofThisLife(m, f))
		return
	}
	f()
}

// ofThisLife returns f, which does nothing once this life of the member is over.
func (c *Cluster) ofThisLife(m *Member, f func()) func() {
	life := m.life
	return func() {
		if m.life == life && m.Engine != nil {
			f()
		}
	}
}

func (c *Cluster) stop(m *Member) {
	if c.cfg.Memory && m.Engine != nil {
		m.memory = slices.Collect(m.Engine.Memory())
	}
	m.Engine, m.frozen, m.backlog, m.blocked, m.unsent, m.held = nil, false, nil, false, nil, nil
	m.life++
}

// apply does what a member's engine asks for.
func (c *Cluster) apply(m *Member, out gossip.Outputs) {
	if c.OnEvent != nil {
		for _, ev := range out.Events {
			c.OnEvent(c.now, m.Name, ev)
		}
	}
	for _, env := range out.Messages {
		c.send(m, env)
	}
	for _, peer := range out.Syncs {
		c.sync(m, peer, false)
	}
	over, told := m.Engine.HasLeft()
	m.Left, m.Acknowledged = over, told
	m.Deposed = out.Deposed != nil
	switch {
	case m.Deposed:
		c.yield(m)
	case over:
		c.stop(m)
	default:
		c.tick(m, out.NextTick.Sub(Epoch)-m.offset)
	}
}

// yield stops a member, since another one holds its name.
func (c *Cluster) yield(m *Member) {
	c.stop(m)
	if c.OnYield != nil {
		c.OnYield(m)
	}
}

// tick sees to it that the member is ticked at the given time, and not when it was to be ticked before.
func (c *Cluster) tick(m *Member, at time.Duration) {
	if m.tickAt == at {
		return
	}
	m.tickAt = at
	life := m.life
	c.schedule(at, func() {
		switch {
		case m.life != life || m.tickAt != at:
		case m.frozen:
			c.do(m, func() { c.tickNow(m) })
		default:
			c.tickNow(m)
		}
	})
}

func (c *Cluster) tickNow(m *Member) {
	m.tickAt = never
	c.apply(m, m.Engine.Tick(c.ClockOf(m)))
}
