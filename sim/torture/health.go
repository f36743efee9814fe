package torture

import (
	"fmt"
	"slices"
	"time"

	"heartsay/membership"
	"heartsay/sim"
)

// mildLoss is the largest share of the packets to or from one member that may be lost without making it unhealthy.
const mildLoss = 0.3

// health is the truth about the members, by which promises are judged: since when each has been healthy, and since when no
// partition divides the network. A member is healthy while it runs, is neither frozen nor blocked, loses at most 3 of 10
// packets of its own in each direction, and has lost the links to at most a third of the others. That is stricter than the
// health of package sim, which says whose mistakes count in a report.
type health struct {
	cluster   *sim.Cluster
	run       *sim.Run
	rows      map[*sim.Member]*healthRow
	undivided time.Duration // since when no partition divides the network
}

type healthRow struct {
	life           int
	since          time.Duration // since when it has been healthy
	connectedSince time.Duration // since when it has been healthy, or only frozen or blocked
	ran            time.Duration // when it last ran

	stopped, thawed time.Duration // when the last freeze was first seen, and last
}

func newHealth(r *sim.Run) *health {
	return &health{cluster: r.Cluster, run: r, rows: map[*sim.Member]*healthRow{}}
}

// update looks at all members. It has to be called at least once per interval.
func (w *health) update() {
	if w.cluster.Network.Divided() {
		w.undivided = w.cluster.Now()
	}
	for _, m := range w.cluster.Members() {
		row := w.rows[m]
		if row == nil {
			row = &healthRow{since: w.cluster.Now(), connectedSince: w.cluster.Now()}
			w.rows[m] = row
		}
		if !w.connected(m) || row.life != m.Life() {
			row.connectedSince = w.cluster.Now()
		}
		if !w.healthy(m) || row.life != m.Life() {
			row.life, row.since = m.Life(), w.cluster.Now()
		}
		if m.Engine != nil {
			row.ran = w.cluster.Now()
		}
		if m.Frozen() {
			if w.cluster.Now()-row.thawed > w.run.Interval {
				row.stopped = w.cluster.Now()
			}
			row.thawed = w.cluster.Now()
		}
	}
}

// healthy reports whether a member is healthy now.
func (w *health) healthy(m *sim.Member) bool { return !m.Frozen() && !m.Blocked() && w.connected(m) }

// connected reports whether a member runs, and would be healthy if it were not frozen or blocked.
func (w *health) connected(m *sim.Member) bool {
	if m.Engine == nil {
		return false
	}
	in, out := w.cluster.Network.Losing(m.Address)
	return in <= mildLoss && out <= mildLoss && w.reaches(m)
}

// all returns the members that are healthy, sorted by name.
func (w *health) all() []*sim.Member {
	return slices.DeleteFunc(w.cluster.Running(), func(m *sim.Member) bool { return !w.healthy(m) })
}

// reaches reports whether at most a third of the links from and to a member are cut.
func (w *health) reaches(m *sim.Member) bool {
	n := w.cluster.Network
	if !n.SeversSome() {
		return true
	}
	out, in, others := 0, 0, 0
	for _, o := range w.cluster.Running() {
		if o == m || sim.IsSecond(o.Name) { // a second agent relays nothing for the member whose name it has
			continue
		}
		others++
		if n.Severs(m.Address, o.Address) {
			out++
		}
		if n.Severs(o.Address, m.Address) {
			in++
		}
	}
	return 3*max(out, in) <= others
}

// goneFor returns for how long a member has not run; 0 while it does.
func (w *health) goneFor(m *sim.Member) time.Duration {
	row := w.rows[m]
	if m.Engine != nil || row == nil {
		return 0
	}
	return w.cluster.Now() - row.ran
}

// mute reports whether a member sends nothing that arrives.
func (w *health) mute(m *sim.Member) bool {
	_, out := w.cluster.Network.Losing(m.Address)
	return m.Engine == nil || m.Frozen() || m.Blocked() || out == 1
}

// healthyFor reports whether a member has been healthy, in an undivided network, for d.
func (w *health) healthyFor(m *sim.Member, d time.Duration) bool {
	row := w.rows[m]
	now := w.cluster.Now()
	return row != nil && row.life == m.Life() && w.healthy(m) && now-row.since >= d && now-w.undivided >= d
}

// judgesSoundly reports whether a member that declares another dead now has no excuse. To have been frozen or blocked is no
// excuse.
func (w *health) judgesSoundly(m *sim.Member, settle time.Duration) bool {
	row := w.rows[m]
	now := w.cluster.Now()
	return row != nil && row.life == m.Life() && w.healthy(m) && now-row.connectedSince >= settle && now-w.undivided >= settle
}

// event returns what is wrong with an event, or "". A verdict is wrong when its subject has been healthy for settle and the
// observer has been healthy, or only stopped, for settle. A suspicion is wrong right after the observer was stopped. A verdict
// on an older life is not wrong: the newest life may run where the observer cannot learn of it.
func (w *health) event(observer string, e membership.Event, settle time.Duration) string {
	o, s := w.cluster.Member(observer), w.cluster.Member(e.Member.Record.Name)
	switch {
	case e.Type == membership.EventSuspect && w.justWoke(o):
		return fmt.Sprintf("%s, which was stopped until a moment ago, suspects %s (%s)", observer, s.Name, e.Reason)
	case e.Type != membership.EventDead, !w.judgesSoundly(o, settle), !w.healthyFor(s, settle),
		e.Member.Record.Incarnation != s.Engine.Self().Record.Incarnation:
		return ""
	}
	return fmt.Sprintf("%s declares %s dead (%s), and both are healthy", observer, s.Name, e.Reason)
}

// justWoke reports whether a member was frozen, for long enough to notice, less than the least silence ago: after a stall,
// every other member gets that time to be heard (R9).
func (w *health) justWoke(m *sim.Member) bool {
	row := w.rows[m]
	return row != nil && row.thawed-row.stopped >= 2*w.run.Interval && w.cluster.Now()-row.thawed < w.run.Gossip.Suspect.Min
}
