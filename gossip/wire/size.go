package wire

import (
	"time"

	"heartsay/membership"
)

// The sizes are upper bounds of what the codec writes, in bytes; a test holds the two together. Who fills a packet counts
// with them (R17).

// FixedSize bounds the version and kind, the headers of all arrays and byte strings, four counters and a flag.
const FixedSize = 72

// SizeUint returns what a number takes.
func SizeUint(v uint64) int {
	switch {
	case v < 1<<7:
		return 1
	case v < 1<<8:
		return 2
	case v < 1<<16:
		return 3
	case v < 1<<32:
		return 5
	}
	return 9
}

// MaxNameSize bounds the size of a name.
const MaxNameSize = 3 + membership.MaxNameLength

// SizeString bounds what a name takes, or another string of up to 64 KiB.
func SizeString(s string) int { return 3 + len(s) }

// SizeRefutation bounds what a refutation takes.
func SizeRefutation(s Refutation) int {
	return 1 + SizeString(s.Name) + SizeUint(s.Incarnation) + SizeUint(s.Heartbeat)
}

// SizeForget bounds what a request to forget a member takes.
func SizeForget(f Forget) int {
	return 1 + SizeString(f.Name) + SizeUint(f.Incarnation) + SizeUint(f.Heartbeat)
}

// SizeSuspicion bounds what a suspicion takes with all its accusations.
func SizeSuspicion(d Suspicion) int {
	n := 4 + SizeString(d.Name) + SizeUint(d.Incarnation)
	for _, o := range d.Accusations {
		n += 1 + SizeString(o.Accuser) + SizeUint(o.Heartbeat)
	}
	return n
}

// SizeEntry bounds what the entry of a member takes.
func SizeEntry(en membership.Entry) int {
	r := en.Record
	n := 3 + SizeString(r.Name) + SizeUint(r.Incarnation) + SizeUint(r.Version) + SizeUint(en.Heartbeat)
	n += SizeString(r.Zone) + SizeString(r.Build) + 21 + SizeUint(uint64(r.Interval/time.Microsecond)) + 4
	for _, t := range r.Tags {
		n += 1 + SizeString(t.Key) + SizeString(t.Value)
	}
	return n
}
