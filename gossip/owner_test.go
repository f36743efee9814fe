package gossip_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"

	"heartsay/gossip"
	"heartsay/gossip/wire"
	"heartsay/membership"
)

// anyName draws names of members that know each other, and of strangers.
func anyName() *rapid.Generator[string] { return rapid.SampledFrom([]string{"a", "b", "c", "d", "x"}) }

// anyEntryOf draws an entry that passes validation, with counters about those of the members.
func anyEntryOf() *rapid.Generator[membership.Entry] {
	return rapid.Custom(func(t *rapid.T) membership.Entry {
		return entryOf(anyName().Draw(t, "name"), rapid.Uint64Range(1, 60).Draw(t, "heartbeat"), func(r *membership.Record) {
			r.Incarnation += rapid.Uint64Range(0, 3).Draw(t, "life")
			r.Version = rapid.Uint64Range(1, 60).Draw(t, "version")
			r.Leaving = rapid.Bool().Draw(t, "leaving")
			r.Address = address(anyName().Draw(t, "address"))
		})
	})
}

// anyMessage draws messages of all kinds that a liar among the members may send.
func anyMessage() *rapid.Generator[wire.Message] {
	return rapid.Custom(func(t *rapid.T) wire.Message {
		h := header(anyName().Draw(t, "from"), rapid.Uint64Range(0, 60).Draw(t, "heartbeat"))
		h.Incarnation += rapid.Uint64Range(0, 3).Draw(t, "life")
		clock := h.Incarnation + rapid.Uint64Range(0, 10000).Draw(t, "clock")
		bits := rapid.Uint8Range(0, 3).Draw(t, "bits")
		junk := rapid.OneOf(rapid.Just([]byte{}), rapid.SliceOfN(rapid.ByteRange(0, 8), 0, 30))
		entries := rapid.SliceOfN(anyEntryOf(), 0, 4).Draw(t, "entries")
		nonce := rapid.Uint64Range(0, 3).Draw(t, "nonce")
		switch rapid.IntRange(0, 5).Draw(t, "kind") {
		case 0:
			count := rapid.Uint16Range(0, 1<<bits).Draw(t, "count")
			return &wire.Digest{Header: h, Clock: clock, Bits: bits, Count: count, Columns: junk.Draw(t, "columns")}
		case 1:
			wants := rapid.SliceOfN(anyName(), 0, 3).Draw(t, "wants")
			return &wire.Delta{
				Header: h, Clock: clock, Bits: bits, Wants: wants, Entries: entries, Updates: junk.Draw(t, "newer"),
				Listings: junk.Draw(t, "listings"), More: rapid.Bool().Draw(t, "more"),
			}
		case 2:
			return &wire.Ping{Header: h, Nonce: nonce, News: entries}
		case 3:
			return &wire.Pong{Header: h, Nonce: nonce}
		case 4:
			return &wire.Sync{Header: h, Join: rapid.Bool().Draw(t, "join"), Last: true, Entries: entries}
		}
		return &wire.Refused{Header: h, Reason: wire.NameTaken, Holder: "10.0.0.9:4327"}
	})
}

// R3.
func TestVerdictsNeverComeFromMessages(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		a := newLone(t, "a", gossip.DefaultConfig())
		a.run(time.Second)
		a.tell("b", entryOf("b", 5), entryOf("c", 5), entryOf("d", 5))
		for range 20 {
			m := anyMessage().Draw(r, "message")
			stream := gossip.StreamID(rapid.IntRange(0, 1).Draw(r, "stream"))
			out := a.hearOn(stream, anyName().Draw(r, "sender"), m)
			for _, e := range out.Events {
				if e.Type == membership.EventSuspect || e.Type == membership.EventDead {
					r.Fatalf("%T makes %s %s: only silence may do that", m, e.Member.Record.Name, e.Type)
				}
			}
			if own := a.mustSee("a"); own.State != membership.Alive || own.Record.Leaving || own.Record.Address != address("a") {
				r.Fatalf("%T changed what a is: %+v", m, *own.Record)
			}
		}
	})
}

// R3.
func TestGoodbyeCountsOnlyInANewerRecord(t *testing.T) {
	leaving := func(life, version uint64) func(*membership.Record) {
		return func(r *membership.Record) { r.Incarnation, r.Version, r.Leaving = r.Incarnation+life, version, true }
	}
	for _, c := range []struct {
		what string
		told membership.Entry
		want membership.State
	}{
		{"an older record of this life", entryOf("c", 9, leaving(1, 4)), membership.Alive},
		{"any record of an older life", entryOf("c", 90, leaving(0, 90)), membership.Alive},
		{"a newer record of this life", entryOf("c", 9, leaving(1, 6)), membership.Left},
	} {
		a := newLone(t, "a", gossip.DefaultConfig())
		a.run(5 * time.Second)
		a.tell("b", entryOf("c", 8, func(r *membership.Record) { r.Incarnation++; r.Version = 5 }))
		a.tell("b", c.told)
		if got := a.mustSee("c").State; got != c.want {
			t.Errorf("c leaves in %s, relayed by b: c is %s, want %s", c.what, got, c.want)
		}
	}
}

