package agent

import (
	"time"

	"heartsay/api"
	"heartsay/membership"
)

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
