package torture

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"heartsay/membership"
	"heartsay/sim"
)

// recovery checks what is promised once no fault comes or goes any more:
//
//   - within [Rounds] rounds of contact, the views of all healthy members show all healthy members alive, in their newest
//     incarnation and at their address, and they stay so;
//   - a member that does not run or sends nothing is not shown as present once its silence exceeds the time-out shown;
//   - a member that does not run does not join again.
//
// [Case.Run] owns it: it hands the hooks of the run to it, and lets it wait until all has come true. health.go says who is
// healthy, contact.go by when contact is due, goodbyes.go what is promised of leaving, duplicate_name.go what of two agents
// under one name.
type recovery struct {
	run         *sim.Run
	health      *health
	goodbyes    *goodbyes
	core        int
	triedSeed   map[int]time.Duration            // when each member last tried a seed
	longestHold time.Duration                    // the longest time that packets wait in a stopped member: they bring old news
	slowest     time.Duration                    // the longest time that a packet travels
	began       time.Duration                    // when the faults were over
	limit       time.Duration                    // the longest time allowed from then until contact
	contacts    groups                           // members that got messages from each other
	contactAt   time.Duration                    // when all healthy members were in contact, directly or through others; 0: not yet
	unequalAt   time.Duration                    // when the views were last not equal
	secondShown time.Duration                    // when a view last showed the life of a second agent that has ended
	presentAt   time.Duration                    // when a member that sends nothing was last shown as present
	late        map[[2]*sim.Member]time.Duration // since when an observer has shown a subject as present for too long
	refuse      map[*sim.SameName]bool           // second agents that have to be refused
}

// watchedFor is how long the run goes on after all has come true, to see that it lasts.
const watchedFor = 5 * time.Second

func newRecovery(r *sim.Run, core int) *recovery {
	w := newHealth(r)
	rec := &recovery{run: r, health: w, goodbyes: newGoodbyes(w), core: core, contacts: groups{}, triedSeed: map[int]time.Duration{}}
	rec.late, rec.refuse = map[[2]*sim.Member]time.Duration{}, map[*sim.SameName]bool{}
	rec.slowest = r.Network.Latency + r.Network.Jitter
	for _, f := range r.Faults {
		switch f.Kind {
		case sim.Freeze, sim.Block:
			rec.longestHold = max(rec.longestHold, f.For)
		case sim.Reorder:
			rec.slowest = max(rec.slowest, r.Network.Latency+f.Delay)
		}
	}
	return rec
}

// trySeeds lets each member whose turn it is try a seed, as an agent does.
func (rec *recovery) trySeeds() {
	c := rec.run.Cluster
	for i := range rec.run.Ever {
		m := c.Member(sim.Name(i))
		if m == nil || m.Engine == nil || m.Frozen() {
			continue
		}
		every := lookAgain
		if m.Engine.Others() == 0 {
			every = lookWhenAlone
		}
		seed := c.Member(sim.Name(c.Draw(rec.core)))
		if seed != nil && seed != m && c.Now()-rec.triedSeed[i] >= every {
			rec.triedSeed[i] = c.Now()
			c.Join(m, seed.Address)
		}
	}
}

// waitForAll lets time pass until all has come true and lasted, or a promise is broken.
func (rec *recovery) waitForAll() {
	r := rec.run
	c := r.Cluster
	rec.began, rec.limit = c.Now(), rec.contactLimit(rec.health.all())
	r.Note("QUIET")
	if !c.RunUntil(contactLooks+2*r.Gossip.Dead.Max, r.Interval, func() bool { return rec.checkRecovered() || r.Broken != nil }) {
		r.Check("not all promises had come true at the end")
	}
}

// checkAlways checks what is promised at any time, during the faults too.
func (rec *recovery) checkAlways() {
	rec.health.update()
	rec.run.Check(rec.goodbyes.look())
	rec.lookAtSameNames()
}

// times returns how long the cluster took.
func (rec *recovery) times() Times {
	return Times{
		Contact: rec.contactAt - rec.began,
		Equal:   max(0, rec.unequalAt-rec.contactAt+rec.run.Interval),
		Gone:    max(0, rec.presentAt-rec.contactAt+rec.run.Interval),
	}
}

// message notes who is in contact.
func (rec *recovery) message(from, to netip.AddrPort, arrives bool) {
	if rec.began == 0 {
		return
	}
	r := rec.run
	sender, receiver := r.Cluster.At(from), r.Cluster.At(to)
	if arrives && sender != nil && receiver != nil && rec.health.healthy(sender) && rec.health.healthy(receiver) {
		rec.contacts.join(r.Number(sender.Name), r.Number(receiver.Name))
	}
}

// event checks that no healthy member is declared dead, and that no member joins that does not run.
func (rec *recovery) event(at time.Duration, observer string, e membership.Event) {
	r := rec.run
	r.Check(rec.health.event(observer, e, r.Settle()))
	r.Check(rec.goodbyes.event(observer, e, r.Settle()))
	if e.Type == membership.EventJoin {
		r.Check(rec.ghost(at, observer, e))
	}
}

