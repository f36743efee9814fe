package membership_test

import (
	"fmt"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"heartsay/membership"
)

// anyEntry draws entries of one member. The ranges are narrow, so that many tie: records of one incarnation and
// version that differ in content are what a cloned disk or a liar makes.
func anyEntry() *rapid.Generator[membership.Entry] {
	return rapid.Custom(func(t *rapid.T) membership.Entry {
		r := &membership.Record{
			Name:        "a",
			Incarnation: rapid.Uint64Range(1, 3).Draw(t, "incarnation"),
			Version:     rapid.Uint64Range(1, 3).Draw(t, "version"),
			Address:     netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, rapid.Byte().Draw(t, "host") % 3}), 4327),
			Interval:    time.Duration(1+rapid.IntRange(0, 1).Draw(t, "interval")) * time.Second,
			Zone:        rapid.SampledFrom([]string{"", "x", "y"}).Draw(t, "zone"),
			Build:       rapid.SampledFrom([]string{"", "1"}).Draw(t, "build"),
			Tags:        membership.NewTags(rapid.MapOfN(shortString(), shortString(), 0, 2).Draw(t, "tags")),
			Leaving:     rapid.Bool().Draw(t, "leaving"),
		}
		return membership.Entry{Record: r, Heartbeat: rapid.Uint64Range(1, 4).Draw(t, "heartbeat")}
	})
}

func shortString() *rapid.Generator[string] { return rapid.SampledFrom([]string{"k", "l"}) }

// same reports whether two entries say the same. Records are immutable, so which of two equal ones is kept is no
// difference.
func same(a, b membership.Entry) bool {
	return a.Heartbeat == b.Heartbeat && reflect.DeepEqual(a.Record, b.Record)
}

func show(e membership.Entry) string {
	return fmt.Sprintf("heartbeat %d of %+v", e.Heartbeat, *e.Record)
}

// R2.
func TestMergeIsCommutative(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyEntry().Draw(t, "a"), anyEntry().Draw(t, "b")
		if x, y := membership.Merge(a, b), membership.Merge(b, a); !same(x, y) {
			t.Fatalf("who hears a then b knows %s, who hears b then a knows %s: the order of messages matters", show(x), show(y))
		}
	})
}

// R2.
func TestMergeIsAssociative(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := anyEntry().Draw(t, "a"), anyEntry().Draw(t, "b"), anyEntry().Draw(t, "c")
		x := membership.Merge(membership.Merge(a, b), c)
		y := membership.Merge(a, membership.Merge(b, c))
		if !same(x, y) {
			t.Fatalf("(a+b)+c is %s, a+(b+c) is %s: what travels together matters", show(x), show(y))
		}
	})
}

// R2.
func TestMergeIsIdempotent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyEntry().Draw(t, "a"), anyEntry().Draw(t, "b")
		once := membership.Merge(a, b)
		if again := membership.Merge(once, b); !same(once, again) {
			t.Fatalf("hearing the same twice turns %s into %s", show(once), show(again))
		}
		if alone := membership.Merge(a, a); !same(alone, a) {
			t.Fatalf("hearing a from oneself turns %s into %s", show(a), show(alone))
		}
	})
}

// R2.
func TestMergeNeverGoesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyEntry().Draw(t, "a"), anyEntry().Draw(t, "b")
		m := membership.Merge(a, b)
		for _, e := range []membership.Entry{a, b} {
			if membership.After(e.Record.Incarnation, e.Heartbeat, m.Record.Incarnation, m.Heartbeat) {
				t.Fatalf("the merge %s is before %s, which went into it", show(m), show(e))
			}
			if e.Record.Incarnation == m.Record.Incarnation && e.Record.Version > m.Record.Version {
				t.Fatalf("the merge %s holds an older record than %s, which went into it", show(m), show(e))
			}
		}
	})
}

// R2.
func TestMergeTakesRecordAndHeartbeatApart(t *testing.T) {
	record := func(incarnation, version uint64) *membership.Record {
		return &membership.Record{Name: "a", Incarnation: incarnation, Version: version}
	}
	for _, c := range []struct {
		what       string
		a, b, want membership.Entry
	}{
		{
			"a newer record told with an older heartbeat",
			membership.Entry{Record: record(1, 5), Heartbeat: 5}, membership.Entry{Record: record(1, 1), Heartbeat: 9},
			membership.Entry{Record: record(1, 5), Heartbeat: 9},
		},
		{
			"a higher incarnation wins whole, however low its counters",
			membership.Entry{Record: record(2, 1), Heartbeat: 1}, membership.Entry{Record: record(1, 50), Heartbeat: 99},
			membership.Entry{Record: record(2, 1), Heartbeat: 1},
		},
	} {
		if got := membership.Merge(c.a, c.b); !same(got, c.want) {
			t.Errorf("%s gives %s, want %s", c.what, show(got), show(c.want))
		}
	}
}

// R2.
func TestAfterComparesIncarnationThenHeartbeat(t *testing.T) {
	for _, c := range []struct {
		incarnation, heartbeat, i, h uint64
		want                         bool
	}{
		{1, 1, 1, 1, false},
		{1, 2, 1, 1, true},
		{1, 1, 1, 2, false},
		{2, 1, 1, 99, true},
		{1, 99, 2, 1, false},
	} {
		if got := membership.After(c.incarnation, c.heartbeat, c.i, c.h); got != c.want {
			t.Errorf("(%d, %d) after (%d, %d) is %v, want %v", c.incarnation, c.heartbeat, c.i, c.h, got, c.want)
		}
	}
}
