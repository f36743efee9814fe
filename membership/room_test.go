package membership_test

import (
	"fmt"
	"strings"
	"testing"

	"heartsay/membership"
)

// withTags returns an entry whose record has tags of so many bytes.
func withTags(name string, heartbeat uint64, bytes int) membership.Entry {
	e := entry(name, 0, heartbeat)
	e.Record.Version = heartbeat
	e.Record.Tags = membership.Tags{{Key: "t", Value: strings.Repeat("x", bytes-1)}}
	return e
}

func TestHostile17RecordsAtTheirLargestAreBoundedTogether(t *testing.T) {
	const capacity = 16384
	table := membership.NewTable(capacity)
	bytes := 0
	for i := range capacity {
		e := withTags(fmt.Sprint("invented-", i), 1, membership.MaxTagsSize)
		if table.Learn(0, e, false).Learned {
			bytes += membership.MaxTagsSize
		}
	}
	if most := capacity * 2048; bytes > most || bytes < most*9/10 {
		t.Errorf("the table holds %d bytes of tags, want nearly, and at most, %d", bytes, most)
	}
	if c := table.Learn(0, entry("plain", 0, 1), false); table.Len() == capacity || c.Refused == membership.Forgotten {
		t.Errorf("a member without tags: %+v", c)
	}
	known := table.Get("invented-0")
	if c := table.Learn(0, withTags("invented-0", 2, 10), false); !c.Changed || known.Record.Tags[0].Value != strings.Repeat("x", 9) {
		t.Errorf("a record that gets smaller in a full table: %+v, want it taken", c)
	}
	if c := table.Learn(0, withTags("small", 1, 3000), false); !c.Learned {
		t.Errorf("a member in the place of what another gave back: %+v, want it learned", c)
	}
	table.Forget("invented-1", 10)
	table.Forget("invented-2", 10)
	if c := table.Learn(0, withTags("invented-0", 3, 4000), false); !c.Changed {
		t.Errorf("a record that grows where two were forgotten: %+v, want it taken", c)
	}
}

// The order in which members make way is one for all reasons.
func TestWhoMakesWayIsTheLongestGoneThenTheLatestOfThoseThatSentNothing(t *testing.T) {
	table := membership.NewTable(8)
	for i, name := range []string{"a", "b", "c", "d", "e"} {
		table.Learn(membership.Instant(i), entry(name, 0, 1), false)
	}
	table.SetState(table.Get("b"), membership.Dead, 10)
	table.SetState(table.Get("a"), membership.Left, 20)
	table.Get("e").SetDirect(30)
	for _, want := range []string{"b", "a", "d", "c", ""} {
		got := ""
		if m := table.MakesWay(nil, true); m != nil {
			got = m.Record.Name
		}
		if got != want {
			t.Fatalf("%q makes way, want %q", got, want)
		}
		if hearsay := table.MakesWay(nil, false); want > "b" && hearsay != nil {
			t.Errorf("%s makes way for somebody that others tell of", hearsay.Record.Name)
		}
		if want != "" {
			if other := table.MakesWay(table.Get(want), true); other == table.Get(want) {
				t.Errorf("%s makes way for itself", want)
			}
			table.Forget(want, 100)
		}
	}
}
