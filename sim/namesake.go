package sim

import (
	"fmt"
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
	refuse       bool // the twin is to be refused
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
	if r.twinStarted != nil {
		r.twinStarted(t)
	}
}

// stopTwin stops the namesake of a member, and starts the member again if that ended for it, as an operator does.
func (r *run) stopTwin(i int) {
	k := slices.IndexFunc(r.pairs, func(t *twins) bool { return t.holder.Name == Name(i) })
	t := r.pairs[k]
	r.pairs = slices.Delete(r.pairs, k, k+1)
	if r.twinStops != nil {
		r.check(r.twinStops(t))
	}
	r.cluster.Crash(t.twin.Name)
	if t.holder.Engine == nil && (t.holder.Deposed || t.holder.Refused != "") {
		r.restart(i, t.holder.Address)
	}
}

// twinStarts takes note of a namesake that joins where nothing is wrong: it is to be refused (R14).
func (a *aftermath) twinStarts(t *twins) {
	settle := a.run.settle()
	t.refuse = t.seed != nil && a.well.lasts(t.holder, settle) && a.well.lasts(t.seed, settle) && a.sees(t.seed, t.holder)
}

// refusal is how long it takes to refuse a namesake: the seed asks for a second.
const refusal = 2 * time.Second

// lookAtTwins checks those that are to be refused, unless something comes in between.
func (a *aftermath) lookAtTwins() {
	r := a.run
	for _, t := range r.pairs {
		ended := t.holder.Engine == nil && t.holder.Deposed
		if !t.refuse || t.twin.Refused != "" && !ended {
			continue
		}
		if !ended && !a.well.healthy(t.holder) || !a.well.healthy(t.seed) || !r.cluster.Network.perfect() {
			t.refuse = false
		}
		if t.refuse && r.cluster.now-t.began > refusal {
			r.check(fmt.Sprintf("a namesake joined by %s under the name of %s, which is healthy", t.seed.Name, t.holder.Name))
		}
	}
}

// sees reports whether an observer has a member present, in its life and at its address.
func (a *aftermath) sees(o, s *Member) bool {
	for en, state := range o.Engine.Entries() {
		if en.Record.Name == s.Name {
			return state.Present() && en.Record.Address == s.Address
		}
	}
	return false
}

// twinStops returns what is wrong with how a namesake fared, or "".
func (a *aftermath) twinStops(t *twins) string {
	w, limit := a.well, contactTries*a.run.Interval
	if h := t.holder.Engine; h != nil && t.twin.Deposed && h.Self().Record.Incarnation < t.twin.incarnation {
		return fmt.Sprintf("the newer of two %s has ended, and not the older one", t.holder.Name)
	}
	if w.lasts(t.twin, limit) && w.lasts(t.holder, limit) && a.contactLimit(w.all()) < contactLooks {
		return fmt.Sprintf("%s and its namesake have both lived for %s, and could have met", t.holder.Name, limit)
	}
	return ""
}

// twinRan reports whether a namesake of a member runs, or has run within so long.
func (a *aftermath) twinRan(m *Member, d time.Duration) bool {
	twin := a.run.cluster.Member(twinOf(m.Name))
	return twin != nil && a.well.goneFor(twin) <= d
}
