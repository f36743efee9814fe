package membership_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"heartsay/membership"
)

// entry returns an entry of the first incarnation that record gives, or of one that many later.
func entry(name string, life, heartbeat uint64) membership.Entry {
	r := record(name)
	r.Incarnation += life
	return membership.Entry{Record: r, Heartbeat: heartbeat}
}

func names(members []*membership.Member) []string {
	list := []string{}
	for _, m := range members {
		list = append(list, m.Record.Name)
	}
	return list
}

func TestTableIsSortedByNameWhateverTheOrderOfLearning(t *testing.T) {
	table := membership.NewTable(10)
	for _, name := range []string{"m", "b", "z", "a", "n"} {
		table.Learn(0, entry(name, 0, 1), false)
	}
	table.Forget("b", 1)
	want := []string{"a", "m", "n", "z"}
	for range 2 {
		if got := names(table.ByName()); !slices.Equal(got, want) || table.Len() != 4 {
			t.Errorf("the table lists %d members %v, want %v", table.Len(), got, want)
		}
	}
	table.Learn(0, entry("c", 0, 1), false)
	if got := names(table.ByName()); !slices.Equal(got, []string{"a", "c", "m", "n", "z"}) {
		t.Errorf("after c was learned the table lists %v by name", got)
	}
	if table.Get("m") == nil || table.Get("b") != nil || table.Get("") != nil {
		t.Error("Get does not find just the members that are listed")
	}
}

func TestTableByHashIsTheSameEverywhere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfDistinct(rapid.StringMatching(`[a-z]{1,3}`), rapid.ID[string]).Draw(t, "names")
		table := membership.NewTable(1000)
		for _, name := range all {
			table.Learn(0, entry(name, 0, 1), false)
		}
		for _, name := range all[:len(all)/3] {
			table.Forget(name, 1)
		}
		hashed := table.All()
		if len(hashed) != table.Len() || table.Len() != len(all)-len(all)/3 {
			t.Fatalf("of %d names a third of which were forgotten %d are listed", len(all), len(hashed))
		}
		for i, m := range hashed {
			if m.Fingerprint != m.Record.Fingerprint() {
				t.Fatalf("%s is kept with another fingerprint than its own", m.Record.Name)
			}
			if i > 0 && hashOf(hashed[i-1]) > hashOf(m) {
				t.Fatalf("by hash %s stands before %s", hashed[i-1].Record.Name, m.Record.Name)
			}
		}
		for bits := range 8 {
			mustBeDealt(t, table, bits)
		}
	})
}

// TestBucketsFollowEachChange holds that what the table keeps of its buckets is right after whatever happens to a member.
func TestBucketsFollowEachChange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table := membership.NewTable(100)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			name := rapid.StringMatching(`[a-h]`).Draw(t, "name")
			switch m := table.Get(name); {
			case m == nil:
				table.Learn(0, entry(name, 0, 1<<30), true)
			case rapid.Bool().Draw(t, "judged"):
				table.SetState(m, rapid.SampledFrom(membership.States()).Draw(t, "state"), 1)
			case rapid.Bool().Draw(t, "changed"):
				e := entry(name, 0, m.Heartbeat+1)
				e.Record.Incarnation, e.Record.Version = m.Record.Incarnation, m.Record.Version+1
				table.Learn(1, e, false)
			case rapid.Bool().Draw(t, "restarted"):
				e := entry(name, 0, 1)
				e.Record.Incarnation = m.Record.Incarnation + 1
				table.Learn(1, e, false)
			default:
				table.Forget(name, 1)
			}
			mustBeDealt(t, table, rapid.IntRange(0, 2).Draw(t, "bits"))
		}
	})
}

func hashOf(m *membership.Member) uint64 { return membership.HashName(m.Record.Name) }

