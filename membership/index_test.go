package membership

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// place is what the index holds under a name.
type place struct {
	hash uint64
	name string
}

// TestIndexBehavesLikeASortedList holds for any hashes, those of one value and those of names chosen to crowd too.
func TestIndexBehavesLikeASortedList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hash := rapid.OneOf(rapid.Uint64(), rapid.Uint64Range(0, 3), rapid.Uint64Range(1<<63, 1<<63+50), rapid.Just(^uint64(0)))
		var x index
		var want []place
		for i := range rapid.IntRange(0, 200).Draw(t, "steps") {
			p := place{hash.Draw(t, "hash"), fmt.Sprint("m", rapid.IntRange(0, 3).Draw(t, "name"))}
			at, known := slices.BinarySearchFunc(want, p, func(a, b place) int {
				return cmp.Or(cmp.Compare(a.hash, b.hash), strings.Compare(a.name, b.name))
			})
			if got, found := x.search(p.hash, p.name); got != at || found != known {
				t.Fatalf("step %d: %v is at %d, known %v; want %d, %v", i, p, got, found, at, known)
			}
			if known {
				want = slices.Delete(want, at, at+1)
				x.remove(at)
			} else {
				want = slices.Insert(want, at, p)
				x.insert(at, p.hash, &Member{Entry: Entry{Record: &Record{Name: p.name}}})
			}
		}
		for i, p := range want {
			if x.hashes[i] != p.hash || x.members[i].Record.Name != p.name {
				t.Fatalf("at %d stands %s, want %v", i, x.members[i].Record.Name, p)
			}
		}
	})
}

func TestRemovedMemberMakesRoomForTheNext(t *testing.T) {
	var s slabs
	kept := s.take()
	kept.Heartbeat = 7
	for range 10 * slabSize {
		m := s.take()
		m.Record = &Record{}
		s.put(m)
		if m.Record != nil {
			t.Fatal("a member that was removed still holds its record")
		}
	}
	if len(s.rest) != slabSize-2 || kept.Heartbeat != 7 {
		t.Errorf("after 1 member stayed and %d came and went one by one, %d places of the first slab are left, want %d",
			10*slabSize, len(s.rest), slabSize-2)
	}
}

func TestMembersLearnedInARowLieBesideEachOther(t *testing.T) {
	table := NewTable(1000)
	table.Reserve(500)
	for i := range 500 {
		table.Learn(0, Entry{Record: &Record{Name: fmt.Sprint("m", i)}, Heartbeat: 1}, false)
	}
	if got := testing.AllocsPerRun(1, func() { table.Reserve(500) }); got != 0 {
		t.Errorf("room for members that are there already was made with %v allocations", got)
	}
	if len(table.slabs.rest) != 0 || cap(table.index.members) > 512 {
		t.Errorf("of the room for 500 members %d places are left, and the list has room for %d", len(table.slabs.rest),
			cap(table.index.members))
	}
}
