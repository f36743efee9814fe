package gossip

import (
	"slices"

	"heartsay/gossip/wire"
	"heartsay/membership"
)

// A second opinion beats patience (R8). A member that does not answer is asked again, directly, until only one living
// member in a thousand would have kept silent so: then there is an opinion. Opinions are evidence and no verdicts: they
// say from which heartbeat on somebody asked in vain, and any higher heartbeat refutes them. They are told to others
// (evidence.go), who ask for themselves. Nobody is taken for suspect or dead on the word of others alone, and whoever is alone
// with its opinion goes on asking.

// doubt is what is held against one member.
type doubt struct {
	member *membership.Member
	others []wire.Accusation // of other members, not refuted; at most maxOpinions
	asking asking
	told   bool // that there are enough opinions
	again  int  // how often that is told yet
}

const (
	// enoughOpinions is how many members have to have asked in vain, this one included, to cut the patience short. Where
	// fewer are left to ask, that many.
	enoughOpinions = 3

	// maxOpinions bounds the opinions of others that are kept about one member: enough for who has none of its own.
	maxOpinions = enoughOpinions

	// retellings is in how many more rounds an agreement is told: told once to four it misses one member in fifty, and who is
	// missed finds out by itself, much later. With two, one of 128 that lose 30 % was missed in two of a hundred crashes.
	retellings = 3
)

// doubts are all that are held. They are told of in the order in which they came up.
type doubts struct {
	all     []*doubt
	of      map[*membership.Member]*doubt
	asked   []*doubt // those whose members are being asked, at most maxAsking
	inVain  int      // of them, members that are thought alive and have been asked in vain
	changed bool     // since those were counted
	left    int      // members that may yet be asked for their silence alone, see maxAlone
}

// doubtOf returns what is held against a member, nil for nothing.
func (e *Engine) doubtOf(m *membership.Member) *doubt {
	if !m.HasSuspicion {
		return nil
	}
	return e.doubts.of[m]
}

// openDoubt returns what is held against a member, and begins to hold something against it if nothing was.
func (e *Engine) openDoubt(m *membership.Member) *doubt {
	if d := e.doubtOf(m); d != nil {
		return d
	}
	if e.doubts.of == nil {
		e.doubts.of = map[*membership.Member]*doubt{}
	}
	d := &doubt{member: m}
	m.HasSuspicion = true
	e.doubts.all, e.doubts.of[m] = append(e.doubts.all, d), d
	return d
}

func (e *Engine) closeDoubt(d *doubt) {
	e.endAsking(d)
	d.member.HasSuspicion = false
	delete(e.doubts.of, d.member)
	e.doubts.all = slices.DeleteFunc(e.doubts.all, func(other *doubt) bool { return other == d })
}

// closeIfEmpty drops a doubt of which nothing is left.
func (e *Engine) closeIfEmpty(d *doubt) {
	if len(d.others) == 0 && d.asking.since == 0 {
		e.closeDoubt(d)
	}
}

// settleDoubts tells once more in each of a few rounds what enough members agree on, for those whom it has not reached,
// and drops what is held against those who have been gone for so long that no late heartbeat of theirs is under way. It
// makes up for one member that was asked for its silence alone.
func (e *Engine) settleDoubts() {
	e.doubts.left = min(e.doubts.left+1, maxAlone)
	for _, d := range slices.Clone(e.doubts.all) {
		switch {
		case d.told && d.again > 0:
			d.again--
			e.tellOpinion(d)
		case !d.member.State.Present() && e.now.Sub(d.member.Since) > max(e.cfg.DeadGrace, e.longest()):
			e.closeDoubt(d)
		}
	}
}

// forgetDoubts drops all that is held against anybody: this member itself was not listening (R9).
func (e *Engine) forgetDoubts() {
	for _, d := range e.doubts.all {
		d.member.HasSuspicion = false
	}
	e.doubts = doubts{changed: true, left: e.doubts.left}
}

// refute takes a risen heartbeat as the proof that the member lived when it was asked, and tells those who doubt it.
func (e *Engine) refute(m *membership.Member) {
	d := e.doubtOf(m)
	if d == nil {
		return
	}
	spread := d.asking.vain
	if a := d.asking; a.since > 0 && a.since < m.Heartbeat {
		e.loss.unanswered(a.put)
		e.endAsking(d)
	}
	n := len(d.others)
	d.others = slices.DeleteFunc(d.others, func(o wire.Accusation) bool { return o.Heartbeat < m.Heartbeat })
	if spread && d.asking.since == 0 || len(d.others) < n {
		e.tellSign(m)
	}
	e.closeIfEmpty(d)
}

// inVain reports whether this member has asked another one in vain, with no heartbeat since that shows it alive.
func (e *Engine) inVain(m *membership.Member) bool {
	d := e.doubtOf(m)
	return d != nil && d.asking.vain
}

// hearOpinion adds what another member says to what is held against one. Of too many opinions the earliest are kept: they tell
// since when the member does not answer.
func (e *Engine) hearOpinion(m *membership.Member, o wire.Accusation) {
	d := e.openDoubt(m)
	switch i := slices.IndexFunc(d.others, func(known wire.Accusation) bool { return known.Accuser == o.Accuser }); {
	case i >= 0:
		d.others[i].Heartbeat = max(d.others[i].Heartbeat, o.Heartbeat)
	case len(d.others) < maxOpinions:
		d.others = append(d.others, o)
	default:
		if latest := d.latest(); o.Heartbeat < latest.Heartbeat {
			*latest = o
		}
	}
}

// latest returns that of the others' opinions whose questions began last.
func (d *doubt) latest() *wire.Accusation {
	latest := &d.others[0]
	for i := range d.others {
		if o := &d.others[i]; o.Heartbeat > latest.Heartbeat {
			latest = o
		}
	}
	return latest
}

// agreed reports whether enough members, this one included, have asked the member in vain.
func (e *Engine) agreed(d *doubt) bool {
	return d.asking.vain && 1+len(d.others) >= min(enoughOpinions, 1+e.heard())
}

// shared reports whether enough members have asked the member in vain to tell everybody, whether or not this one has.
func (e *Engine) shared(d *doubt) bool { return len(d.others) >= enoughOpinions || e.agreed(d) }

// heard returns how many other members are thought to be there and have not been asked in vain: those who can give an
// opinion.
func (e *Engine) heard() int {
	if e.doubts.changed {
		inVain := 0
		for _, d := range e.doubts.all {
			if d.asking.vain && d.member.State == membership.Alive {
				inVain++
			}
		}
		e.doubts.changed, e.doubts.inVain = false, inVain
	}
	return e.table.Count(membership.Alive) - e.doubts.inVain
}

// recount takes note that others may be heard, or not, from now on. Time-outs of those in doubt depend on how many are.
func (e *Engine) recount() {
	e.doubts.changed = true
	e.reconsider()
}

// reconsider lets those in doubt be judged anew at once.
func (e *Engine) reconsider() {
	if len(e.doubts.all) > 0 {
		e.nextVerdict = min(e.nextVerdict, e.now)
	}
}