// mustBeDealt checks that the buckets hold all members, each in its own.
func mustBeDealt(t *rapid.T, table *membership.Table, bits int) {
	var dealt []*membership.Member
	for b := range 1 << bits {
		bucket, fingerprints, gone := table.Bucket(b, bits), uint32(0), 0
		for i, m := range bucket.Members {
			if table.ByHash(hashOf(m)) != m || table.Hashes()[bucket.From+i] != hashOf(m) {
				t.Fatalf("%s is not found by its hash", m.Record.Name)
			}
			if at := table.Place(hashOf(m), m.Record.Name); at != bucket.From+i {
				t.Fatalf("%s stands at %d, its place is said to be %d", m.Record.Name, bucket.From+i, at)
			}
			fingerprints += m.Fingerprint
			if slices.Contains(table.Gone(), m) {
				gone++
			}
			if m.State.Present() == slices.Contains(table.Gone(), m) {
				t.Fatalf("%s is %s, and those that are gone are said to be %v", m.Record.Name, m.State, names(table.Gone()))
			}
			if got := int(hashOf(m) >> (64 - bits)); got != b {
				t.Fatalf("%s is in bucket %d of 2^%d, want %d", m.Record.Name, b, bits, got)
			}
			dealt = append(dealt, m)
		}
		if fingerprints != bucket.Fingerprints || gone != bucket.Gone {
			t.Fatalf("of bucket %d of 2^%d, fingerprints add up to %d and %d are gone; said were %d and %d", b, bits, fingerprints, gone,
				bucket.Fingerprints, bucket.Gone)
		}
	}
	if !slices.Equal(dealt, table.All()) {
		t.Fatalf("in 2^%d buckets stand %v, want %v", bits, names(dealt), names(table.All()))
	}
}

func TestFingerprintTellsRecordsApart(t *testing.T) {
	seen := map[uint32]string{}
	for i := range 30 {
		for life := range uint64(10) {
			for version := range uint64(10) {
				r := record(fmt.Sprint("m", i))
				r.Incarnation, r.Version = r.Incarnation+life, version+1
				what := fmt.Sprintf("version %d of life %d of %s", r.Version, life, r.Name)
				if other, ok := seen[r.Fingerprint()]; ok {
					t.Errorf("%s has the same fingerprint as %s", what, other)
				}
				seen[r.Fingerprint()] = what
			}
		}
	}
	table := membership.NewTable(1)
	table.Learn(0, entry("a", 0, 1), false)
	for _, e := range []membership.Entry{entry("a", 1, 1), entry("a", 1, 2)} {
		if table.Learn(0, e, false); table.Get("a").Fingerprint != table.Get("a").Record.Fingerprint() {
			t.Error("the fingerprint did not follow the record")
		}
	}
}

// R15.
func TestTableThatIsFullRefusesTheNewAndKeepsTheOld(t *testing.T) {
	table := membership.NewTable(2)
	table.Learn(0, entry("a", 0, 1), false)
	table.Learn(0, entry("b", 0, 1), false)
	if c := table.Learn(0, entry("c", 0, 1), true); c.Member != nil || c.Refused != membership.Full {
		t.Errorf("a third member in a table of two: %+v, want it refused since the table is full", c)
	}
	if c := table.Learn(0, entry("b", 0, 2), false); c.Member == nil || !c.Rose {
		t.Errorf("a heartbeat of a member that is listed: %+v, want it taken though the table is full", c)
	}
	if got := names(table.ByName()); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("the table lists %v, want the first two", got)
	}
	table.Forget("a", 10)
	if c := table.Learn(0, entry("c", 0, 1), false); !c.Learned {
		t.Errorf("a new member after one was forgotten: %+v, want it learned", c)
	}
}

