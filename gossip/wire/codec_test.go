package wire_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-msgpack/v2/codec"
	"pgregory.net/rapid"

	"heartsay/gossip/wire"
	"heartsay/membership"
)

var coder = wire.NewCodec()

var update = flag.Bool("update", false, "rewrite the golden files of the wire format")

// goldenMessages holds one message of each kind, with every element set to something that shows.
func goldenMessages() map[string]wire.Message {
	h := wire.Header{From: "web-1", Incarnation: 1_767_225_600_000, Heartbeat: 345, To: "db-2"}
	const clock = 1_767_225_686_250
	columns := []byte{ // two members with the sum of their fingerprints; lags 1 and 3: width 2, base 1, numbers 0 and 2
		2, 0x89, 0xab, 0xcd, 0xef, 2, 2, 0b1000,
		0, // a bucket of nobody
	}
	newer := []byte{0, 2, 0x89, 0xab, 0xcd, 0xef, 0b10, 0, 6}                              // of bucket 0, the second: lag 3
	listings := []byte{1, 2, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 2, 2, 0b1000} // bucket 1, two fingerprints, their lags
	entries := []membership.Entry{{
		Record: &membership.Record{
			Name: "db-2", Incarnation: 1_767_225_500_000, Version: 1, Address: netip.MustParseAddrPort("10.0.0.2:4327"),
			Interval: 250 * time.Millisecond, Zone: "eu-1", Build: "1.2.3",
			Tags: membership.NewTags(map[string]string{"role": "db", "rack": "r4"}),
		},
		Heartbeat: 745,
	}, {
		Record: &membership.Record{
			Name: "old", Incarnation: 1_767_225_400_000, Version: 90, Address: netip.MustParseAddrPort("[2001:db8::7]:65535"),
			Interval: time.Second, Leaving: true,
		},
		Heartbeat: 91,
	}}
	return map[string]wire.Message{
		"digest": &wire.Digest{Header: h, Clock: clock, Bits: 1, First: 0, Count: 2, Columns: columns},
		"delta": &wire.Delta{
			Header: h, Clock: clock, Bits: 1, Wants: []string{"cache-3"}, Fingerprints: []uint32{0x01234567}, Entries: entries,
			Updates: newer, Listings: listings, More: true,
		},
		"ping":          &wire.Ping{Header: h, Nonce: 0x0123456789abcdef, News: entries[1:]},
		"pong":          &wire.Pong{Header: h, Nonce: 0x0123456789abcdef},
		"sync":          &wire.Sync{Header: h, Join: true, Last: true, Entries: entries[:1]},
		"refused":       &wire.Refused{Header: h, Reason: wire.NameTaken, Holder: "10.0.0.9:4327"},
		"refused-clock": &wire.Refused{Header: h, Reason: wire.ClockAhead},
		"refused-full":  &wire.Refused{Header: h, Reason: wire.ListFull},
		"evidence": &wire.Evidence{
			Header: h,
			Suspicions: []wire.Suspicion{{Name: "cache-3", Incarnation: 1_767_225_300_000, Accusations: []wire.Accusation{
				{Accuser: "web-1", Heartbeat: 1212}, {Accuser: "web-2", Heartbeat: 1213},
			}}},
			Refutations: []wire.Refutation{{Name: "db-2", Incarnation: 1_767_225_500_000, Heartbeat: 746}},
			Forgets:     []wire.Forget{{Name: "old", Incarnation: 1_767_225_400_000, Heartbeat: 101}},
		},
		"empty": &wire.Delta{Header: wire.Header{From: "a", Incarnation: 1, Heartbeat: 1}},
	}
}

