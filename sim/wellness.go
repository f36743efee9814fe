package sim

import (
	"fmt"
	"slices"
	"time"

	"heartsay/membership"
)

// mildLoss is the largest share of the packets to or from one member that may be lost without making it unhealthy.
const mildLoss = 0.3

// wellness tells since when members have been healthy: run, are neither frozen nor blocked, lose no more than 3 in 10 packets of
// their own, nor the links to more than a third of the others; and since when no partition divides them. It is stricter
// than [health], which says whose mistakes count in a report.
type wellness struct {
	cluster *Cluster
	rows    map[*Member]*wellRow
	whole   time.Duration // since when nothing divides the network
}

type wellRow struct {
	life  int
	since time.Duration // since when it has been healthy
	fit   time.Duration // since when it has been healthy but for being frozen or blocked
	ran   time.Duration // when it last ran

	stopped, thawed time.Duration // when it was last frozen, from about the first to about the last
}

func newWellness(c *Cluster) *wellness { return &wellness{cluster: c, rows: map[*Member]*wellRow{}} }

// look brings the knowledge up to date. It is to be called every interval at least.
func (w *wellness) look() {
	if len(w.cluster.Network.sides) > 0 {
		w.whole = w.cluster.now
	}
	for _, m := range w.cluster.Members() {
		row := w.rows[m]
		if row == nil {
			row = &wellRow{since: w.cluster.now, fit: w.cluster.now}
			w.rows[m] = row
		}
		if !w.connected(m) || row.life != m.life {
			row.fit = w.cluster.now
		}
		if !w.healthy(m) || row.life != m.life {
			row.life, row.since = m.life, w.cluster.now
		}
		if m.Engine != nil {
			row.ran = w.cluster.now
		}
		if m.frozen {
			if w.cluster.now-row.thawed > w.cluster.cfg.Interval {
				row.stopped = w.cluster.now
			}
			row.thawed = w.cluster.now
		}
	}
}

// healthy reports whether a member is, now.
func (w *wellness) healthy(m *Member) bool { return !m.frozen && !m.blocked && w.connected(m) }

// connected reports whether a member runs, and would be healthy if it were not frozen or blocked.
func (w *wellness) connected(m *Member) bool {
	if m.Engine == nil {
		return false
	}
	l := w.cluster.Network.lossy[m.Address]
	return l.in <= mildLoss && l.out <= mildLoss && w.reaches(m)
}

// all returns the members that are healthy, sorted by name.
func (w *wellness) all() []*Member {
	return slices.DeleteFunc(w.cluster.Running(), func(m *Member) bool { return !w.healthy(m) })
}

// reaches reports whether at most a third of the links from and to a member are cut.
func (w *wellness) reaches(m *Member) bool {
	severed := w.cluster.Network.severed
	if len(severed) == 0 {
		return true
	}
	out, in, others := 0, 0, 0
	for _, o := range w.cluster.Running() {
		if o == m || isTwin(o.Name) { // who goes by a member's name relays nothing for it
			continue
		}
		others++
		if severed[link{m.Address, o.Address}] {
			out++
		}
		if severed[link{o.Address, m.Address}] {
			in++
		}
	}
	return 3*max(out, in) <= others
}

// goneFor returns for how long a member has not run; 0 while it does.
func (w *wellness) goneFor(m *Member) time.Duration {
	row := w.rows[m]
	if m.Engine != nil || row == nil {
		return 0
	}
	return w.cluster.now - row.ran
}

// mute reports whether nothing can be heard of a member.
func (w *wellness) mute(m *Member) bool {
	return m.Engine == nil || m.frozen || m.blocked || w.cluster.Network.lossy[m.Address].out == 1
}

// lasts reports whether a member has been healthy, in an undivided network, for so long.
func (w *wellness) lasts(m *Member, d time.Duration) bool {
	row := w.rows[m]
	now := w.cluster.now
	return row != nil && row.life == m.life && w.healthy(m) && now-row.since >= d && now-w.whole >= d
}

// judges reports whether a member that calls another one dead now has no excuse: that it was frozen or blocked is none.
func (w *wellness) judges(m *Member, settle time.Duration) bool {
	row := w.rows[m]
	now := w.cluster.now
	return row != nil && row.life == m.life && w.healthy(m) && now-row.fit >= settle && now-w.whole >= settle
}

// event returns what is wrong with an event: that it calls somebody dead who is not, though that one has had no trouble for
// so long, and the observer none but that it was stopped; or that the observer accuses anybody right after it was stopped.
// That another life is over is no mistake: the newest may live where the observer cannot know of it.
func (w *wellness) event(observer string, e membership.Event, settle time.Duration) string {
	o, s := w.cluster.Member(observer), w.cluster.Member(e.Member.Record.Name)
	switch {
	case e.Type == membership.EventSuspect && w.justWoke(o):
		return fmt.Sprintf("%s, which was stopped until a moment ago, suspects %s (%s)", observer, s.Name, e.Reason)
	case e.Type != membership.EventDead, !w.judges(o, settle), !w.lasts(s, settle),
		e.Member.Record.Incarnation != s.Engine.Self().Record.Incarnation:
		return ""
	}
	return fmt.Sprintf("%s calls %s dead (%s), and both are healthy", observer, s.Name, e.Reason)
}

// justWoke reports whether a member was frozen, for long enough to notice, less than the least silence ago: everybody gets
// that at least to be heard of (R9).
func (w *wellness) justWoke(m *Member) bool {
	row, cfg := w.rows[m], w.cluster.cfg
	return row != nil && row.thawed-row.stopped >= 2*cfg.Interval && w.cluster.now-row.thawed < cfg.Gossip.Suspect.Min
}
