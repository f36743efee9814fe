package eventlog

import (
	"fmt"
	"slices"

	"heartsay/api"
)

// Query is which events a reader wants, and after which one it goes on. The zero value is all from now on.
type Query struct {
	Epoch    string // of the event to go on after; "": the newest
	Seq      uint64 // of that event
	snapshot bool   // begin with a reset
	Types    []api.EventType
}

// NewQuery returns what r asks for. The error is an [*api.Error] that says which part of r makes no sense.
func NewQuery(r api.EventsRequest) (q Query, err error) {
	for _, t := range r.Types {
		if _, err := api.ParseEventType(string(t)); err != nil {
			return Query{}, badQuery("%v", err)
		}
	}
	q.Types, q.snapshot = r.Types, r.Snapshot
	if r.After == "" {
		return q, nil
	}
	if q.Epoch, q.Seq, err = api.ParseCursor(r.After); err != nil {
		return Query{}, badQuery("%v", err)
	}
	return q, nil
}

func badQuery(format string, args ...any) error {
	return &api.Error{Code: api.CodeBadRequest, Message: fmt.Sprintf(format, args...)}
}

// Wants reports whether events of this type are asked for. A reset always is.
func (q Query) Wants(kind api.EventType) bool {
	return len(q.Types) == 0 || kind == api.EventReset || slices.Contains(q.Types, kind)
}
