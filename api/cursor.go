package api

import (
	"fmt"
	"strconv"
	"strings"
)

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
