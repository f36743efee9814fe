package gossip

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"heartsay/gossip/wire"
	"heartsay/membership"
)

var (
	began = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	liar  = netip.MustParseAddrPort("10.9.9.9:4327")
)

// knowing returns an engine that began 10 s ago and knows n members, whose heartbeats are at 20.
func knowing(t testing.TB, n int) (*Engine, time.Time) {
	t.Helper()
	self := membership.Record{
		Name: "self", Incarnation: uint64(began.UnixMilli()), Interval: 250 * time.Millisecond,
		Address: netip.MustParseAddrPort("10.0.0.1:4327"),
	}
	e, err := New(began, self, DefaultConfig(), rand.New(rand.NewPCG(1, 1)))
	if err != nil {
		t.Fatal(err)
	}
	now := began.Add(10 * time.Second)
	e.Tick(now)
	for i := range n {
		e.Receive(now, liar, &wire.Delta{Header: liarsHeader(), Entries: []membership.Entry{known(i, 1)}})
	}
	return e, now
}

func liarsHeader() wire.Header {
	return wire.Header{From: "liar", Incarnation: uint64(began.UnixMilli()), Heartbeat: 5}
}

// known returns the entry of the i-th member that knowing knows.
func known(i int, version uint64) membership.Entry {
	return membership.Entry{Heartbeat: 20, Record: &membership.Record{
		Name: fmt.Sprintf("m%03d", i), Incarnation: uint64(began.UnixMilli()), Version: version, Interval: 250 * time.Millisecond,
		Address: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)}), 4327),
	}}
}

func TestBucketsHoldEverybodyOnce(t *testing.T) {
	for _, n := range []int{0, 1, 63, 64, 65, 500} {
		e, _ := knowing(t, n)
		whole, _ := e.exchange.bucket(0, 0)
		list := slices.Clone(whole)
		if len(list) != n+1 || e.exchange.countListed() != n+1 || !slices.IsSortedFunc(list, func(a, b *membership.Member) int {
			return cmp.Compare(membership.HashName(a.Record.Name), membership.HashName(b.Record.Name))
		}) {
			t.Fatalf("%d are listed, want %d and this member itself, in the order of their hashes", len(list), n)
		}
		for bits := range wire.MaxBucketBits + 1 {
			var all bucket
			for b := range 1 << bits {
				part, m := e.exchange.bucket(b, bits)
				if m != part.fingerprint() {
					t.Fatalf("%d members in 2^%d buckets: number %d has the fingerprint %v, want %v", n+1, bits, b, m, part.fingerprint())
				}
				all = append(all, part...)
			}
			if !slices.Equal(all, list) {
				t.Fatalf("%d members in 2^%d buckets: the buckets hold %d", n+1, bits, len(all))
			}
		}
		if size := float64(n+1) / float64(int(1)<<bucketBits(n+1)); size > bucketSize || n > bucketSize && size < bucketSize/2 {
			t.Errorf("%d members are dealt into buckets of %.0f on average, want at most %d and at least half of it", n+1, size, bucketSize)
		}
	}
}

func TestFingerprintsTellWhetherTwoListTheSameRecords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 200).Draw(t, "members")
		list := make(bucket, n)
		for i := range list {
			list[i] = new(membership.Member)
			list[i].Fingerprint = known(i, 1).Record.Fingerprint()
		}
		was := list.fingerprint()
		if got := append(bucket{}, list...).fingerprint(); got != was {
			t.Fatalf("the same records have the fingerprints %v and %v", was, got)
		}
		i := rapid.IntRange(0, n-1).Draw(t, "changed")
		list[i].Fingerprint = known(i, 2).Record.Fingerprint()
		if list.fingerprint() == was {
			t.Fatalf("a changed record of %d leaves the fingerprint as it was", n)
		}
		if list[:n-1].fingerprint() == was {
			t.Fatalf("a record less of %d leaves the fingerprint as it was", n)
		}
	})
}

