package membership

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Record is what a member says of itself (R3: only its owner ever makes or changes one). A record is immutable once
// it is shared: it is passed by pointer between the table, the digests and the events, and never written again.
type Record struct {
	Name        string         // identity, see [ValidateName]
	Incarnation uint64         // which life of the member: Unix milliseconds at its start, or one above an older life's
	Version     uint64         // the heartbeat at which the owner last changed anything below (R2); ≥ 1
	Interval    time.Duration  // time between two heartbeats; constant within an incarnation
	Address     netip.AddrPort // where the member takes packets and streams
	Zone        string         // failure domain, "" when not told
	Build       string         // version of the owner's program, "" when not told
	Tags        Tags           // the owner's labels, sorted by key
	Leaving     bool           // the owner left; true for the rest of the incarnation (R13)
}

// Tag is one label of a member.
type Tag struct{ Key, Value string }

// Tags are labels sorted by key, each key once.
type Tags []Tag

// NewTags returns the tags of m sorted by key. A nil or empty m gives nil.
func NewTags(m map[string]string) Tags {
	if len(m) == 0 {
		return nil
	}
	tags := make(Tags, 0, len(m))
	for k, v := range m {
		tags = append(tags, Tag{k, v})
	}
	slices.SortFunc(tags, func(a, b Tag) int { return strings.Compare(a.Key, b.Key) })
	return tags
}

// Map returns the tags as a map that the caller owns. It is never nil.
func (t Tags) Map() map[string]string {
	m := make(map[string]string, len(t))
	for _, tag := range t {
		m[tag.Key] = tag.Value
	}
	return m
}

// Get returns the value of key, and whether it is set.
func (t Tags) Get(key string) (string, bool) {
	i, ok := slices.BinarySearchFunc(t, key, func(tag Tag, k string) int { return strings.Compare(tag.Key, k) })
	if !ok {
		return "", false
	}
	return t[i].Value, true
}

// compareContent orders two records that claim the same incarnation and version. Honest owners never produce two
// such records that differ; a cloned disk or a liar may, and then every observer must still pick the same one.
func compareContent(a, b *Record) int {
	return cmp.Or(
		a.Address.Compare(b.Address),
		cmp.Compare(a.Interval, b.Interval),
		cmp.Compare(a.Zone, b.Zone),
		cmp.Compare(a.Build, b.Build),
		slices.CompareFunc(a.Tags, b.Tags, func(x, y Tag) int {
			return cmp.Or(cmp.Compare(x.Key, y.Key), cmp.Compare(x.Value, y.Value))
		}),
		compareBool(a.Leaving, b.Leaving),
	)
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
