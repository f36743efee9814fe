package gossip

import (
	"time"

	"heartsay/membership"
)

// The sizes are upper bounds of what the codec writes, in bytes; a test holds the two together. Who fills a packet counts
// with them (R17).

// fixedSize bounds the version and kind, the headers of all arrays and byte strings, four counters and a flag.
const fixedSize = 72

func sizeUint(v uint64) int {
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

// maxNameSize bounds the size of a name.
const maxNameSize = 3 + membership.MaxNameLength

func sizeString(s string) int { return 3 + len(s) }

func sizeSign(s Sign) int {
	return 1 + sizeString(s.Name) + sizeUint(s.Incarnation) + sizeUint(s.Heartbeat)
}

func sizeDoubt(d Doubt) int {
	n := 4 + sizeString(d.Name) + sizeUint(d.Incarnation)
	for _, o := range d.Opinions {
		n += 1 + sizeString(o.Witness) + sizeUint(o.Heartbeat)
	}
	return n
}

func sizeEntry(en membership.Entry) int {
	r := en.Record
	n := 3 + sizeString(r.Name) + sizeUint(r.Incarnation) + sizeUint(r.Version) + sizeUint(en.Heartbeat)
	n += sizeString(r.Zone) + sizeString(r.Build) + 21 + sizeUint(uint64(r.Interval/time.Microsecond)) + 4
	for _, t := range r.Tags {
		n += 1 + sizeString(t.Key) + sizeString(t.Value)
	}
	return n
}
