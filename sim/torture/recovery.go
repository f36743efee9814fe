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
	run     *sim.Run
	well    *health
	byes    *goodbyes
	core    int
	looked  map[int]time.Duration // when each member last tried a seed
	held    time.Duration         // for how long packets wait in a member at most: they bring old news
	slowest time.Duration         // how long packets travel at most
	began   time.Duration
	limit   time.Duration                    // how long it may take from then until contact
	met     groups                           // those that got messages of each other
	contact time.Duration                    // when all healthy members had got messages of each other, through others or not; 0: not yet
	unequal time.Duration                    // when the views last were not equal
	shadow  time.Duration                    // when a view last showed the life of a namesake that is over
	present time.Duration                    // when somebody who says nothing last was present
	late    map[[2]*sim.Member]time.Duration // since when an observer has shown a subject as present for too long
	refuse  map[*sim.SameName]bool           // which second agents are to be refused
}

// stays is for how long what was reached is watched.
const stays = 5 * time.Second

func newRecovery(r *sim.Run, core int) *recovery {
	w := newHealth(r)
	a := &recovery{run: r, well: w, byes: newGoodbyes(w), core: core, met: groups{}, looked: map[int]time.Duration{}}
	a.late, a.refuse = map[[2]*sim.Member]time.Duration{}, map[*sim.SameName]bool{}
	a.slowest = r.Network.Latency + r.Network.Jitter
	for _, f := range r.Faults {
		switch f.Kind {
		case sim.Freeze, sim.Block:
			a.held = max(a.held, f.For)
		case sim.Reorder:
			a.slowest = max(a.slowest, r.Network.Latency+f.Delay)
		}
	}
	return a
}

// seek lets members try their seeds, if that is due.
func (a *recovery) seek() {
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
		if seed != nil && seed != m && c.Now()-a.looked[i] >= every {
			a.looked[i] = c.Now()
			c.Join(m, seed.Address)
		}
	}
}

// watch lets time pass until all has come true and lasted, or something is broken.
func (a *recovery) watch() {
	r := a.run
	c := r.Cluster
	a.began, a.limit = c.Now(), a.contactLimit(a.well.all())
	r.Note("QUIET")
	if !c.RunUntil(contactLooks+2*r.Gossip.Dead.Max, r.Interval, func() bool { return a.look() || r.Broken != nil }) {
		r.Check("not all had come true at the end")
	}
}

// glance looks at what is promised all the while.
func (a *recovery) glance() {
	a.well.look()
	a.run.Check(a.byes.look())
	a.lookAtSameNames()
}

// times returns how it went.
func (a *recovery) times() Times {
	return Times{
		Contact: a.contact - a.began,
		Equal:   max(0, a.unequal-a.contact+a.run.Interval),
		Gone:    max(0, a.present-a.contact+a.run.Interval),
	}
}

// message takes note of who is in contact.
func (a *recovery) message(from, to netip.AddrPort, arrives bool) {
	if a.began == 0 {
		return
	}
	r := a.run
	sender, receiver := r.Cluster.At(from), r.Cluster.At(to)
	if arrives && sender != nil && receiver != nil && a.well.healthy(sender) && a.well.healthy(receiver) {
		a.met.join(r.Number(sender.Name), r.Number(receiver.Name))
	}
}

// event checks that nobody healthy is called dead, and that nobody who is not there joins.
func (a *recovery) event(at time.Duration, observer string, e membership.Event) {
	r := a.run
	r.Check(a.well.event(observer, e, r.Settle()))
	r.Check(a.byes.event(observer, e, r.Settle()))
	if e.Type == membership.EventJoin {
		r.Check(a.ghost(at, observer, e))
	}
}

// ghost returns what is wrong with a join: that it is of somebody who has not run for longer than anybody waits for it, and
// packets wait in a member that is stopped; or, in the quiet time, of somebody who does not run and was forgotten.
func (a *recovery) ghost(at time.Duration, observer string, e membership.Event) string {
	r := a.run
	s := r.Cluster.Member(e.Member.Record.Name)
	if gone, most := a.well.goneFor(s), r.LongestWait()+a.held; gone > most && !a.secondRan(s, most) {
		return fmt.Sprintf("%s, which has not run for %s, joins at %s", s.Name, gone, observer)
	}
	since, forgotten := r.ForgottenAt(observer, e.Member.Record)
	buried := forgotten && at-since < r.Gossip.TombstoneRetention
	if buried && s.Engine == nil && a.well.healthy(r.Cluster.Member(observer)) && a.contact > 0 && at > a.contact+a.patience() {
		return fmt.Sprintf("%s, which does not run and was forgotten, joins at %s", s.Name, observer)
	}
	return ""
}
