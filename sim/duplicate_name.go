package sim

import (
	"slices"
	"strings"
	"time"

	"heartsay/membership"
)

// A duplicate name is held by two processes on two hosts: a member, the holder, and a second agent. The process of the
// second agent is called by the name and a mark.

const secondMark = "+"

// SecondOf returns the process of the second agent under a name.
func SecondOf(name string) string { return name + secondMark }

// IsSecond reports whether a process is a second agent.
func IsSecond(process string) bool { return strings.HasSuffix(process, secondMark) }

// OwnName returns the name that the record of a process has.
func OwnName(process string) string { return strings.TrimSuffix(process, secondMark) }

// SameName is a member and a second agent under its name.
type SameName struct {
	Holder, Second *Member
	Seed           *Member       // the member by which the second agent joined; nil when no other ran
	Began          time.Duration // when the second agent started
}

// startSecond starts a second agent under the name of a member. It joins by some other member.
func (r *Run) startSecond(i int) {
	c, process := r.Cluster, SecondOf(Name(i))
	var others []*Member
	for j := range r.Members {
		if j != i && r.runs(j) {
			others = append(others, c.Member(Name(j)))
		}
	}
	r.moved++
	record := membership.Record{
		Name: Name(i), Address: Address(movedAddresses + r.moved), Interval: r.Interval, Incarnation: uint64(c.Clock().UnixMilli()) + 1, // the member may restart at this moment
	}
	t := &SameName{Holder: c.Member(Name(i)), Began: c.Now()}
	r.index[process] = -1 - i // not a number of a member: the two are not in contact because they share a name
	r.checker.forget(process)
	if err := c.StartAs(process, record); err != nil {
		panic("sim: " + err.Error())
	}
	t.Second = c.Member(process)
	if len(others) > 0 {
		t.Seed = others[r.rng.IntN(len(others))]
		if side, ok := c.Network.sides[t.Seed.Address]; ok {
			c.Network.sides[record.Address] = side
		}
		c.sync(t.Second, t.Seed.Address, true)
	}
	r.SameNames = append(r.SameNames, t)
	if r.Hooks.SecondStarted != nil {
		r.Hooks.SecondStarted(t)
	}
}

// stopSecond stops the second agent under a member's name. It starts the member again if that ended for it, as an operator
// does.
func (r *Run) stopSecond(i int) {
	k := slices.IndexFunc(r.SameNames, func(t *SameName) bool { return t.Holder.Name == Name(i) })
	t := r.SameNames[k]
	r.SameNames = slices.Delete(r.SameNames, k, k+1)
	if r.Hooks.SecondStops != nil {
		r.Hooks.SecondStops(t)
	}
	r.Cluster.Crash(t.Second.Name)
	if t.Holder.Engine == nil && (t.Holder.Deposed || t.Holder.Refused != "") {
		r.Restart(i, t.Holder.Address)
	}
}
