package sim

import (
	"fmt"
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
		Name: Name(i), Address: Address(farOff + r.moved), Interval: r.Interval, Incarnation: uint64(c.Clock().UnixMilli()),
	}
	t := twins{holder: c.Member(Name(i)), began: c.Now()}
	r.index[process] = i
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
	r.pairs[i] = t
	if r.twinStarted != nil {
		r.twinStarted(t)
	}
}

// stopTwin stops the namesake of a member, and starts the member again if that ended for it, as an operator does.
func (r *run) stopTwin(i int) {
	t := r.pairs[i]
	if r.twinStops != nil {
		r.check(r.twinStops(t))
	}
	r.cluster.Crash(t.twin.Name)
	if t.holder.Engine == nil && (t.holder.Deposed || t.holder.Refused != "") {
		r.restart(i, t.holder.Address)
	}
}

// twinStarts takes note of a namesake that joins where nothing is wrong: it is to be refused (R14).
func (a *aftermath) twinStarts(t twins) {
	settle := a.run.settle()
	a.refuse[t.twin.Name] = t.seed != nil && a.run.cluster.Network.perfect() && a.well.lasts(t.holder, settle) &&
		a.well.lasts(t.seed, settle) && a.sees(t.seed, t.holder)
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
func (a *aftermath) twinStops(t twins) string {
	w, lived := a.well, a.run.cluster.now-t.began
	limit := contactTries*a.run.Interval + a.patience()
	switch {
	case a.refuse[t.twin.Name] && w.lasts(t.holder, lived) && w.lasts(t.seed, lived) && t.twin.Refused == "":
		return fmt.Sprintf("a namesake joined by %s under the name of %s, which is healthy", t.seed.Name, t.holder.Name)
	case a.refuse[t.twin.Name] && t.twin.Refused != "" && t.holder.Deposed:
		return fmt.Sprintf("%s ended because of a namesake that was refused", t.holder.Name)
	case w.lasts(t.twin, limit) && w.lasts(t.holder, limit) && a.contactLimit(w.all()) < contactLooks:
		return fmt.Sprintf("%s and its namesake have both lived for %s, and could have met", t.holder.Name, limit)
	}
	return ""
}

// twinRan reports whether a namesake of a member runs, or has run within so long.
func (a *aftermath) twinRan(m *Member, d time.Duration) bool {
	twin := a.run.cluster.Member(twinOf(m.Name))
	return twin != nil && a.well.goneFor(twin) <= d
}
