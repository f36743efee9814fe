package node

import (
	"time"

	"github.com/hashicorp/go-hclog"

	"heartsay/api"
	"heartsay/gossip"
	"heartsay/membership"
)

// publish puts events into the ring and the log.
func (l *loop) publish(events []heldEvent) {
	n, at := l.node, time.Now()
	for _, ev := range events {
		n.ring.Append(apiEvent(at, ev.Event))
		n.counts.events[apiEventType(ev.Type)].Add(1)
		if ev.merged > 0 {
			n.counts.merged(ev.merged)
		}
		n.logEvent(ev)
		if ev.Reason == gossip.MadeWay && at.Sub(l.madeWay) > sayAgain {
			l.madeWay = at
			n.log.Warn("the list of members is full: those gone for longest are forgotten early to make room; "+
				"forget them by heartsay forget --state dead, or keep them for less time by --retain-dead", "room", gossip.DefaultConfig().MaxMembers)
		}
	}
}

// sayAgain is how long a lasting state that was logged is not logged again.
const sayAgain = 10 * time.Minute

func (n *Node) logEvent(ev heldEvent) {
	r := ev.Member.Record
	args := []any{"name", r.Name, "address", r.Address, "incarnation", r.Incarnation}
	if ev.Reason != "" {
		args = append(args, "reason", ev.Reason)
	}
	if ev.merged > 0 {
		args = append(args, "merged", ev.merged)
	}
	n.log.Log(hclog.LevelFromString(string(apiEventType(ev.Type).Level())), "member "+ev.Type.String(), args...)
}

// apiState returns a state as the API tells it.
func apiState(s membership.State) api.State { return api.State(s.String()) }

// apiEventType returns the type of an event as the API tells it.
func apiEventType(t membership.EventType) api.EventType { return api.EventType(t.String()) }

// apiMember returns a view of a member as the API tells it.
func apiMember(v membership.View) api.Member {
	r := v.Record
	m := api.Member{
		Name: r.Name, Address: r.Address.String(), State: apiState(v.State), Phi: v.Phi,
		Timeout: v.DeadAfter, SuspectTimeout: v.SuspectAfter,
		Silence: v.Silence, Incarnation: r.Incarnation, Heartbeat: v.Heartbeat,
		Zone: r.Zone, Build: r.Build, Tags: r.Tags.Map(), Since: v.Since.UTC(),
	}
	if !v.Direct.IsZero() {
		direct := v.Direct.UTC()
		m.LastDirect = &direct
	}
	return m
}

// apiEvent returns an event as the API tells it. The ring numbers it.
func apiEvent(at time.Time, ev membership.Event) api.Event {
	return api.Event{Time: at.UTC(), Type: apiEventType(ev.Type), Member: apiMember(ev.Member), Reason: ev.Reason}
}
