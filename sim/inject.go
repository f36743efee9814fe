package sim

import (
	"net/netip"
	"slices"
	"time"
)

// inject sees to it that a fault happens when it should. The time of faults counts from now.
func (r *Run) inject(f Fault) {
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
		r.trace.line(r.Cluster.Now(), "FAULT %s begins at members %v", f.Kind, f.Members)
		r.begin(f, again)
		if f.For == 0 {
			return
		}
		r.Cluster.After(f.For, func() {
			again := f.Pause > 0 && r.Cluster.Now()-r.start+f.Pause < until
			r.trace.line(r.Cluster.Now(), "FAULT %s is over at members %v", f.Kind, f.Members)
			r.end(f, again)
			if again {
				r.Cluster.After(f.Pause, func() { begin(true) })
			}
		})
	}
	r.Cluster.After(f.At, func() { begin(false) })
}

// begin lets a fault begin, or begin again: its victims are struck from the first time to the last.
func (r *Run) begin(f Fault, again bool) {
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
		r.Cluster.Network.Twice = f.Share
	case Reorder:
		r.Cluster.Network.Jitter = f.Delay
	case Join:
		r.join(f)
	}
}

// strike lets a fault begin at one member.
func (r *Run) strike(f Fault, i int) {
	c, name := r.Cluster, Name(i)
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
	case DuplicateName:
		r.startSecond(i)
	case Clock:
		c.SetClock(name, f.Offset)
		r.crash(i)
		r.Restart(i, c.Member(name).Address)
	}
	if f.Kind == Restart && f.For == 0 {
		r.end(Fault{Kind: Restart, Members: []int{i}, Elsewhere: f.Elsewhere}, false)
	}
}

// end takes a fault back, until it comes again or for good.
func (r *Run) end(f Fault, again bool) {
	for _, i := range f.Members {
		r.release(f, i)
		if f.impairs() && !again {
			r.health.release(i, r.Cluster.Now())
		}
	}
	switch f.Kind {
	case Partition:
		r.Cluster.Network.Partition()
		if !again {
			r.health.unite(r.Cluster.Now())
		}
	case Duplicate:
		r.Cluster.Network.Twice = r.Network.Twice
	case Reorder:
		r.Cluster.Network.Jitter = r.Network.Jitter
	}
	if r.Hooks.FaultOver != nil && !again {
		r.Hooks.FaultOver(f)
	}
}

// release takes a fault back at one member.
func (r *Run) release(f Fault, i int) {
	c, name := r.Cluster, Name(i)
	switch f.Kind {
	case Restart:
		address := c.Member(name).Address
		if f.Elsewhere {
			r.moved++
			address = Address(movedAddresses + r.moved)
		}
		r.Restart(i, address)
	case Freeze:
		r.LastFreed = c.Now()
		c.Thaw(name)
	case Block:
		r.LastFreed = c.Now()
		c.Unblock(name)
	case Loss:
		c.Network.Lose(c.Member(name).Address, 0, 0)
	case Cut:
		r.eachLink(f, i, c.Network.Mend)
	case DuplicateName:
		r.stopSecond(i)
	case Clock:
		c.SetClock(name, 0)
		r.crash(i)
		r.Restart(i, c.Member(name).Address)
	}
}

// movedAddresses is where the addresses of members that moved begin.
const movedAddresses = 1 << 20

func (r *Run) runs(i int) bool {
	m := r.Cluster.Member(Name(i))
	return m != nil && m.Engine != nil
}

// crash stops a member without a goodbye, if it runs.
func (r *Run) crash(i int) {
	if r.runs(i) {
		r.Cluster.Crash(Name(i))
		r.ledger.crashed(i, r.Cluster.Now(), r.runs)
	}
}

// Restart starts a member anew. It joins by the first other member that runs.
func (r *Run) Restart(i int, address netip.AddrPort) {
	r.health.starts(i, r.Cluster.Now())
	r.ledger.restarted(i)
	r.checker.forget(Name(i))
	var seeds []netip.AddrPort
	for j := range r.Members {
		if j != i && r.runs(j) {
			seeds = []netip.AddrPort{r.Cluster.Member(Name(j)).Address}
			break
		}
	}
	if err := r.Cluster.Start(Name(i), address, seeds...); err != nil {
		panic("sim: " + err.Error())
	}
}

// join starts new members.
func (r *Run) join(f Fault) {
	for range f.Count {
		i := r.Ever
		r.Ever++
		at := time.Duration(r.rng.Int64N(int64(max(f.For, r.Interval))))
		r.index[Name(i)] = i
		r.Cluster.After(at, func() { r.Restart(i, Address(i+1)) })
	}
}

// forget lets those whom a fault names forget a member, if they run. That they do not know it is no error.
func (r *Run) forget(f Fault, i int) {
	for j := range r.Ever {
		m := r.Cluster.Member(Name(j))
		if j != i && m != nil && m.Engine != nil && !m.frozen && (f.To == nil || slices.Contains(f.To, j)) {
			if forgotten, _ := r.Cluster.Forget(m.Name, Name(i), true); forgotten {
				r.checker.forgotUnlisted(m.Name, Name(i))
			}
		}
	}
}

// partition cuts the sides of a fault off from each other.
func (r *Run) partition(f Fault) {
	side := map[int]int{}
	for _, i := range f.Members {
		side[i] = 1
	}
	for _, i := range f.To {
		side[i] = 2
	}
	groups := make([][]netip.AddrPort, 3)
	for i := range r.Ever {
		if m := r.Cluster.Member(Name(i)); m != nil {
			groups[side[i]] = append(groups[side[i]], m.Address)
		}
		if m := r.Cluster.Member(SecondOf(Name(i))); m != nil { // on another side than the holder of its name, if there is one
			other := side[(i+1)%r.Ever]
			groups[other] = append(groups[other], m.Address)
		}
	}
	r.Cluster.Network.Partition(groups...)
	r.health.part(side, r.Ever)
}

func (r *Run) eachLink(f Fault, i int, do func(from, to netip.AddrPort)) {
	from := r.Cluster.Member(Name(i)).Address
	if f.To == nil {
		for j := range r.Ever {
			if m := r.Cluster.Member(Name(j)); j != i && m != nil {
				do(from, m.Address)
			}
		}
		return
	}
	for _, j := range f.To {
		do(from, r.Cluster.Member(Name(j)).Address)
	}
}