func TestLearnSaysWhatChanged(t *testing.T) {
	changed := func(e membership.Entry, version uint64) membership.Entry {
		r := *e.Record
		r.Version, r.Zone = version, "z"
		return membership.Entry{Record: &r, Heartbeat: e.Heartbeat}
	}
	known := entry("a", 1, 5)
	for _, c := range []struct {
		what string
		told membership.Entry
		want membership.Change
	}{
		{"the same", known, membership.Change{}},
		{"a lower heartbeat", entry("a", 1, 4), membership.Change{}},
		{"an older life", entry("a", 0, 99), membership.Change{}},
		{"a higher heartbeat", entry("a", 1, 6), membership.Change{Rose: true, Was: 5}},
		{"a newer record", changed(known, 5), membership.Change{Changed: true}},
		{"a newer record and a higher heartbeat", changed(entry("a", 1, 6), 6), membership.Change{Changed: true, Rose: true, Was: 5}},
		{"a new life, with lower counters", entry("a", 2, 1), membership.Change{Restarted: true}},
	} {
		table := membership.NewTable(1)
		if first := table.Learn(0, known, false); !first.Learned || first.Member == nil {
			t.Fatalf("the first word of a member: %+v, want it learned", first)
		}
		got := table.Learn(0, c.told, false)
		c.want.Member = table.Get("a")
		if got != c.want {
			t.Errorf("%s: %+v, want %+v", c.what, got, c.want)
		}
	}
}

// model is what the table must be like: the highest counter known of each name, in the table or forgotten.
type model struct {
	members, tombstones map[string]counter
}

type counter struct{ incarnation, heartbeat uint64 }

func counterOf(m *membership.Member) counter { return counter{m.Record.Incarnation, m.Heartbeat} }

func (c counter) after(d counter) bool {
	return membership.After(c.incarnation, c.heartbeat, d.incarnation, d.heartbeat)
}

// R10.
func TestTableBehavesLikeAMap(t *testing.T) {
	const capacity = 4
	rapid.Check(t, func(t *rapid.T) {
		table := membership.NewTable(capacity)
		want := model{map[string]counter{}, map[string]counter{}}
		clock := membership.Instant(0)
		name := rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f"})
		t.Repeat(map[string]func(*rapid.T){
			"learn": func(t *rapid.T) {
				e := entry(name.Draw(t, "name"), rapid.Uint64Range(0, 2).Draw(t, "life"), rapid.Uint64Range(1, 5).Draw(t, "heartbeat"))
				e.Record.Leaving = rapid.IntRange(0, 9).Draw(t, "leaving") == 0
				want.learn(t, table, table.Learn(clock, e, rapid.Bool().Draw(t, "direct")), e)
			},
			"bury": func(t *rapid.T) {
				n := name.Draw(t, "name")
				clock++
				known, was := want.members[n]
				if got := table.Forget(n, clock+10); got != was {
					t.Fatalf("burying %s reports %v, want %v", n, got, was)
				}
				if was {
					delete(want.members, n)
					want.tombstones[n] = known
				}
			},
			"judge": func(t *rapid.T) {
				if m := table.Get(name.Draw(t, "name")); m != nil {
					table.SetState(m, rapid.SampledFrom(membership.States()).Draw(t, "state"), clock)
				}
			},
			"expire": func(t *rapid.T) {
				clock += membership.Instant(rapid.IntRange(0, 5).Draw(t, "time"))
				table.ExpireTombstones(clock)
			},
			"": func(t *rapid.T) { want.check(t, table, capacity, clock) },
		})
	})
}

// learn checks what the table said of an entry, and takes it over.
func (m *model) learn(t *rapid.T, table *membership.Table, c membership.Change, e membership.Entry) {
	name, told := e.Record.Name, counter{e.Record.Incarnation, e.Heartbeat}
	known, listed := m.members[name]
	buried, forgotten := m.tombstones[name]
	forgotten = forgotten && !listed
	switch {
	case listed && c.Member == nil:
		t.Fatalf("%s is listed, but what was told of it is refused", name)
	case listed && told.after(known):
		m.members[name] = told
	case listed:
	case c.Member == nil && c.Refused == membership.NotRefused:
		t.Fatalf("%s was not taken, and no reason is told", name)
	case c.Member == nil:
	case forgotten && !told.after(buried) && table.Tombstone(name):
		t.Fatalf("%s came back with %v, though %v was forgotten", name, told, buried)
	default:
		m.members[name] = told
		delete(m.tombstones, name)
	}
}

