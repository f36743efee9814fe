package handlers

import (
	"maps"
	"time"

	"heartsay/agent/internal/eventlog"
	"heartsay/api"
)

// changes returns what happened to the members between old and now, at most one event for each, as far as q wants it.
// It stands for events that a handler has lost: it hears how things are, and not how they came to be so.
func changes(epoch string, old *api.View, now *eventlog.View, q eventlog.Query) (jobs []Job) {
	tell := func(kind api.EventType, m api.Member) {
		if kind == "" || !q.Wants(kind) {
			return
		}
		jobs = append(jobs, Job{
			Event: api.Event{Epoch: epoch, Seq: now.Seq, Time: time.Now().UTC(), Type: kind, Member: m,
				Reason: "events were lost, and this is how it is now"},
			ID: api.Cursor{Epoch: epoch, Seq: now.Seq}.String() + "/" + m.Name, // the number alone is that of another event
		})
	}
	present := make(map[string]bool, len(now.Members))
	for _, m := range now.Members {
		present[m.Name] = true
		was, known := old.Member(m.Name)
		tell(change(was, m, known), m)
	}
	for _, m := range old.Members() {
		if !present[m.Name] {
			tell(api.EventForgotten, m)
		}
	}
	return jobs
}

// change returns the type of the event that leads from one view of a member to another, or "" when nothing happened.
func change(was, is api.Member, known bool) api.EventType {
	switch {
	case !known && is.State == api.Alive, was.State == api.Left && is.State == api.Alive:
		return api.EventJoin
	case !known, was.State != is.State, was.Incarnation != is.Incarnation:
		return is.State.Event()
	case was.Address != is.Address, was.Zone != is.Zone, was.Build != is.Build, !maps.Equal(was.Tags, is.Tags):
		return api.EventUpdate
	}
	return ""
}
