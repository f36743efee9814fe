package eventlog

import (
	"slices"

	"heartsay/api"
)

// Query is which events a reader wants, and after which one it goes on. The zero value is all from now on.
type Query struct {
	Types     []api.EventType
	After     api.Cursor // the event to go on after; zero: the newest
	snapshot  bool       // begin with a reset
	fromStart bool       // begin with the first event
}

// NewQuery returns what r asks for. The error is an [*api.Error] that says which part of r makes no sense.
func NewQuery(r api.EventsRequest) (q Query, err error) {
	for _, t := range r.Types {
		if _, err := api.ParseEventType(string(t)); err != nil {
			return Query{}, api.BadRequest("%v", err)
		}
	}
	return Query{Types: r.Types, After: r.After, snapshot: r.Snapshot, fromStart: r.FromStart}, nil
}

// Wants reports whether events of this type are asked for. A reset always is.
func (q Query) Wants(kind api.EventType) bool {
	return len(q.Types) == 0 || kind == api.EventReset || slices.Contains(q.Types, kind)
}