// R3.
func TestForgeryOfTheOwnRecordChangesOnlyTheIncarnation(t *testing.T) {
	for _, c := range []struct {
		what  string
		forge func(*membership.Record)
	}{
		{"a goodbye", func(r *membership.Record) { r.Version, r.Leaving = 90, true }},
		{"other tags", func(r *membership.Record) { r.Version, r.Tags = 90, membership.Tags{{Key: "k", Value: "forged"}} }},
		{"a heartbeat far ahead", func(r *membership.Record) {}},
		{"a later life", func(r *membership.Record) { r.Incarnation += 5 }},
	} {
		a := newLone(t, "a", gossip.DefaultConfig())
		a.run(time.Second)
		before := a.mustSee("a").Record
		out := a.tell("b", entryOf("a", 100, c.forge))
		after := *a.mustSee("a").Record
		if after.Incarnation <= before.Incarnation || happened(out.Events, membership.EventUpdate, "a") != 1 {
			t.Errorf("%s: no new life above the forgery began, so that others would keep believing it", c.what)
		}
		if a.Drops()[gossip.DropNotMine] != 1 {
			t.Errorf("%s: the forgery is not counted", c.what)
		}
		after.Incarnation, after.Version = before.Incarnation, before.Version
		if fmt.Sprint(after) != fmt.Sprint(*before) {
			t.Errorf("%s: the record became %+v, want %+v", c.what, after, *before)
		}
	}
}

// R3.
func TestForgeriesCauseOneNewIncarnationPerEightIntervals(t *testing.T) {
	for _, c := range []struct {
		what    string
		address func(i int) netip.AddrPort
	}{
		{"at my own address", func(int) netip.AddrPort { return address("a") }},
		{"at addresses where nobody lives", func(i int) netip.AddrPort { return netip.AddrPortFrom(address("x").Addr(), uint16(1000+i)) }},
	} {
		a := newLone(t, "a", gossip.DefaultConfig())
		incarnations, pings := 0, 0
		const flood = 16 * interval
		for i := range 160 {
			a.take()
			a.keep(a.Receive(a.now, address("b"), &wire.Delta{Header: header("b", 1), Entries: []membership.Entry{
				entryOf("a", 1, func(r *membership.Record) { r.Incarnation += uint64(10 * (i + 1)); r.Address = c.address(i) }),
			}}))
			out := a.take()
			later := a.run(flood / 160)
			incarnations += happened(append(out.Events, later.Events...), membership.EventUpdate, "a")
			for _, said := range []gossip.Outputs{out, later} {
				to, _ := sent[*wire.Ping](said)
				pings += len(to)
			}
		}
		if incarnations < 1 || incarnations > 3 {
			t.Errorf("160 forgeries in 16 intervals, %s, cause %d incarnations, want 1 to 3", c.what, incarnations)
		}
		if pings > 16 {
			t.Errorf("160 forgeries in 16 intervals, %s, cause %d probes, want one in an interval at most", c.what, pings)
		}
	}
}

// R3.
func TestRecordIsRelayedVerbatim(t *testing.T) {
	a := newLone(t, "a", gossip.DefaultConfig())
	a.run(time.Second)
	told := entryOf("c", 4, func(r *membership.Record) {
		r.Zone, r.Build, r.Tags = "z", "1.2.3", membership.Tags{{Key: "k", Value: "v"}}
	})
	a.tell("b", told, entryOf("b", 4))
	_, deltas := sent[*wire.Delta](a.hear("d", &wire.Delta{Header: header("d", 4), Wants: []string{"c"}}))
	if len(deltas) == 0 || len(deltas[0].Entries) != 1 {
		t.Fatalf("a peer that asks for c gets %+v, want its record", deltas)
	}
	if got := deltas[0].Entries[0]; fmt.Sprintf("%+v", *got.Record) != fmt.Sprintf("%+v", *told.Record) || got.Heartbeat != 4 {
		t.Errorf("c's record is passed on as %+v, want it verbatim: %+v", *got.Record, *told.Record)
	}
}