// R16.
func TestMessagesHaveTheBytesOfTheGoldenFiles(t *testing.T) {
	for name, m := range goldenMessages() {
		b, err := coder.Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("..", "..", "testdata", "wire", name+".golden")
		if *update {
			if err := os.WriteFile(path, golden(name, m, b), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want := readGolden(t, path)
		if !bytes.Equal(b, want) {
			t.Errorf("a %s is encoded as\n%x, the golden file says\n%x: agents of the last release cannot read this", name, b, want)
		}
		back, err := coder.Decode(want)
		if err != nil || !alike(back, m) {
			t.Errorf("the golden %s is read as %+v (%v), want %+v", name, back, err, m)
		}
	}
}

// R16: evidence of an agent that knows no request to forget.
func TestOlderEvidenceIsRead(t *testing.T) {
	m, err := coder.Decode(readGolden(t, filepath.Join("..", "..", "testdata", "wire", "evidence-older.golden")))
	want := goldenMessages()["evidence"].(*wire.Evidence)
	want.Forgets = nil
	if err != nil || !alike(m, want) {
		t.Errorf("it is read as %+v (%v), want %+v", m, err, want)
	}
}

// golden returns the contents of a golden file: comments after #, and hex.
func golden(name string, m wire.Message, b []byte) []byte {
	var s strings.Builder
	fmt.Fprintf(&s, "# A message of kind %d, %s (%s). Hex; what follows a # is a comment. A change of these bytes is a\n", b[1], m.Kind(), name)
	fmt.Fprintf(&s, "# change of the protocol: see R16 in docs/protocol.md.\n\n")
	fmt.Fprintf(&s, "%02x %02x # version, kind\n", b[0], b[1])
	for rest := b[2:]; len(rest) > 0; {
		n := min(32, len(rest))
		fmt.Fprintf(&s, "%x\n", rest[:n])
		rest = rest[n:]
	}
	return []byte(s.String())
}

func readGolden(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var digits strings.Builder
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "#")
		digits.WriteString(strings.Join(strings.Fields(line), ""))
	}
	b, err := hex.DecodeString(digits.String())
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return b
}

// alike reports whether two messages say the same; an empty list and none are the same.
func alike(a, b wire.Message) bool {
	x, errX := coder.Encode(a)
	y, errY := coder.Encode(b)
	return errX == nil && errY == nil && bytes.Equal(x, y) && reflect.TypeOf(a) == reflect.TypeOf(b)
}