// state is what must never go back, and never run ahead of time, whatever is told.
func state(e *Engine) map[string][3]uint64 {
	s := map[string][3]uint64{}
	for _, m := range e.table.All() {
		s[m.Record.Name] = [3]uint64{m.Record.Incarnation, m.Heartbeat, m.Record.Version}
	}
	return s
}

// mustBeSane checks what an engine did with a message of a liar.
func mustBeSane(t interface {
	Helper()
	Fatalf(string, ...any)
}, e *Engine, now time.Time, before map[string][3]uint64, out Outputs) {
	t.Helper()
	for name, was := range before {
		m := e.table.Get(name)
		if m == nil {
			t.Fatalf("%s is gone", name)
		}
		if membership.After(was[0], was[1], m.Record.Incarnation, m.Heartbeat) || was[0] == m.Record.Incarnation && was[2] > m.Record.Version {
			t.Fatalf("%s went back from %v to incarnation %d, heartbeat %d, version %d", name, was, m.Record.Incarnation, m.Heartbeat, m.Record.Version)
		}
		if err := membership.CheckClock(now, m.Record.Incarnation, m.Heartbeat, m.Record.Interval); err != nil {
			t.Fatalf("%s is ahead of time: %v", name, err)
		}
	}
	for _, ev := range out.Events {
		if ev.Type == membership.EventDead || ev.Type == membership.EventSuspect || ev.Type == membership.EventLeft {
			t.Fatalf("what a liar told of columns causes %s of %s", ev.Type, ev.Member.Record.Name)
		}
	}
	codec := wire.NewCodec()
	for _, env := range out.Messages {
		if b, err := codec.Encode(env.Message); err != nil || len(b) > e.cfg.MaxPayload && env.Stream == 0 {
			t.Fatalf("it answers with a %T of %d bytes (%v)", env.Message, len(b), err)
		}
	}
}

// honest returns a digest and a delta of an engine that knows the same members, for a liar to spoil: the delta answers
// a digest of nobody.
func honest(t testing.TB, n int) (*wire.Digest, *wire.Delta) {
	t.Helper()
	e, now := knowing(t, n)
	e.enter(now)
	d := e.exchange.digest()
	d.Header, d.Columns = liarsHeader(), slices.Clone(d.Columns)
	out := e.Receive(now, liar, &wire.Digest{
		Header: liarsHeader(), Clock: uint64(now.UnixMilli()), Bits: d.Bits, Count: 1 << d.Bits, Columns: make([]byte, 1<<d.Bits),
	})
	for _, env := range out.Messages {
		if delta, ok := env.Message.(*wire.Delta); ok && len(delta.Listings) > 0 {
			delta.Header = liarsHeader()
			return &d, delta
		}
	}
	t.Fatal("a digest of nobody is not answered by listings")
	return nil, nil
}

// TestHostileDigestsChangeNothing: columns cut short, garbled, of unknown fingerprints, out of bounds.
func TestHostileDigestsChangeNothing(t *testing.T) {
	const n = 100
	good, _ := honest(t, n)
	hear := func(what string, d *wire.Digest, invalid bool) {
		t.Helper()
		e, now := knowing(t, n)
		before, drops := state(e), e.Drops()
		out := e.Receive(now, liar, d)
		mustBeSane(t, e, now, before, out)
		if invalid && e.Drops()[DropInvalid] != drops[DropInvalid]+1 {
			t.Errorf("%s: it is not counted as invalid: %v", what, e.Drops())
		}
		if len(out.Messages) == 0 {
			t.Errorf("%s: it is not answered", what)
		}
		if !maps3(before, state(e)) && invalid {
			t.Errorf("%s: it changed what is known", what)
		}
	}
	with := func(change func(*wire.Digest)) *wire.Digest {
		d := *good
		d.Columns = bytes.Clone(d.Columns)
		change(&d)
		return &d
	}
	for cut := range good.Columns {
		hear(fmt.Sprintf("columns cut to %d bytes", cut), with(func(d *wire.Digest) { d.Columns = d.Columns[:cut] }), true)
	}
	hear("more buckets than columns", with(func(d *wire.Digest) { d.Bits, d.Count = 12, 4096 }), true)
	hear("a bucket of 1025", with(func(d *wire.Digest) { d.Columns = binary.AppendUvarint(nil, 1025) }), true)
	hear("a bucket of 2^63", with(func(d *wire.Digest) { d.Columns = binary.AppendUvarint(nil, 1<<63) }), true)
	hear("a varint without end", with(func(d *wire.Digest) { d.Columns = bytes.Repeat([]byte{0xff}, 20) }), true)
	hear("4096 empty buckets", with(func(d *wire.Digest) { d.Bits, d.Count, d.Columns = 12, 4096, make([]byte, 4096) }), false)
	hear("buckets from far beyond the last", with(func(d *wire.Digest) { d.First = 65535 }), false)
	hear("a clock at 0", with(func(d *wire.Digest) { d.Clock = 0 }), false)
	hear("a clock at 2^53", with(func(d *wire.Digest) { d.Clock = membership.MaxCounter }), false)
}

