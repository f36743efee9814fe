package membership

import (
	"errors"
	"fmt"
	"math/bits"
	"net/netip"
	"time"
	"unicode/utf8"
)

// Bounds of a record (R15). They are checked before anything of it is stored.
const (
	MaxNameLength          = 128  // bytes
	MaxTags                = 64   // tags of one member
	MaxTagKeyLength        = 64   // bytes
	MaxTagsSize            = 4096 // bytes of all keys and values of one member together
	MaxZoneLength          = 64   // bytes
	MaxBuildLength         = 64   // bytes
	MinInterval            = 10 * time.Millisecond
	MaxInterval            = 10 * time.Minute
	MaxClockAhead          = 24 * time.Hour // how far an incarnation may lie in the observer's future
	MaxCounter      uint64 = 1 << 53        // bound of incarnations and heartbeats; exact in JSON, 285,000 years in ms
)

// ValidateName returns an error that says what is wrong with name, or nil. A name is 1 to 128 of A–Z a–z 0–9 . _ -
// and is neither "." nor ".." (R1), so that it is safe in a path, a log line, a metric label and a table.
func ValidateName(name string) error {
	if name == "" {
		return errors.New("name is empty: give 1 to 128 of A-Z a-z 0-9 . _ -")
	}
	if len(name) > MaxNameLength {
		return fmt.Errorf("name is %d bytes long: at most %d are allowed", len(name), MaxNameLength)
	}
	if name == "." || name == ".." {
		return fmt.Errorf("name %q is reserved: choose another", name)
	}
	for i := range len(name) {
		if !nameByte(name[i]) {
			return fmt.Errorf("name %q has %q at position %d: only A-Z a-z 0-9 . _ - are allowed", name, name[i], i+1)
		}
	}
	return nil
}

func nameByte(c byte) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '.', c == '_', c == '-':
		return true
	}
	return false
}

// ValidateAddress returns an error that says why nobody can be reached at a, or nil.
func ValidateAddress(a netip.AddrPort) error {
	ip := a.Addr()
	switch {
	case !a.IsValid():
		return errors.New("address is missing")
	case a.Port() == 0:
		return fmt.Errorf("address %s has port 0: nobody can be reached there", a)
	case ip.IsUnspecified():
		return fmt.Errorf("address %s is unspecified: it names every host and none", a)
	case ip.IsMulticast(), ip == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return fmt.Errorf("address %s is not the address of one host", a)
	case ip.Zone() != "":
		return fmt.Errorf("address %s has a zone: it means something on its own host alone", a)
	case ip.Is4In6():
		return fmt.Errorf("address %s is IPv4 written as IPv6: write %s", a, netip.AddrPortFrom(ip.Unmap(), a.Port()))
	}
	return nil
}

// ValidateTags returns an error that says which tag is not acceptable and why, or nil. Keys are 1 to 64 of
// A–Z a–z 0–9 . _ - /, sorted, each once; values are any UTF-8; all together take at most 4096 bytes.
func ValidateTags(tags Tags) error {
	if len(tags) > MaxTags {
		return fmt.Errorf("%d tags: at most %d are allowed", len(tags), MaxTags)
	}
	size := 0
	for i, t := range tags {
		if t.Key == "" || len(t.Key) > MaxTagKeyLength {
			return fmt.Errorf("tag key %q is %d bytes long: 1 to %d are allowed", t.Key, len(t.Key), MaxTagKeyLength)
		}
		for j := range len(t.Key) {
			if !nameByte(t.Key[j]) && t.Key[j] != '/' {
				return fmt.Errorf("tag key %q has %q: only A-Z a-z 0-9 . _ - / are allowed", t.Key, t.Key[j])
			}
		}
		if !utf8.ValidString(t.Value) {
			return fmt.Errorf("value of tag %q is not UTF-8", t.Key)
		}
		if i > 0 && tags[i-1].Key >= t.Key {
			return fmt.Errorf("tag key %q is repeated or out of order", t.Key)
		}
		size += len(t.Key) + len(t.Value)
	}
	if size > MaxTagsSize {
		return fmt.Errorf("tags take %d bytes: at most %d are allowed", size, MaxTagsSize)
	}
	return nil
}

// Validate returns an error that says which part of r is out of bounds, or nil. It looks at r alone; whether its
// incarnation fits the time is for [CheckClock].
func (r *Record) Validate() error {
	if err := ValidateName(r.Name); err != nil {
		return err
	}
	if err := ValidateAddress(r.Address); err != nil {
		return err
	}
	if err := ValidateTags(r.Tags); err != nil {
		return err
	}
	switch {
	case r.Incarnation == 0 || r.Incarnation > MaxCounter:
		return fmt.Errorf("incarnation %d is out of bounds", r.Incarnation)
	case r.Version == 0 || r.Version > MaxCounter:
		return fmt.Errorf("record version %d is out of bounds", r.Version)
	case r.Interval < MinInterval || r.Interval > MaxInterval:
		return fmt.Errorf("interval %s is out of bounds: %s to %s are allowed", r.Interval, MinInterval, MaxInterval)
	case len(r.Zone) > MaxZoneLength || !utf8.ValidString(r.Zone):
		return fmt.Errorf("zone %q is not 0 to %d bytes of UTF-8", r.Zone, MaxZoneLength)
	case len(r.Build) > MaxBuildLength || !utf8.ValidString(r.Build):
		return fmt.Errorf("build %q is not 0 to %d bytes of UTF-8", r.Build, MaxBuildLength)
	}
	return nil
}

// CheckClock returns an error when (incarnation, heartbeat) cannot have come about by now, the observer's wall
// clock: an incarnation more than a day ahead, or more heartbeats than the time since it began allows (R15). A day
// of slack bears any clock that an operator would still call set.
func CheckClock(now time.Time, incarnation, heartbeat uint64, interval time.Duration) error {
	h := HorizonAt(now)
	switch {
	case h.Allows(incarnation, heartbeat, interval):
		return nil
	case !h.Reaches(incarnation):
		return fmt.Errorf("incarnation %d lies more than %s ahead of this clock", incarnation, MaxClockAhead)
	}
	return fmt.Errorf("heartbeat %d is more than the time since incarnation %d allows", heartbeat, incarnation)
}

// Horizon is the latest time that an observer believes in, in Unix milliseconds.
type Horizon uint64

// HorizonAt returns the horizon of an observer whose wall clock shows now.
func HorizonAt(now time.Time) Horizon {
	return Horizon(max(now.UnixMilli()+MaxClockAhead.Milliseconds(), 0))
}

// Allows reports whether (incarnation, heartbeat) can have come about: [CheckClock] for many members at one time.
func (h Horizon) Allows(incarnation, heartbeat uint64, interval time.Duration) bool {
	if heartbeat == 0 || !h.Reaches(incarnation) {
		return false
	}
	allowed := (uint64(h) - incarnation + 1) * 1000 // microseconds
	high, taken := bits.Mul64(heartbeat-1, uint64(interval/time.Microsecond))
	return high == 0 && taken <= allowed
}

// Reaches reports whether a life can have begun by now.
func (h Horizon) Reaches(incarnation uint64) bool {
	return incarnation > 0 && incarnation <= min(MaxCounter, uint64(h))
}