// goodMessage draws messages of all kinds as an honest member may send them, with values at all bounds.
func goodMessage() *rapid.Generator[wire.Message] {
	name := rapid.StringMatching(`[A-Za-z0-9_-]{1,128}`)
	counter := rapid.Uint64Range(1, membership.MaxCounter)
	text := rapid.StringN(0, 16, membership.MaxZoneLength)
	header := rapid.Custom(func(t *rapid.T) wire.Header {
		return wire.Header{From: name.Draw(t, "from"), Incarnation: counter.Draw(t, "incarnation"), Heartbeat: counter.Draw(t, "heartbeat"),
			To: rapid.OneOf(name, rapid.Just("")).Draw(t, "to")}
	})
	blob := rapid.SliceOfN(rapid.Byte(), 0, 300)
	address := rapid.Custom(func(t *rapid.T) netip.AddrPort {
		a := netip.AddrFrom4([4]byte(append([]byte{10}, rapid.SliceOfN(rapid.Byte(), 3, 3).Draw(t, "v4")...)))
		if rapid.Bool().Draw(t, "v6") {
			a = netip.AddrFrom16([16]byte(append([]byte{0x20}, rapid.SliceOfN(rapid.Byte(), 15, 15).Draw(t, "v6 address")...)))
		}
		return netip.AddrPortFrom(a, rapid.Uint16Range(1, 65535).Draw(t, "port"))
	})
	entry := rapid.Custom(func(t *rapid.T) membership.Entry {
		tags := rapid.MapOfN(rapid.StringMatching(`[a-z./]{1,20}`), rapid.StringN(0, 60, 200), 0, 5).Draw(t, "tags")
		interval := time.Duration(rapid.Int64Range(int64(membership.MinInterval), int64(membership.MaxInterval)).Draw(t, "interval"))
		return membership.Entry{Record: &membership.Record{
			Name: name.Draw(t, "name"), Incarnation: counter.Draw(t, "incarnation"), Version: counter.Draw(t, "version"),
			Address: address.Draw(t, "address"), Interval: interval.Truncate(time.Microsecond),
			Zone: text.Draw(t, "zone"), Build: text.Draw(t, "build"), Tags: membership.NewTags(tags), Leaving: rapid.Bool().Draw(t, "leaving"),
		}, Heartbeat: counter.Draw(t, "heartbeat")}
	})
	return rapid.Custom(func(t *rapid.T) wire.Message {
		h := header.Draw(t, "header")
		entries := rapid.SliceOfN(entry, 0, 4)
		clock := rapid.Uint64Range(0, membership.MaxCounter).Draw(t, "clock")
		bits := rapid.Uint8Range(0, 12).Draw(t, "bits")
		switch rapid.IntRange(0, 5).Draw(t, "kind") {
		case 0:
			return &wire.Digest{Header: h, Clock: clock, Bits: bits, First: rapid.Uint16().Draw(t, "first"), Count: rapid.Uint16Range(0, 1<<bits).Draw(t, "count"), Columns: blob.Draw(t, "columns")}
		case 1:
			return &wire.Delta{
				Header: h, Clock: clock, Bits: bits, Wants: rapid.SliceOfN(name, 0, 5).Draw(t, "wants"), Fingerprints: rapid.SliceOfN(rapid.Uint32(), 0, 9).Draw(t, "fingerprints"),
				Entries: entries.Draw(t, "records"), Updates: blob.Draw(t, "newer"), Listings: blob.Draw(t, "listings"), More: rapid.Bool().Draw(t, "more"),
			}
		case 2:
			return &wire.Ping{Header: h, Nonce: rapid.Uint64().Draw(t, "nonce"), News: entries.Draw(t, "news")}
		case 3:
			return &wire.Pong{Header: h, Nonce: rapid.Uint64().Draw(t, "nonce")}
		case 4:
			return &wire.Sync{Header: h, Join: rapid.Bool().Draw(t, "join"), Last: rapid.Bool().Draw(t, "last"), Entries: entries.Draw(t, "entries")}
		}
		return &wire.Refused{Header: h, Reason: wire.NameTaken, Holder: address.Draw(t, "holder").String()}
	})
}

// normal returns m with its empty lists nil, as a message that was never sent may have them.
func normal(m wire.Message) string {
	return strings.NewReplacer("[]", "").Replace(fmt.Sprintf("%#v", deref(m)))
}

// deref spells a message out, records included.
func deref(m wire.Message) any {
	entries := func(list []membership.Entry) (out []string) {
		for _, e := range list {
			out = append(out, fmt.Sprintf("%d of %+v", e.Heartbeat, *e.Record))
		}
		return out
	}
	switch m := m.(type) {
	case *wire.Digest:
		return []any{m.Header, m.Clock, m.Bits, m.First, m.Count, fmt.Sprint(m.Columns)}
	case *wire.Delta:
		return []any{
			m.Header, m.Clock, m.Bits, fmt.Sprint(m.Wants), fmt.Sprint(m.Fingerprints), entries(m.Entries), fmt.Sprint(m.Updates),
			fmt.Sprint(m.Listings), m.More,
		}
	case *wire.Ping:
		return []any{m.Header, m.Nonce, entries(m.News)}
	case *wire.Sync:
		return []any{m.Header, m.Join, m.Last, entries(m.Entries)}
	}
	return m
}

func TestMessagesGoOverTheWireUnchanged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := goodMessage().Draw(t, "message")
		b, err := coder.Encode(m)
		if err != nil {
			t.Fatalf("%+v cannot be encoded: %v", m, err)
		}
		back, err := coder.Decode(b)
		if err != nil {
			t.Fatalf("%+v cannot be read back: %v", m, err)
		}
		clear(b) // the message must not refer to the bytes, which the caller may use again
		if x, y := normal(m), normal(back); x != y {
			t.Fatalf("sent\n%s, read\n%s", x, y)
		}
	})
}

