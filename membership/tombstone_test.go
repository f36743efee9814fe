package membership_test

import (
	"fmt"
	"slices"
	"testing"

	"heartsay/membership"
)

// withTombstone returns a table in which a has just been forgotten with heartbeat 10 of its second life, until instant 100.
func withTombstone() *membership.Table {
	table := membership.NewTable(3)
	table.Learn(0, entry("a", 1, 10), false)
	table.Forget("a", 100)
	return table
}

// R10.
func TestTombstoneLetsAMemberReturnOnlyWhenItsCounterKeepsRising(t *testing.T) {
	type told struct {
		life, heartbeat uint64
		direct          bool
	}
	const relayed, direct = false, true
	for _, c := range []struct {
		what string
		told []told
		back bool // after the last, and not before
	}{
		{"the same counter, relayed for ever", []told{{1, 10, relayed}, {1, 10, relayed}, {1, 10, relayed}}, false},
		{"the same counter, told by itself", []told{{1, 10, direct}}, false},
		{"a lower counter, told by itself", []told{{1, 9, direct}}, false},
		{"an older life, however high", []told{{0, 99, direct}, {0, 100, relayed}}, false},
		{"one rise: the last word of the dead, heard of late", []told{{1, 11, relayed}}, false},
		{"the same rise from many", []told{{1, 11, relayed}, {1, 11, relayed}, {1, 11, relayed}}, false},
		{"a second rise", []told{{1, 11, relayed}, {1, 12, relayed}}, true},
		{"one rise, told by itself", []told{{1, 11, direct}}, true},
		{"a new life, relayed once", []told{{2, 1, relayed}}, false},
		{"a new life that rises", []told{{2, 1, relayed}, {2, 2, relayed}}, true},
		{"a new life, told by itself", []told{{2, 1, direct}}, true},
		{"a rise, and then less", []told{{1, 12, relayed}, {1, 11, relayed}, {1, 12, direct}}, false},
	} {
		t.Run(c.what, func(t *testing.T) {
			table := withTombstone()
			for i, x := range c.told {
				change := table.Learn(1, entry("a", x.life, x.heartbeat), x.direct)
				want := c.back && i == len(c.told)-1
				if change.Learned != want {
					t.Fatalf("after %+v it is back: %v, want %v", c.told[:i+1], change.Learned, want)
				}
				if !want && change.Refused != membership.Forgotten {
					t.Fatalf("%+v is refused for %v, want it refused since it was forgotten", x, change.Refused)
				}
				if table.Tombstone("a") == want {
					t.Fatalf("after %+v a tombstone stands: %v, want %v", c.told[:i+1], !want, want)
				}
			}
		})
	}
}

// R10.
func TestTombstoneCountsACounterInADigestAsARise(t *testing.T) {
	table := withTombstone()
	if table.Admits("a", entry("a", 1, 0).Record.Incarnation, 11, false) {
		t.Error("the first rise lets a forgotten member in, want it to wait for the second")
	}
	if !table.Admits("a", entry("a", 1, 0).Record.Incarnation, 12, false) {
		t.Error("the second rise does not let a forgotten member in")
	}
	if !table.Admits("b", 1, 1, false) {
		t.Error("a member that was never forgotten is not let in")
	}
	if table.Get("a") != nil {
		t.Error("asking whether a member may come in brought it in")
	}
}

// R10.
func TestTombstoneStandsAgainstARelayedGoodbye(t *testing.T) {
	table := withTombstone()
	e := entry("a", 1, 11)
	e.Record.Leaving = true
	if c := table.Learn(1, e, false); c.Member != nil || c.Refused != membership.Forgotten || !table.Tombstone("a") {
		t.Errorf("the goodbye of a forgotten member, relayed: %+v, want it refused, and the tombstone to stand", c)
	}
}

// R10.
func TestTombstoneExpires(t *testing.T) {
	table := withTombstone()
	table.ExpireTombstones(99)
	if !table.Tombstone("a") {
		t.Fatal("the tombstone went before its time")
	}
	table.ExpireTombstones(100)
	if table.Tombstone("a") || len(table.Tombstones()) != 0 {
		t.Fatal("the tombstone stands though its time is over")
	}
	if c := table.Learn(101, entry("a", 1, 10), false); !c.Learned {
		t.Errorf("without a tombstone the old counter is refused: %+v, want it learned", c)
	}
}

// R15.
func TestTombstonesAreBounded(t *testing.T) {
	table := membership.NewTable(3)
	for i, until := range []membership.Instant{30, 10, 20, 40} {
		name := fmt.Sprint("m", i)
		table.Learn(0, entry(name, 0, 1), false)
		table.Forget(name, until)
	}
	var left []string
	for _, s := range table.Tombstones() {
		left = append(left, s.Name)
	}
	slices.Sort(left)
	if want := []string{"m0", "m2", "m3"}; !slices.Equal(left, want) {
		t.Errorf("the tombstones of %v stand, want %v: the one until 10 goes", left, want)
	}
	for _, name := range left {
		if !table.Tombstone(name) {
			t.Errorf("the tombstone of %s is not found after another went", name)
		}
	}
}

// R11.
func TestTombstoneKeepsTheAddressThatMayHeal(t *testing.T) {
	table := withTombstone()
	if got, want := table.Tombstones()[0].Address, record("a").Address; got != want {
		t.Errorf("the tombstone has the address %s, want %s", got, want)
	}
}