func maps3(a, b map[string][3]uint64) bool {
	for k, v := range a {
		if b[k] != v {
			return false
		}
	}
	return len(a) == len(b)
}

// TestHostile11AClockThatLiesCannotLiftHeartbeatsBeyondTime: fingerprints that match, lags that say the far future.
func TestHostileLagsIntoTheFutureAreRefused(t *testing.T) {
	good, _ := honest(t, 20)
	e, now := knowing(t, 20)
	before := state(e)
	d := *good
	d.Clock += uint64((48 * time.Hour).Milliseconds())
	out := e.Receive(now, liar, &d)
	mustBeSane(t, e, now, before, out)
	if !maps3(before, state(e)) || e.Drops()[DropClock] < 20 {
		t.Errorf("heartbeats of the day after tomorrow: %d are counted as beyond the clock, want all 20 refused", e.Drops()[DropClock])
	}
}

// TestHostileFingerprintsThatNeverMatchCostAPacketEach: a peer whose fingerprints are made up is answered, asked for a few, and
// asked for a full exchange once in four intervals at most.
func TestHostileFingerprintsThatNeverMatchCostAPacketEach(t *testing.T) {
	e, now := knowing(t, 100)
	good, listing := honest(t, 100)
	syncs := 0
	for i := range 40 { // ten intervals
		now = now.Add(62500 * time.Microsecond)
		d := *good
		d.Columns = bytes.Clone(d.Columns)
		for j := range min(8, len(d.Columns)) {
			d.Columns[j] ^= byte(i + j)
		}
		before := state(e)
		mustBeSane(t, e, now, before, e.Receive(now, liar, &d))

		r := *listing
		r.Listings = bytes.Clone(r.Listings)
		for j := 2; j < 2+4*40 && j < len(r.Listings); j++ {
			r.Listings[j] ^= byte(i + 1)
		}
		out := e.Receive(now, liar, &r)
		mustBeSane(t, e, now, before, out)
		syncs += len(out.Syncs)
		e.Tick(now)
	}
	if syncs > 4 {
		t.Errorf("fingerprints that are made up lead to %d full exchanges in ten intervals, want one in four at most", syncs)
	}
}

func TestListingIsAnsweredByWhatItLacksAndAskedForWhatItHas(t *testing.T) {
	_, listing := honest(t, 30) // of m000 to m029 and self
	e, now := knowing(t, 40)    // m030 to m039 are missing there
	e.table.Forget("m005", e.clock.now.Add(time.Hour))
	out := e.Receive(now, liar, listing)
	var answer *wire.Delta
	for _, env := range out.Messages {
		if d, ok := env.Message.(*wire.Delta); ok && len(d.Entries) > 0 {
			answer = d
		}
	}
	if answer == nil {
		t.Fatalf("the listing is answered by %v, want records", out.Messages)
	}
	var given []string
	for _, en := range answer.Entries {
		given = append(given, en.Record.Name)
	}
	slices.Sort(given)
	want := []string{"m030", "m031", "m032", "m033", "m034", "m035", "m036", "m037", "m038", "m039"}
	if !slices.Equal(given, want) && !answer.More {
		t.Errorf("it gives %v, want those that the listing lacks, %v", given, want)
	}
	for _, name := range given {
		if !slices.Contains(want, name) {
			t.Errorf("it gives %s, which the listing has", name)
		}
	}
	if p := known(5, 1).Record.Fingerprint(); !slices.Equal(answer.Fingerprints, []uint32{p}) {
		t.Errorf("it asks for the fingerprints %x, want that of m005 alone, %x", answer.Fingerprints, p)
	}
}