// arrays returns a message as nested lists, to be spoiled.
func arrays(t testing.TB, m wire.Message) (version, kind byte, body []any) {
	t.Helper()
	b, err := coder.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	h := &codec.MsgpackHandle{WriteExt: true}
	h.SignedInteger = false
	if err := codec.NewDecoderBytes(b[2:], h).Decode(&body); err != nil {
		t.Fatal(err)
	}
	return b[0], b[1], body
}

func raw(t testing.TB, version, kind byte, body any) []byte {
	t.Helper()
	var b []byte
	if err := codec.NewEncoderBytes(&b, &codec.MsgpackHandle{WriteExt: true}).Encode(body); err != nil {
		t.Fatal(err)
	}
	return append([]byte{version, kind}, b...)
}

// lengthened returns a copy of nested lists in which every list that is a struct has more elements at its end. A list
// that holds lists of one shape is a list of structs; others are structs.
func lengthened(list []any, isStruct bool) []any {
	out := []any{}
	for i, x := range list {
		sub, ok := x.([]any)
		switch {
		case !ok:
			out = append(out, x)
		case !isStruct || i == 0: // a struct in a list; the header
			out = append(out, lengthened(sub, true))
		default:
			out = append(out, lengthened(sub, false))
		}
	}
	if isStruct {
		out = append(out, "from", uint64(1<<40), []any{"the", []any{"future"}}, nil, true)
	}
	return out
}

// R16.
func TestDecodeIgnoresElementsOfALaterVersion(t *testing.T) {
	for name, m := range goldenMessages() {
		version, kind, body := arrays(t, m)
		later := lengthened(body, true)
		if reflect.DeepEqual(later, body) {
			t.Fatalf("%s: nothing was added: the test is void", name)
		}
		back, err := coder.Decode(raw(t, version+1, kind, later))
		if err != nil || !alike(back, m) {
			t.Errorf("a %s of the next version, with more elements everywhere, is read as %+v (%v), want %+v", name, back, err, m)
		}
	}
}

// R16.
func TestDecodeUnderstandsVersionsOneApart(t *testing.T) {
	b, err := coder.Encode(goldenMessages()["pong"])
	if err != nil {
		t.Fatal(err)
	}
	for v := range 256 {
		b[0] = byte(v)
		_, err := coder.Decode(b)
		understood := v > 0 && (v == wire.Version-1 || v == wire.Version || v == wire.Version+1)
		if understood && err != nil || !understood && !errors.Is(err, wire.ErrVersion) {
			t.Errorf("version %d: %v; want it understood: %v, and else the error that says so", v, err, understood)
		}
	}
}

// R16.
func TestDecodeRefusesUnknownKindsAsSuch(t *testing.T) {
	b, err := coder.Encode(goldenMessages()["pong"])
	if err != nil {
		t.Fatal(err)
	}
	for kind := range 256 {
		b[1] = byte(kind)
		if _, err := coder.Decode(b); (kind == 0 || kind > 7) && !errors.Is(err, wire.ErrKind) {
			t.Errorf("kind %d: %v, want the error that it is not known", kind, err)
		}
	}
}

// costOf returns how many bytes are allocated to decode b, and the error.
func costOf(b []byte) (uint64, error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := coder.Decode(b)
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc, err
}