// R4.
func TestHeartbeatIsTheWholeIntervalsElapsed(t *testing.T) {
	a := newLone(t, "a", gossip.DefaultConfig())
	for i := range uint64(20) {
		if got := a.Self().Heartbeat; got != i+1 {
			t.Fatalf("after %d intervals the heartbeat is %d, want %d: one more each interval, from 1", i, got, i+1)
		}
		a.run(interval)
	}
	a.run(interval / 2)
	a.stall(7 * interval)
	if got := a.Self().Heartbeat; got != 28 {
		t.Errorf("after a stall of 7 intervals the heartbeat is %d, want 28: it rises by as many at once", got)
	}
	a.run(interval)
	if got := a.Self().Heartbeat; got != 29 {
		t.Errorf("an interval after the stall the heartbeat is %d, want 29", got)
	}
}

// R4.
func TestHeartbeatNeverGoesBack(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		a := newLone(t, "a", gossip.DefaultConfig())
		last := a.Self()
		for range 50 {
			a.now = a.now.Add(time.Duration(rapid.Int64Range(-int64(2*interval), int64(4*interval)).Draw(r, "step")))
			a.keep(a.Tick(a.now))
			if rapid.IntRange(0, 4).Draw(r, "tags") == 0 {
				out, err := a.SetTags(a.now, membership.Tags{{Key: "k", Value: "v"}})
				if err != nil {
					r.Fatal(err)
				}
				a.keep(out)
			}
			next := a.Self()
			if next.Heartbeat < last.Heartbeat || next.Record.Version < last.Record.Version {
				r.Fatalf("heartbeat %d with version %d follows %d with %d", next.Heartbeat, next.Record.Version,
					last.Heartbeat, last.Record.Version)
			}
			last = next
		}
	})
}

// R3.
func TestChangesInOneIntervalAreNotTakenForAForgery(t *testing.T) {
	c := newCluster(t, 1)
	c.start("a", "b", "c")
	c.Run(2 * time.Second)
	c.quiet()
	for i := range 10 {
		if err := c.SetTags("a", membership.Tags{{Key: "k", Value: fmt.Sprint(i)}}); err != nil {
			t.Fatal(err)
		}
	}
	before := c.Member("a").Engine.Self().Record
	c.Run(5 * time.Second)
	after := c.Member("a").Engine.Self().Record
	if after.Incarnation != before.Incarnation {
		t.Errorf("ten changes within one interval made a start a new life: it took the echo of its own version %d for a forgery", before.Version)
	}
	for _, observer := range []string{"b", "c"} {
		if v, _ := c.view(observer, "a"); v.Record == nil || v.Record.Tags.Map()["k"] != "9" {
			t.Errorf("%s does not see the last of ten changes", observer)
		}
	}
}

// R3: only the owner changes its record, and a change of the address is a new life (R14).
func TestMoveIsANewLifeAtAnotherAddress(t *testing.T) {
	a := newLone(t, "a", gossip.DefaultConfig())
	a.tell("b", entryOf("b", 1))
	a.run(time.Second)
	before := a.mustSee("a").Record
	out, err := a.Move(a.now, address("z"))
	if a.keep(out); err != nil || happened(out.Events, membership.EventUpdate, "a") != 1 {
		t.Fatalf("to move leads to %v and the events %v, want an update", err, out.Events)
	}
	if reason := out.Events[0].Reason; reason != "new incarnation, moved from "+address("a").String() {
		t.Errorf("the reason is %q", reason)
	}
	after := a.mustSee("a").Record
	if after.Incarnation != before.Incarnation+1 || after.Address != address("z") || after.Version != 1 {
		t.Errorf("after the move the record is %+v, and was %+v", after, before)
	}
	told := false
	_, deltas := sent[*wire.Delta](a.run(interval))
	for _, d := range deltas {
		for _, en := range d.Entries {
			told = told || en.Record == after
		}
	}
	if !told {
		t.Error("the move is no news that is pushed at once")
	}
	a.tell("b", membership.Entry{Record: before, Heartbeat: a.beats()})
	if now := a.mustSee("a").Record; now != after || a.Drops()[gossip.DropNotMine] != 0 {
		t.Errorf("an echo of the life before makes the record %+v", now)
	}
}

func TestMoveToWhereNobodyCanBeReachedChangesNothing(t *testing.T) {
	a := newLone(t, "a", gossip.DefaultConfig())
	before := a.mustSee("a").Record
	for _, to := range []netip.AddrPort{{}, netip.AddrPortFrom(netip.IPv4Unspecified(), 1), address("a")} {
		out, err := a.Move(a.now, to)
		if (err != nil) != (to != address("a")) || len(out.Events) > 0 || a.mustSee("a").Record != before {
			t.Errorf("to move to %s leads to %v and %v", to, err, out.Events)
		}
	}
	a.keep(a.Leave(a.now))
	if out, err := a.Move(a.now, address("z")); err != nil || len(out.Events) > 0 || a.mustSee("a").Record.Address != address("a") {
		t.Errorf("a member that leaves moves: %v, %v", err, out.Events)
	}
}