func TestRecordsAreGivenByFingerprintButNotThoseOfTheDead(t *testing.T) {
	e, now := knowing(t, 3)
	e.table.SetState(e.table.Get("m002"), membership.Dead, e.clock.now)
	var asked []uint32
	for i := range 3 {
		asked = append(asked, known(i, 1).Record.Fingerprint())
	}
	out := e.Receive(now, liar, &wire.Delta{Header: liarsHeader(), Fingerprints: append(asked, 0xdeadbeef)})
	var given []string
	for _, env := range out.Messages {
		if d, ok := env.Message.(*wire.Delta); ok {
			for _, en := range d.Entries {
				given = append(given, en.Record.Name)
			}
		}
	}
	slices.Sort(given)
	if want := []string{"m000", "m001"}; !slices.Equal(given, want) {
		t.Errorf("asked by fingerprint for three, of whom one is dead, it gives %v, want %v", given, want)
	}
}

// FuzzReceive hands an engine whatever can be read as a message: what is inside columns, updates and listings is read by
// the engine alone.
func FuzzReceive(f *testing.F) {
	codec := wire.NewCodec()
	digest, delta := honest(f, 30)
	e, now := knowing(f, 30)
	e.Receive(now, liar, &wire.Delta{Header: liarsHeader(), Entries: []membership.Entry{{Record: known(3, 1).Record, Heartbeat: 30}}})
	newer := *delta
	newer.Listings = nil
	for _, env := range e.Receive(now, liar, digest).Messages {
		if d, ok := env.Message.(*wire.Delta); ok && len(d.Updates) > 0 {
			newer.Updates = d.Updates
		}
	}
	if len(newer.Updates) == 0 {
		f.Fatal("no seed with newer heartbeats")
	}
	for _, m := range []wire.Message{digest, delta, &newer} {
		b, err := codec.Encode(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := wire.NewCodec().Decode(b)
		if err != nil {
			return
		}
		switch m := m.(type) {
		case *wire.Digest:
		case *wire.Delta:
			m.Entries = nil // their owners may say what they like: see R15
		default:
			return
		}
		h := m.Head()
		h.From, h.To = "liar", ""
		e, now := knowing(t, 30)
		before := state(e)
		delete(before, "liar")
		mustBeSane(t, e, now, before, e.Receive(now, liar, m))
	})
}

// TestHostile16ABucketThatIsToldAThousandTimesIsReadOnce: all members lie in the one bucket of a sender that says that it has
// few, so each telling of two bytes would go through the whole table.
func TestHostile16ABucketThatIsToldAThousandTimesIsReadOnce(t *testing.T) {
	for what, set := range map[string]func(*wire.Delta){
		"listings": func(d *wire.Delta) { d.Listings = make([]byte, 2000) },
		"updates":  func(d *wire.Delta) { d.Updates = make([]byte, 2000) },
	} {
		e, now := knowing(t, 100)
		before, drops := state(e), e.Drops()
		d := &wire.Delta{Header: wire.Header{From: "m001", Incarnation: 1, Heartbeat: 1, To: "self"}, Clock: e.clock.unixMilli()}
		set(d)
		out := e.Receive(now, liar, d)
		mustBeSane(t, e, now, before, out)
		if e.Drops()[DropInvalid] != drops[DropInvalid]+1 {
			t.Errorf("%s: the second telling of a bucket is not refused: %v", what, e.Drops())
		}
	}
}