// hostile returns inputs that no agent sends: HOSTILE 1 to 6.
func hostile(t testing.TB) map[string][]byte {
	in := map[string][]byte{
		"nothing": {}, "one byte": {1}, "two bytes": {1, 1},
		"noise":         bytes.Repeat([]byte{0xa7, 0x93, 0x5c, 0xdd, 0x81}, 13000),
		"HTTP":          []byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
		"SSH":           []byte("SSH-2.0-OpenSSH_9.6\r\n"),
		"TLS":           {0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3},
		"nil at top":    {1, 1, 0xc0},
		"map at top":    {1, 1, 0x81, 0xa1, 'a', 1},
		"number at top": {1, 1, 7},
		"deep":          append([]byte{1, 1}, bytes.Repeat([]byte{0x91}, 1300)...),
		"deep in a tag": append([]byte{1, 2, 0x95, 0xc0, 0xc0, 0x91, 0x9a, 0xa1, 'a', 1, 1, 1, 0xc0, 1, 0xa0, 0xa0}, bytes.Repeat([]byte{0x91}, 1300)...),
	}
	for _, length := range []string{"7fffffff", "80000000", "ffffffff"} {
		for what, code := range map[string]byte{"array": 0xdd, "map": 0xdf, "string": 0xdb, "bytes": 0xc6, "extension": 0xc9} {
			n, _ := hex.DecodeString(length)
			header := append([]byte{code}, n...)
			in[what+" of 0x"+length+" at top"] = append([]byte{1, 1}, header...)
			in[what+" of 0x"+length+" as header"] = append([]byte{1, 1, 0x94}, header...)
			in[what+" of 0x"+length+" as columns"] = append([]byte{1, 1, 0x96, 0xc0, 1, 1, 0, 1}, header...)
			in[what+" of 0x"+length+" as fingerprints"] = append([]byte{1, 2, 0x99, 0xc0, 1, 1, 0xc0}, header...)
			in[what+" of 0x"+length+" as entries"] = append([]byte{1, 5, 0x94, 0xc0, 0xc2, 0xc3}, header...)
			in[what+" of 0x"+length+" to be skipped"] = append([]byte{1, 4, 0x93, 0xc0, 1}, header...)
		}
	}
	for kind := byte(1); kind <= 6; kind++ { // many elements of one byte each, in each place
		for place := range 9 {
			for what, element := range map[string]byte{"nil": 0xc0, "empty list": 0x90, "empty string": 0xa0, "zero": 0} {
				b := append([]byte{1, kind, 0x99}, bytes.Repeat([]byte{0xc0}, place)...)
				b = append(b, 0xdc, 5, 0x60)
				b = append(b, bytes.Repeat([]byte{element}, 0x560)...)
				b = append(b, bytes.Repeat([]byte{0xc0}, 8-place)...)
				in[fmt.Sprintf("1376 times %s in place %d of kind %d", what, place, kind)] = b
			}
		}
	}
	return in
}

func TestHostileBytesNeverPanicAndNeverCostMuch(t *testing.T) {
	for what, b := range hostile(t) {
		cost, err := costOf(b)
		if cost > 1<<20 {
			t.Errorf("%s: %d bytes of input cost %d bytes, want at most 1 MiB", what, len(b), cost)
		}
		if err != nil && !errors.Is(err, wire.ErrForm) && !errors.Is(err, wire.ErrVersion) && !errors.Is(err, wire.ErrKind) {
			t.Errorf("%s: the error %v is none that can be counted by", what, err)
		}
	}
	if _, err := coder.Decode([]byte{1, 4, 0xc0}); !errors.Is(err, wire.ErrForm) {
		t.Errorf("nil at the top: %v, want it refused", err)
	}
	// After all that the codec works as before.
	for name, m := range goldenMessages() {
		b, err := coder.Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := coder.Decode(b); err != nil || !alike(back, m) {
			t.Errorf("after hostile input a %s is read as %+v (%v)", name, back, err)
		}
	}
}

