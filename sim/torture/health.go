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

// health tells since when members have been healthy: run, are neither frozen nor blocked, lose no more than 3 in 10 packets of
// their own, nor the links to more than a third of the others; and since when no partition divides them. It is stricter
// than [health], which says whose mistakes count in a report.
type health struct {
	cluster *sim.Cluster
	run     *sim.Run
	rows    map[*sim.Member]*healthRow
	whole   time.Duration // since when nothing divides the network
}

type healthRow struct {
	life           int
	since          time.Duration // since when it has been healthy
	connectedSince time.Duration // since when it has been healthy but for being frozen or blocked
	ran            time.Duration // when it last ran

	stopped, thawed time.Duration // when it was last frozen, from about the first to about the last
}

func newHealth(r *sim.Run) *health {
	return &health{cluster: r.Cluster, run: r, rows: map[*sim.Member]*healthRow{}}
}

// update brings the knowledge up to date. It is to be called every interval at least.
func (w *health) update() {
	if w.cluster.Network.Divided() {
		w.whole = w.cluster.Now()
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

// healthy reports whether a member is, now.
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
		if o == m || sim.IsSecond(o.Name) { // who goes by a member's name relays nothing for it
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

// mute reports whether nothing can be heard of a member.
func (w *health) mute(m *sim.Member) bool {
	_, out := w.cluster.Network.Losing(m.Address)
	return m.Engine == nil || m.Frozen() || m.Blocked() || out == 1
}

// healthyFor reports whether a member has been healthy, in an undivided network, for so long.
func (w *health) healthyFor(m *sim.Member, d time.Duration) bool {
	row := w.rows[m]
	now := w.cluster.Now()
	return row != nil && row.life == m.Life() && w.healthy(m) && now-row.since >= d && now-w.whole >= d
}

// judgesSoundly reports whether a member that calls another one dead now has no excuse: that it was frozen or blocked is none.
func (w *health) judgesSoundly(m *sim.Member, settle time.Duration) bool {
	row := w.rows[m]
	now := w.cluster.Now()
	return row != nil && row.life == m.Life() && w.healthy(m) && now-row.connectedSince >= settle && now-w.whole >= settle
}

// event returns what is wrong with an event: that it calls somebody dead who is not, though that one has had no trouble for
// so long, and the observer none but that it was stopped; or that the observer accuses anybody right after it was stopped.
// That another life is over is no mistake: the newest may live where the observer cannot know of it.
func (w *health) event(observer string, e membership.Event, settle time.Duration) string {
	o, s := w.cluster.Member(observer), w.cluster.Member(e.Member.Record.Name)
	switch {
	case e.Type == membership.EventSuspect && w.justWoke(o):
		return fmt.Sprintf("%s, which was stopped until a moment ago, suspects %s (%s)", observer, s.Name, e.Reason)
	case e.Type != membership.EventDead, !w.judgesSoundly(o, settle), !w.healthyFor(s, settle),
		e.Member.Record.Incarnation != s.Engine.Self().Record.Incarnation:
		return ""
	}
	return fmt.Sprintf("%s calls %s dead (%s), and both are healthy", observer, s.Name, e.Reason)
}

// justWoke reports whether a member was frozen, for long enough to notice, less than the least silence ago: everybody gets
// that at least to be heard of (R9).
func (w *health) justWoke(m *sim.Member) bool {
	row := w.rows[m]
	return row != nil && row.thawed-row.stopped >= 2*w.run.Interval && w.cluster.Now()-row.thawed < w.run.Gossip.Suspect.Min
}
