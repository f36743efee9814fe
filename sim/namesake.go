package sim

import (
	"slices"
	"strings"
	"time"

	"heartsay/membership"
)

// A namesake is a second agent that goes by a member's name, on another host. Its process is known by that name and a
// mark.

const twinMark = "+"

func twinOf(name string) string     { return name + twinMark }
func isTwin(process string) bool    { return strings.HasSuffix(process, twinMark) }
func ownName(process string) string { return strings.TrimSuffix(process, twinMark) }

// twins are a member and its namesake.
type twins struct {
	holder, twin *Member
	seed         *Member // by which the twin joined; nil when nobody else ran
	began        time.Duration
}

// startTwin starts a namesake of a member. It joins by some other member.
func (r *run) startTwin(i int) {
	c, process := r.cluster, twinOf(Name(i))
	var others []*Member
	for j := range r.Members {
		if j != i && r.runs(j) {
			others = append(others, c.Member(Name(j)))
		}
	}
	r.moved++
	record := membership.Record{
		Name: Name(i), Address: Address(farOff + r.moved), Interval: r.Interval, Incarnation: uint64(c.Clock().UnixMilli()) + 1, // the member may restart at this moment
	}
	t := &twins{holder: c.Member(Name(i)), began: c.Now()}
	r.index[process] = -1 - i // not a number of a member: the two are not in contact because they share a name
	r.checker.forget(process)
	if err := c.StartAs(process, record); err != nil {
		panic("sim: " + err.Error())
	}
	t.twin = c.Member(process)
	if len(others) > 0 {
		t.seed = others[r.rng.IntN(len(others))]
		if side, ok := c.Network.sides[t.seed.Address]; ok {
			c.Network.sides[record.Address] = side
		}
		c.sync(t.twin, t.seed.Address, true)
	}
	r.pairs = append(r.pairs, t)
	if r.hooks.TwinStarted != nil {
		r.hooks.TwinStarted(t)
	}
}

// stopTwin stops the namesake of a member, and starts the member again if that ended for it, as an operator does.
func (r *run) stopTwin(i int) {
	k := slices.IndexFunc(r.pairs, func(t *twins) bool { return t.holder.Name == Name(i) })
	t := r.pairs[k]
	r.pairs = slices.Delete(r.pairs, k, k+1)
	if r.hooks.TwinStops != nil {
		r.hooks.TwinStops(t)
	}
	r.cluster.Crash(t.twin.Name)
	if t.holder.Engine == nil && (t.holder.Deposed || t.holder.Refused != "") {
		r.restart(i, t.holder.Address)
	}
}