// A frame of a stream may have 1 MiB. Elements of one byte on the wire must not become a thousand times that in memory.
func TestHostileFramesDoNotBalloon(t *testing.T) {
	fill := func(n int, pattern ...byte) []byte { return bytes.Repeat(pattern, n) }
	array := func(n int) []byte { return []byte{0xdd, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)} }
	const million = 1 << 20
	var tagged []byte // 4096 entries of 64 empty tags each
	for range 4096 {
		tagged = append(tagged, 0x99, 0xa1, 'a', 1, 1, 1, 0xc0, 1, 0xa0, 0xa0, 0xdc, 0, 64)
		tagged = append(tagged, fill(64, 0xc0)...)
	}
	for what, b := range map[string][]byte{
		"a sync of a million nothings":           slices.Concat([]byte{1, 5, 0x94, 0xc0, 0xc2, 0xc3}, array(million), fill(million, 0xc0)),
		"a sync of a million empty entries":      slices.Concat([]byte{1, 5, 0x94, 0xc0, 0xc2, 0xc3}, array(million), fill(million, 0x90)),
		"a sync of 4096 empty entries":           slices.Concat([]byte{1, 5, 0x94, 0xc0, 0xc2, 0xc3}, array(4096), fill(4096, 0x90)),
		"a sync of 4096 entries with 64 tags":    slices.Concat([]byte{1, 5, 0x94, 0xc0, 0xc2, 0xc3}, array(4096), tagged),
		"a million names that are wanted":        slices.Concat([]byte{1, 2, 0x99, 0xc0, 1, 1}, array(million), fill(million, 0xa0)),
		"a million fingerprints that are wanted": slices.Concat([]byte{1, 2, 0x99, 0xc0, 1, 1, 0xc0}, array(million), fill(million, 0)),
		"an entry with a million tags":           slices.Concat([]byte{1, 5, 0x94, 0xc0, 0xc2, 0xc3, 0x91, 0x99, 0xa1, 'a', 1, 1, 1, 0xc0, 1, 0xa0, 0xa0}, array(million), fill(million, 0xc0)),
		"a header with a million elements":       slices.Concat([]byte{1, 4, 0x92}, array(million), fill(million, 0)),
	} {
		cost, err := costOf(b)
		if !errors.Is(err, wire.ErrForm) {
			t.Errorf("%s: %v, want it refused as malformed", what, err)
		}
		if cost > 32<<20 {
			t.Errorf("%s: %d bytes cost %d", what, len(b), cost)
		}
		t.Logf("%s: %d bytes cost %d", what, len(b), cost)
	}
}

func TestHostileMessagesCutShortOrWithBytesThatTrailAreRefused(t *testing.T) {
	for name, m := range goldenMessages() {
		b, err := coder.Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		for cut := range b {
			if _, err := coder.Decode(b[:cut]); err == nil {
				t.Errorf("the first %d of %d bytes of a %s are taken, want them refused", cut, len(b), name)
			}
		}
		if _, err := coder.Decode(append(b, 0)); !errors.Is(err, wire.ErrForm) {
			t.Errorf("a %s with a byte more: %v, want it refused as malformed", name, err)
		}
		for bit := range 8 * len(b) {
			c := bytes.Clone(b)
			c[bit/8] ^= 1 << (bit % 8)
			if back, err := coder.Decode(c); err == nil { // what still is a message must be one that can be passed on
				if _, err := coder.Encode(back); err != nil {
					t.Errorf("a %s with bit %d flipped is read as what cannot be encoded: %v", name, bit, err)
				}
			}
		}
	}
}

// spoil returns the nested lists of a message with one element replaced.
func spoil(body []any, path []int, by any) []any {
	out := append([]any{}, body...)
	if len(path) == 1 {
		out[path[0]] = by
	} else {
		out[path[0]] = spoil(body[path[0]].([]any), path[1:], by)
	}
	return out
}

