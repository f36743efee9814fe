package torture

import (
	"fmt"
	"net/netip"
	"time"

	"heartsay/membership"
	"heartsay/sim"
)

// recovery watches over what is promised when no fault comes or goes any more:
//
//   - the views of all healthy members show all healthy members alive, in their newest incarnation and at their address,
//     within so many rounds after these got in contact, and go on doing so;
//   - whoever does not run, or says nothing, is not shown as present once its silence has outlasted the time-out shown;
//   - nobody who does not run joins again.
//
// Who is healthy is said in health.go.
type recovery struct {
	run         *sim.Run
	health      *health
	goodbyes    *goodbyes
	core        int
	triedSeed   map[int]time.Duration // when each member last tried a seed
	longestHold time.Duration         // for how long packets wait in a member at most: they bring old news
	slowest     time.Duration         // how long packets travel at most
	began       time.Duration
	limit       time.Duration                    // how long it may take from then until contact
	contacts    groups                           // those that got messages of each other
	contactAt   time.Duration                    // when all healthy members had got messages of each other, through others or not; 0: not yet
	unequalAt   time.Duration                    // when the views last were not equal
	secondShown time.Duration                    // when a view last showed the life of a namesake that is over
	presentAt   time.Duration                    // when somebody who says nothing last was present
	late        map[[2]*sim.Member]time.Duration // since when an observer has shown a subject as present for too long
	refuse      map[*sim.SameName]bool           // which second agents are to be refused
}

// watchedFor is for how long what was reached is watched.
const watchedFor = 5 * time.Second

func newRecovery(r *sim.Run, core int) *recovery {
	w := newHealth(r)
	a := &recovery{run: r, health: w, goodbyes: newGoodbyes(w), core: core, contacts: groups{}, triedSeed: map[int]time.Duration{}}
	a.late, a.refuse = map[[2]*sim.Member]time.Duration{}, map[*sim.SameName]bool{}
	a.slowest = r.Network.Latency + r.Network.Jitter
	for _, f := range r.Faults {
		switch f.Kind {
		case sim.Freeze, sim.Block:
			a.longestHold = max(a.longestHold, f.For)
		case sim.Reorder:
			a.slowest = max(a.slowest, r.Network.Latency+f.Delay)
		}
	}
	return a
}

// trySeeds lets members try their seeds, if that is due.
func (a *recovery) trySeeds() {
	c := a.run.Cluster
	for i := range a.run.Ever {
		m := c.Member(sim.Name(i))
		if m == nil || m.Engine == nil || m.Frozen() {
			continue
		}
		every := lookAgain
		if m.Engine.Others() == 0 {
			every = lookWhenAlone
		}
		seed := c.Member(sim.Name(c.Draw(a.core)))
		if seed != nil && seed != m && c.Now()-a.triedSeed[i] >= every {
			a.triedSeed[i] = c.Now()
			c.Join(m, seed.Address)
		}
	}
}

// waitForAll lets time pass until all has come true and lasted, or something is broken.
func (a *recovery) waitForAll() {
	r := a.run
	c := r.Cluster
	a.began, a.limit = c.Now(), a.contactLimit(a.health.all())
	r.Note("QUIET")
	if !c.RunUntil(contactLooks+2*r.Gossip.Dead.Max, r.Interval, func() bool { return a.checkRecovered() || r.Broken != nil }) {
		r.Check("not all had come true at the end")
	}
}

// checkAlways looks at what is promised all the while.
func (a *recovery) checkAlways() {
	a.health.update()
	a.run.Check(a.goodbyes.look())
	a.lookAtSameNames()
}

// times returns how it went.
func (a *recovery) times() Times {
	return Times{
		Contact: a.contactAt - a.began,
		Equal:   max(0, a.unequalAt-a.contactAt+a.run.Interval),
		Gone:    max(0, a.presentAt-a.contactAt+a.run.Interval),
	}
}

// message takes note of who is in contact.
func (a *recovery) message(from, to netip.AddrPort, arrives bool) {
	if a.began == 0 {
		return
	}
	r := a.run
	sender, receiver := r.Cluster.At(from), r.Cluster.At(to)
	if arrives && sender != nil && receiver != nil && a.health.healthy(sender) && a.health.healthy(receiver) {
		a.contacts.join(r.Number(sender.Name), r.Number(receiver.Name))
	}
}

// event checks that nobody healthy is called dead, and that nobody who is not there joins.
func (a *recovery) event(at time.Duration, observer string, e membership.Event) {
	r := a.run
	r.Check(a.health.event(observer, e, r.Settle()))
	r.Check(a.goodbyes.event(observer, e, r.Settle()))
	if e.Type == membership.EventJoin {
		r.Check(a.ghost(at, observer, e))
	}
}

// ghost returns what is wrong with a join: that it is of somebody who has not run for longer than anybody waits for it, and
// packets wait in a member that is stopped; or, in the quiet time, of somebody who does not run and was forgotten.
func (a *recovery) ghost(at time.Duration, observer string, e membership.Event) string {
	r := a.run
	s := r.Cluster.Member(e.Member.Record.Name)
	if gone, most := a.health.goneFor(s), r.LongestWait()+a.longestHold; gone > most && !a.secondRan(s, most) {
		return fmt.Sprintf("%s, which has not run for %s, joins at %s", s.Name, gone, observer)
	}
	since, forgotten := r.ForgottenAt(observer, e.Member.Record)
	buried := forgotten && at-since < r.Gossip.TombstoneRetention
	if buried && s.Engine == nil && a.health.healthy(r.Cluster.Member(observer)) && a.contactAt > 0 && at > a.contactAt+a.patience() {
		return fmt.Sprintf("%s, which does not run and was forgotten, joins at %s", s.Name, observer)
	}
	return ""
}
