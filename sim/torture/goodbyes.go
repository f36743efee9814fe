package torture

import (
	"fmt"
	"time"

	"heartsay/membership"
	"heartsay/sim"
)

// goodbyes checks what is promised of members that leave while they are healthy: others acknowledge the goodbye, and no
// observer that was healthy all the time declares them dead. recovery tells it of events, and asks it regularly.
type goodbyes struct {
	health *health
	said   map[string]goodbye // the last goodbye of each member
}

type goodbye struct {
	at          time.Duration
	life        int
	incarnation uint64
	mustBeHeard bool // an acknowledgement is due: nothing was wrong with any member
}

func newGoodbyes(w *health) *goodbyes { return &goodbyes{health: w, said: map[string]goodbye{}} }

// event returns what is wrong with an event, or "".
func (g *goodbyes) event(observer string, e membership.Event, settle time.Duration) string {
	w, name := g.health, e.Member.Record.Name
	switch e.Type {
	case membership.EventLeft:
		if m := w.cluster.Member(observer); name == observer && w.healthyFor(m, settle) {
			g.said[name] = goodbye{w.cluster.Now(), m.Life(), e.Member.Record.Incarnation, w.cluster.Network.Perfect() && g.allLast(m, settle)}
		}
	case membership.EventDead:
		bye, ok := g.said[name]
		s, o := w.cluster.Member(name), w.cluster.Member(observer)
		if ok && bye.incarnation == e.Member.Record.Incarnation && s.Engine == nil && s.Acknowledged > 0 &&
			w.healthyFor(o, w.cluster.Now()-bye.at+settle) {
			return fmt.Sprintf("%s declares %s dead (%s), whose goodbye %d have acknowledged", observer, name, e.Reason, s.Acknowledged)
		}
	}
	return ""
}

// allLast reports whether all members that m has present have been healthy for d, and there are several.
func (g *goodbyes) allLast(m *sim.Member, d time.Duration) bool {
	n := 0
	for en, state := range m.Engine.Entries() {
		if en.Record.Name == m.Name || !state.Present() {
			continue
		}
		if s := g.health.cluster.Member(en.Record.Name); !g.health.healthyFor(s, d) || s.Address != en.Record.Address {
			return false
		}
		n++
	}
	return n > 1
}

// look returns what is wrong with the goodbyes that have ended, or "".
func (g *goodbyes) look() string {
	for _, m := range g.health.cluster.Members() {
		bye, ok := g.said[m.Name]
		if !ok || m.Life() == bye.life {
			continue
		}
		if bye.mustBeHeard && m.Life() == bye.life+1 && m.Left && m.Acknowledged == 0 {
			return fmt.Sprintf("%s has left, and no member acknowledged its goodbye", m.Name)
		}
	}
	return ""
}
