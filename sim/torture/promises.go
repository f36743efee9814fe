package torture

import (
	"fmt"
	"slices"
	"time"

	"heartsay/membership"
	"heartsay/sim"
)

// patience is how long the rounds take that views need: to bring a record takes three packets in a row.
func (a *recovery) patience() time.Duration {
	n := a.run.Cluster.Network
	switch lossy := func(m *sim.Member) bool { in, out := n.Losing(m.Address); return in+out > 0 }; {
	case n.Loss > 0 && slices.ContainsFunc(a.health.all(), lossy):
		return 4 * Rounds * a.run.Interval
	case n.Loss > 0 || n.LosesSome():
		return 2 * Rounds * a.run.Interval
	}
	return Rounds * a.run.Interval
}

// checkRecovered checks what should have come true by now. It reports whether all has, and has lasted.
func (a *recovery) checkRecovered() bool {
	r := a.run
	now := r.Cluster.Now()
	healthy := a.health.all()
	switch {
	case a.contactAt == 0 && a.contacts.one(r.Numbers(healthy)):
		a.contactAt = now
	case a.contactAt == 0 && now > a.began+a.limit:
		r.Check(fmt.Sprintf("the healthy are not in contact %s after the faults", now-a.began))
	}
	if a.contactAt == 0 {
		return false
	}
	for _, m := range healthy {
		a.checkView(m, len(healthy))
	}
	return now >= max(a.unequalAt, a.presentAt, a.contactAt)+watchedFor
}

// checkView checks the view of a healthy member.
func (a *recovery) checkView(o *sim.Member, healthy int) {
	c := a.run.Cluster
	found := 0
	for _, v := range o.Engine.Snapshot(c.ClockOf(o)) {
		s := c.Member(v.Record.Name)
		switch {
		case a.health.healthy(s):
			found++
			if fault := difference(s, v); fault != "" {
				a.viewDiffers(fmt.Sprintf("%s sees %s %s", o.Name, s.Name, fault), a.since(s, v))
			}
		case a.health.mute(s) && v.State.Present():
			a.presentAt = c.Now()
			a.checkSilent(o, s, v)
		}
	}
	if found < healthy {
		a.viewDiffers(fmt.Sprintf("%s lists %d of %d healthy members", o.Name, found, healthy), a.contactAt)
	}
}

// checkSilent checks that a view does not show who says nothing as present for longer than the time-out shown, and as many rounds. A
// time-out that has become shorter as the detector learned, all at once, counts when everybody has been judged by it.
func (a *recovery) checkSilent(o, s *sim.Member, v membership.View) {
	now, both := a.run.Cluster.Now(), [2]*sim.Member{o, s}
	switch since, before := a.late[both]; {
	case v.Silence-v.DeadAfter <= a.patience() || now <= a.contactAt+a.patience():
		delete(a.late, both)
	case !before:
		a.late[both] = now
	case now-since > a.run.Gossip.Suspect.Min:
		a.run.Check(fmt.Sprintf("%s sees %s %s, silent for %s, and the time-out shown is %s", o.Name, s.Name, v.State,
			v.Silence, v.DeadAfter))
	}
}

// viewDiffers notes that a view is not as it should be, which breaks a promise once the rounds since then are over.
func (a *recovery) viewDiffers(how string, since time.Duration) {
	now := a.run.Cluster.Now()
	a.unequalAt = now
	if now >= since+a.patience() {
		a.run.Check(fmt.Sprintf("%s, %s after contact and %s after the faults", how, now-a.contactAt, now-a.began))
	}
}

// difference returns what is wrong with how a healthy member is shown, or "".
func difference(s *sim.Member, v membership.View) string {
	own := s.Engine.Self().Record
	switch {
	case v.State != membership.Alive && !(own.Leaving && v.State == membership.Left):
		return v.State.String()
	case v.Record.Incarnation != own.Incarnation:
		return fmt.Sprintf("in incarnation %d instead of %d", v.Record.Incarnation, own.Incarnation)
	case v.Record.Address != own.Address:
		return fmt.Sprintf("at %s instead of %s", v.Record.Address, own.Address)
	}
	return ""
}
