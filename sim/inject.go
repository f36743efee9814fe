package sim

import (
	"net/netip"
	"slices"
	"time"
)

// inject sees to it that a fault happens when it should. The time of faults counts from now.
func (r *run) inject(f Fault) {
	if f.Members == nil && f.Kind != Join && f.Kind != Partition {
		for i := range r.Members {
			f.Members = append(f.Members, i)
		}
	}
	until := f.Until
	if until == 0 || until > r.For {
		until = r.For
	}
	var begin func(again bool)
	begin = func(again bool) {
		r.trace.line(r.cluster.Now(), "FAULT %s begins at members %v", f.Kind, f.Members)
		r.begin(f, again)
		if f.For == 0 {
			return
		}
		r.cluster.After(f.For, func() {
			again := f.Pause > 0 && r.cluster.Now()-r.start+f.Pause < until
			r.trace.line(r.cluster.Now(), "FAULT %s is over at members %v", f.Kind, f.Members)
			r.end(f, again)
			if again {
				r.cluster.After(f.Pause, func() { begin(true) })
			}
		})
	}
	r.cluster.After(f.At, func() { begin(false) })
}

// begin lets a fault begin, or begin again: its victims are struck from the first time to the last.
func (r *run) begin(f Fault, again bool) {
	for _, i := range f.Members {
		if f.impairs() && !again {
			r.health.strike(i)
		}
		r.strike(f, i)
	}
	switch f.Kind {
	case Partition:
		r.partition(f)
	case Duplicate:
		r.cluster.Network.Twice = f.Share
	case Reorder:
		r.cluster.Network.Jitter = f.Delay
	case Join:
		r.join(f)
	}
}

// strike lets a fault begin at one member.
func (r *run) strike(f Fault, i int) {
	c, name := r.cluster, Name(i)
	switch f.Kind {
	case Crash, Restart:
		r.crash(i)
	case Leave:
		if r.runs(i) {
			r.health.leaves(i)
			c.Leave(name)
		}
	case Freeze:
		c.Freeze(name)
	case Block:
		c.Block(name)
	case Loss:
		c.Network.Lose(c.Member(name).Address, f.In, f.Out)
	case Cut:
		r.eachLink(f, i, c.Network.Sever)
	case Forget:
		r.forget(f, i)
	case Namesake:
		r.startTwin(i)
	case Clock:
		c.SetClock(name, f.Offset)
		r.crash(i)
		r.restart(i, c.Member(name).Address)
	}
	if f.Kind == Restart && f.For == 0 {
		r.end(Fault{Kind: Restart, Members: []int{i}, Elsewhere: f.Elsewhere}, false)
	}
}

// end takes a fault back, until it comes again or for good.
func (r *run) end(f Fault, again bool) {
	for _, i := range f.Members {
		r.release(f, i)
		if f.impairs() && !again {
			r.health.release(i, r.cluster.Now())
		}
	}
	switch f.Kind {
	case Partition:
		r.cluster.Network.Partition()
		if !again {
			r.health.unite(r.cluster.Now())
		}
	case Duplicate:
		r.cluster.Network.Twice = r.Network.Twice
	case Reorder:
		r.cluster.Network.Jitter = r.Network.Jitter
	}
	if r.hooks.FaultOver != nil && !again {
		r.hooks.FaultOver(f)
	}
}

// release takes a fault back at one member.
func (r *run) release(f Fault, i int) {
	c, name := r.cluster, Name(i)
	switch f.Kind {
	case Restart:
		address := c.Member(name).Address
		if f.Elsewhere {
			r.moved++
			address = Address(farOff + r.moved)
		}
		r.restart(i, address)
	case Freeze:
		r.freed = c.Now()
		c.Thaw(name)
	case Block:
		r.freed = c.Now()
		c.Unblock(name)
	case Loss:
		c.Network.Lose(c.Member(name).Address, 0, 0)
	case Cut:
		r.eachLink(f, i, c.Network.Mend)
	case Namesake:
		r.stopTwin(i)
	case Clock:
		c.SetClock(name, 0)
		r.crash(i)
		r.restart(i, c.Member(name).Address)
	}
}

// farOff is where the addresses of members that moved begin.
const farOff = 1 << 20

func (r *run) runs(i int) bool {
	m := r.cluster.Member(Name(i))
	return m != nil && m.Engine != nil
}

// crash stops a member without a word, if it runs.
func (r *run) crash(i int) {
	if r.runs(i) {
		r.cluster.Crash(Name(i))
		r.ledger.crashed(i, r.cluster.Now(), r.runs)
	}
}

// restart starts a member anew. It joins by the first other member that runs.
func (r *run) restart(i int, address netip.AddrPort) {
	r.health.starts(i, r.cluster.Now())
	r.ledger.restarted(i)
	r.checker.forget(Name(i))
	var seeds []netip.AddrPort
	for j := range r.Members {
		if j != i && r.runs(j) {
			seeds = []netip.AddrPort{r.cluster.Member(Name(j)).Address}
			break
		}
	}
	if err := r.cluster.Start(Name(i), address, seeds...); err != nil {
		panic("sim: " + err.Error())
	}
}

// join starts new members.
func (r *run) join(f Fault) {
	for range f.Count {
		i := r.members
		r.members++
		at := time.Duration(r.rng.Int64N(int64(max(f.For, r.Interval))))
		r.index[Name(i)] = i
		r.cluster.After(at, func() { r.restart(i, Address(i+1)) })
	}
}

// forget lets those whom a fault names forget a member, if they run. That they do not know it is no error.
func (r *run) forget(f Fault, i int) {
	for j := range r.members {
		m := r.cluster.Member(Name(j))
		if j != i && m != nil && m.Engine != nil && !m.frozen && (f.To == nil || slices.Contains(f.To, j)) {
			_, _ = r.cluster.Forget(m.Name, Name(i), true)
		}
	}
}

// partition cuts the sides of a fault off from each other.
func (r *run) partition(f Fault) {
	side := map[int]int{}
	for _, i := range f.Members {
		side[i] = 1
	}
	for _, i := range f.To {
		side[i] = 2
	}
	groups := make([][]netip.AddrPort, 3)
	for i := range r.members {
		if m := r.cluster.Member(Name(i)); m != nil {
			groups[side[i]] = append(groups[side[i]], m.Address)
		}
		if m := r.cluster.Member(twinOf(Name(i))); m != nil { // not with its namesake, as far as sides allow
			other := side[(i+1)%r.members]
			groups[other] = append(groups[other], m.Address)
		}
	}
	r.cluster.Network.Partition(groups...)
	r.health.part(side, r.members)
}

func (r *run) eachLink(f Fault, i int, do func(from, to netip.AddrPort)) {
	from := r.cluster.Member(Name(i)).Address
	if f.To == nil {
		for j := range r.members {
			if m := r.cluster.Member(Name(j)); j != i && m != nil {
				do(from, m.Address)
			}
		}
		return
	}
	for _, j := range f.To {
		do(from, r.cluster.Member(Name(j)).Address)
	}
}