// ghost returns what is wrong with a join, or "". It is wrong when the member has not run for longer than any view may show
// it and any packet may wait in a stopped member; or, in the quiet time, when it does not run and a tombstone of it stands.
func (rec *recovery) ghost(at time.Duration, observer string, e membership.Event) string {
	r := rec.run
	s := r.Cluster.Member(e.Member.Record.Name)
	if gone, most := rec.health.goneFor(s), r.LongestWait()+rec.longestHold; gone > most && !rec.secondRan(s, most) {
		return fmt.Sprintf("%s, which has not run for %s, joins at %s", s.Name, gone, observer)
	}
	since, forgotten := r.ForgottenAt(observer, e.Member.Record)
	tombstone := forgotten && at-since < r.Gossip.TombstoneRetention
	if tombstone && s.Engine == nil && rec.health.healthy(r.Cluster.Member(observer)) && rec.contactAt > 0 && at > rec.contactAt+rec.patience() {
		return fmt.Sprintf("%s, which does not run and was forgotten, joins at %s", s.Name, observer)
	}
	return ""
}

// patience is how long views may take: [Rounds] rounds, and more with loss, since a record needs three packets in a row.
func (rec *recovery) patience() time.Duration {
	n := rec.run.Cluster.Network
	switch lossy := func(m *sim.Member) bool { in, out := n.Losing(m.Address); return in+out > 0 }; {
	case n.Loss > 0 && slices.ContainsFunc(rec.health.all(), lossy):
		return 4 * Rounds * rec.run.Interval
	case n.Loss > 0 || n.LosesSome():
		return 2 * Rounds * rec.run.Interval
	}
	return Rounds * rec.run.Interval
}

// checkRecovered checks what has to be true by now. It reports whether all is true, and has been for [watchedFor].
func (rec *recovery) checkRecovered() bool {
	r := rec.run
	now := r.Cluster.Now()
	healthy := rec.health.all()
	switch {
	case rec.contactAt == 0 && rec.contacts.one(r.Numbers(healthy)):
		rec.contactAt = now
	case rec.contactAt == 0 && now > rec.began+rec.limit:
		r.Check(fmt.Sprintf("the healthy members are not in contact %s after the faults", now-rec.began))
	}
	if rec.contactAt == 0 {
		return false
	}
	for _, m := range healthy {
		rec.checkView(m, len(healthy))
	}
	return now >= max(rec.unequalAt, rec.presentAt, rec.contactAt)+watchedFor
}

// checkView checks the view of a healthy member.
func (rec *recovery) checkView(o *sim.Member, healthy int) {
	c := rec.run.Cluster
	found := 0
	for _, v := range o.Engine.Snapshot(c.ClockOf(o)) {
		s := c.Member(v.Record.Name)
		switch {
		case rec.health.healthy(s):
			found++
			if fault := difference(s, v); fault != "" {
				rec.viewDiffers(fmt.Sprintf("%s sees %s %s", o.Name, s.Name, fault), rec.since(s, v))
			}
		case rec.health.mute(s) && v.State.Present():
			rec.presentAt = c.Now()
			rec.checkSilent(o, s, v)
		}
	}
	rec.run.Check(rec.missing(o))
	if found < healthy {
		since := rec.contactAt
		if rec.run.Gossip.MaxMembers < rec.run.Ever { // a full list makes room once it knows who is dead
			since = max(since, rec.presentAt)
		}
		rec.viewDiffers(fmt.Sprintf("%s lists %d of %d healthy members", o.Name, found, healthy), since)
	}
}

// missing returns which member a view lacks although its observer remembered it at its start, or "". By then it has to be heard of,
// listed as dead, or forgotten.
func (rec *recovery) missing(o *sim.Member) string {
	r := rec.run
	remembered, began := o.Remembered()
	age := r.Cluster.Now() - max(began, r.LastFreed) // who was stopped waits anew
	if age < r.Gossip.Dead.Max+r.Interval || r.Gossip.MaxMembers < r.Ever {
		return ""
	}
	for _, m := range remembered {
		gone := !m.Gone.IsZero() && r.Cluster.ClockOf(o).Sub(m.Gone) > r.Gossip.DeadRetention
		if m.Name != o.Name && !gone && !o.Engine.Knows(m.Name) && !r.ForgotName(o.Name, m.Name) {
			return fmt.Sprintf("%s, which started %s ago, knew %s before and does not list it", o.Name, age, m.Name)
		}
	}
	return ""
}

// checkSilent checks that o does not show s, which sends nothing, as present for longer than the time-out shown and
// [recovery.patience]. A time-out that became shorter when the detector learned counts once all members had time to be
// judged by it.
func (rec *recovery) checkSilent(o, s *sim.Member, v membership.View) {
	now, both := rec.run.Cluster.Now(), [2]*sim.Member{o, s}
	switch since, before := rec.late[both]; {
	case v.Silence-v.DeadAfter <= rec.patience() || now <= rec.contactAt+rec.patience():
		delete(rec.late, both)
	case !before:
		rec.late[both] = now
	case now-since > rec.run.Gossip.Suspect.Min:
		rec.run.Check(fmt.Sprintf("%s sees %s %s, silent for %s, and the time-out shown is %s", o.Name, s.Name, v.State,
			v.Silence, v.DeadAfter))
	}
}

// viewDiffers notes that a view is not right yet. It breaks a promise when that is so [recovery.patience] after since.
func (rec *recovery) viewDiffers(how string, since time.Duration) {
	now := rec.run.Cluster.Now()
	rec.unequalAt = now
	if now >= since+rec.patience() {
		rec.run.Check(fmt.Sprintf("%s, %s after contact and %s after the faults", how, now-rec.contactAt, now-rec.began))
	}
}

// difference returns what is wrong with how a view shows a healthy member, or "".
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