// check holds the table against the model.
func (m *model) check(t *rapid.T, table *membership.Table, capacity int, now membership.Instant) {
	list := names(table.ByName())
	if !slices.IsSorted(list) || len(slices.Compact(slices.Clone(list))) != len(list) {
		t.Fatalf("the table lists %v: not sorted, or a name twice", list)
	}
	if len(list) != len(m.members) || len(list) > capacity || len(table.Tombstones()) > capacity {
		t.Fatalf("the table holds %d members and %d tombstones, want %d members and at most %d of each",
			len(list), len(table.Tombstones()), len(m.members), capacity)
	}
	count := map[membership.State]int{}
	for _, row := range table.All() {
		count[row.State]++
		if got, want := counterOf(row), m.members[row.Record.Name]; got != want {
			t.Fatalf("%s has the counter %v, want %v, the highest that was told", row.Record.Name, got, want)
		}
		if table.Get(row.Record.Name) != row {
			t.Fatalf("%s is listed, but Get returns another", row.Record.Name)
		}
		if table.Tombstone(row.Record.Name) {
			t.Fatalf("%s is listed, and has a tombstone too", row.Record.Name)
		}
	}
	for _, s := range membership.States() {
		if table.Count(s) != count[s] {
			t.Fatalf("%d members are said to be %s, %d are", table.Count(s), s, count[s])
		}
	}
	for _, s := range table.Tombstones() {
		buried, known := m.tombstones[s.Name]
		if !known || buried.after(counter{s.Incarnation, s.Heartbeat}) {
			t.Fatalf("the tombstone of %s stands at %d.%d, below what was forgotten: %v", s.Name, s.Incarnation, s.Heartbeat, buried)
		}
		if !table.Tombstone(s.Name) {
			t.Fatalf("the tombstone of %s is listed, but not found by name", s.Name)
		}
	}
}

func TestTagsFromAMapAreSortedAndGoBack(t *testing.T) {
	m := map[string]string{"b": "2", "a": "1", "c": ""}
	tags := membership.NewTags(m)
	if err := membership.ValidateTags(tags); err != nil {
		t.Errorf("tags made from a map are refused: %v", err)
	}
	if got := fmt.Sprint(tags.Map()); got != fmt.Sprint(m) {
		t.Errorf("the tags go back to %v, want %v", got, m)
	}
	if v, ok := tags.Get("b"); v != "2" || !ok {
		t.Errorf("tag b is %q, %v; want 2, true", v, ok)
	}
	if v, ok := tags.Get("bb"); v != "" || ok {
		t.Errorf("tag bb is %q, %v; want it not set", v, ok)
	}
	if membership.NewTags(nil) != nil || membership.Tags(nil).Map() == nil {
		t.Error("no tags must be nil, and their map must not")
	}
}

func TestStatesAndEventsHaveWords(t *testing.T) {
	if got := fmt.Sprint(membership.States(), membership.State(9)); got != "[alive suspect dead left] state(9)" {
		t.Errorf("the states are called %s", got)
	}
	var words []string
	for e := membership.EventJoin; e <= membership.EventConflict+1; e++ {
		words = append(words, e.String())
	}
	if got := fmt.Sprint(words); got != "[join alive suspect dead left update forgotten conflict event(8)]" {
		t.Errorf("the events are called %s", got)
	}
	for _, s := range membership.States() {
		if want := s == membership.Alive || s == membership.Suspect; s.Present() != want {
			t.Errorf("that the %s take part is %v, want %v", s, s.Present(), want)
		}
	}
}
