package api

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Event is one line of GET /v1/events: one change of the agent's view.
type Event struct {
	Epoch  string    `json:"epoch"` // one life of the agent: each start begins a new one
	Seq    uint64    `json:"seq"`   // counts from 1 within the epoch, without holes
	Time   time.Time `json:"time"`  // when the agent noticed it, by its own clock
	Type   EventType `json:"type"`
	Member Member    `json:"member"` // as the view shows it just after the change
	Reason string    `json:"reason"` // why, for people; may be ""
	// Members is set in an EventReset only: the whole view after which the events go on. Member is empty then.
	Members []Member `json:"members,omitempty"`
}

// StreamEnd is the last line of a stream of events that the agent ends: because it stops ([CodeUnavailable]), or
// because the reader took nothing for ten seconds ([CodeTooSlow]). A stream without it broke off. To go on without a
// hole, ask for what came after Epoch and Seq.
type StreamEnd struct {
	Epoch  string    `json:"epoch"`
	Seq    uint64    `json:"seq"`
	Type   EventType `json:"type"`   // StreamEndType
	Code   string    `json:"code"`   // as in Error
	Reason string    `json:"reason"` // for people
}

// StreamEndType is the type of a [StreamEnd]; no event has it.
const StreamEndType EventType = "end"

// CursorHeader is the header in which the answer to GET /v1/events says, as "EPOCH:SEQ", after which event the stream
// begins. A reader that is cut off before its first event goes on from there.
const CursorHeader = "Heartsay-Cursor"

// Cursor names an event of an agent: Seq counts from 1 within Epoch, which is one life of the agent. Written, it is
// "EPOCH:SEQ". A Seq of 0 is the place before the first event. The zero value names nothing.
type Cursor struct {
	Epoch string // 1 to 64 of 0-9 a-f
	Seq   uint64
}

// maxEpochLength bounds what [ParseCursor] takes, in bytes.
const maxEpochLength = 64

// ParseCursor returns the cursor that s writes, like "019a2b3c4d5e6f708192:42". Whether there is such an event is not
// for it to say. The error says what is wrong with s.
func ParseCursor(s string) (Cursor, error) {
	epoch, digits, found := strings.Cut(s, ":")
	switch {
	case !found:
		return Cursor{}, fmt.Errorf("cursor %q has no colon: write EPOCH:SEQ, both as an event shows them", s)
	case epoch == "" || len(epoch) > maxEpochLength || strings.Trim(epoch, "0123456789abcdef") != "":
		return Cursor{}, fmt.Errorf("cursor %q: epoch %q is not 1 to %d of 0-9 a-f", s, epoch, maxEpochLength)
	}
	seq, err := strconv.ParseUint(digits, 10, 64)
	if err != nil {
		return Cursor{}, fmt.Errorf("cursor %q: %q is not the number of an event", s, digits)
	}
	return Cursor{Epoch: epoch, Seq: seq}, nil
}

// String returns what [ParseCursor] reads, "" for the zero value.
func (c Cursor) String() string {
	if c.IsZero() {
		return ""
	}
	return c.Epoch + ":" + strconv.FormatUint(c.Seq, 10)
}

// IsZero reports whether the cursor names nothing.
func (c Cursor) IsZero() bool { return c == Cursor{} }

// Cursor returns the name of the event, to go on after it.
func (e Event) Cursor() Cursor { return Cursor{Epoch: e.Epoch, Seq: e.Seq} }