func TestHostileValuesAreRefused(t *testing.T) {
	entry := []int{3, 0} // the first entry of a sync
	at := func(i ...int) []int { return append(append([]int{}, entry...), i...) }
	for _, c := range []struct {
		what string
		path []int
		by   any
	}{
		{"an entry's empty name", at(0), ""},
		{"an entry's name with a slash", at(0), "a/b"},
		{"an entry's name with a control character", at(0), "a\x1bb"},
		{"an entry's name that is not UTF-8", at(0), "\xff"},
		{"incarnation 0", at(1), 0},
		{"incarnation 2^63", at(1), uint64(1) << 63},
		{"incarnation 2^64-1", at(1), ^uint64(0)},
		{"a negative incarnation", at(1), -1},
		{"version 0", at(2), 0},
		{"an address of no bytes", at(4), []byte{}},
		{"an address of 5 bytes", at(4), []byte{10, 0, 0, 1, 1}},
		{"an address of 17 bytes", at(4), make([]byte, 17)},
		{"an unspecified address", at(4), []byte{0, 0, 0, 0, 1, 1}},
		{"a multicast address", at(4), []byte{224, 0, 0, 1, 1, 1}},
		{"the broadcast address", at(4), []byte{255, 255, 255, 255, 1, 1}},
		{"port 0", at(4), []byte{10, 0, 0, 1, 0, 0}},
		{"interval 0", at(5), 0},
		{"an interval of 2^64-1 µs", at(5), ^uint64(0)},
		{"a zone that is not UTF-8", at(6), "\xff"},
		{"tags out of order", at(8), []any{[]any{"b", ""}, []any{"a", ""}}},
		{"a tag twice", at(8), []any{[]any{"a", ""}, []any{"a", ""}}},
		{"65 tags", at(8), manyTags(65)},
		{"a tag of 5000 bytes", at(8), []any{[]any{"a", strings.Repeat("v", 5000)}}},
		{"a number for a name", at(0), 7},
		{"a list for a name", at(0), []any{"a"}},
		{"a string for a counter", at(1), "7"},
		{"a string for a list", []int{3}, "abc"},
		{"a number for a list", []int{3}, 7},
		{"a number for an entry", []int{3, 0}, 7},
		{"a string for a header", []int{0}, "abc"},
	} {
		version, kind, body := arrays(t, goldenMessages()["sync"])
		if m, err := coder.Decode(raw(t, version, kind, spoil(body, c.path, c.by))); !errors.Is(err, wire.ErrForm) {
			t.Errorf("%s: read as %+v, %v; want it refused as malformed", c.what, m, err)
		}
	}
	version, kind, body := arrays(t, goldenMessages()["refused"])
	for _, holder := range []string{"\x1b[2J", "localhost:1", "10.0.0.1", "10.0.0.1:0\n"} {
		if m, err := coder.Decode(raw(t, version, kind, spoil(body, []int{2}, holder))); !errors.Is(err, wire.ErrForm) {
			t.Errorf("a holder at %q, which people will read: read as %+v, %v; want it refused", holder, m, err)
		}
	}
}

func manyTags(n int) []any {
	var tags []any
	for i := range n {
		tags = append(tags, []any{fmt.Sprintf("k%03d", i), ""})
	}
	return tags
}

func TestHostileIPv4WrittenAsIPv6IsTheSameMember(t *testing.T) {
	version, kind, body := arrays(t, goldenMessages()["sync"])
	mapped := netip.MustParseAddr("::ffff:10.0.0.2").As16()
	m, err := coder.Decode(raw(t, version, kind, spoil(body, []int{3, 0, 4}, append(mapped[:], 0x10, 0xe7))))
	if err != nil {
		t.Fatal(err)
	}
	if got := m.(*wire.Sync).Entries[0].Record.Address; got != netip.MustParseAddrPort("10.0.0.2:4327") {
		t.Errorf("an IPv4 address written as IPv6 is read as %s, want 10.0.0.2:4327", got)
	}
}

func FuzzDecode(f *testing.F) {
	for _, m := range goldenMessages() {
		b, err := coder.Encode(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	for _, b := range hostile(f) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) <= 1400 && len(b) > 0 && b[len(b)/2]%32 == 0 { // measuring takes much longer than decoding
			if cost, _ := costOf(b); cost > 1<<20 {
				t.Errorf("%d bytes of input cost %d bytes, want at most 1 MiB", len(b), cost)
			}
		}
		m, err := coder.Decode(b)
		if err != nil {
			return
		}
		once, err := coder.Encode(m)
		if err != nil {
			t.Fatalf("read as %+v, which cannot be encoded: %v", m, err)
		}
		again, err := coder.Decode(once)
		if err != nil {
			t.Fatalf("read as %+v, which once encoded cannot be read: %v", m, err)
		}
		if twice, err := coder.Encode(again); err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("encoded once it is %x, twice %x (%v)", once, twice, err)
		}
	})
}
