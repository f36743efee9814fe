package agent

import (
	"fmt"
	"slices"
	"strings"

	"heartsay/api"
)

// eventQuery is which events a reader wants, and after which one it goes on. The zero value is all from now on.
type eventQuery struct {
	epoch    string // of the event to go on after; "": the newest
	seq      uint64 // of that event
	snapshot bool   // begin with a reset
	types    []string
}

// newEventQuery returns what r asks for. The error is an [*api.Error] that says which part of r makes no sense.
func newEventQuery(r api.EventsRequest) (q eventQuery, err error) {
	for _, t := range r.Types {
		if !slices.Contains(api.EventTypes(), t) {
			return eventQuery{}, badQuery("event type %q is not known: choose of %s", t, strings.Join(api.EventTypes(), " "))
		}
	}
	q.types, q.snapshot = r.Types, r.Snapshot
	if r.After == "" {
		return q, nil
	}
	if q.epoch, q.seq, err = ParseCursor(r.After); err != nil {
		return eventQuery{}, badQuery("%v", err)
	}
	return q, nil
}

func badQuery(format string, args ...any) error {
	return &api.Error{Code: api.CodeBadRequest, Message: fmt.Sprintf(format, args...)}
}

// wants reports whether events of this type are asked for. A reset always is.
func (q eventQuery) wants(kind string) bool {
	return len(q.types) == 0 || kind == api.EventReset || slices.Contains(q.types, kind)
}
