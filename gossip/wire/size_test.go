package wire

import (
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"

	"heartsay/membership"
)

// TestSizesAreUpperBounds holds size.go and codec.go together: no message takes more than was counted for it. (R17)
func TestSizesAreUpperBounds(t *testing.T) {
	codec := NewCodec()
	counter := rapid.OneOf(rapid.Uint64Range(1, 300), rapid.Uint64Range(1, 1<<34), rapid.Uint64Range(1, membership.MaxCounter))
	text := func(most int) *rapid.Generator[string] {
		return rapid.StringOfN(rapid.RuneFrom([]rune("abc")), 0, most, most)
	}
	entry := rapid.Custom(func(t *rapid.T) membership.Entry {
		ip := rapid.SampledFrom([]string{"10.0.0.1", "2001:db8::1"}).Draw(t, "ip")
		tags := rapid.MapOfN(text(64), text(300), 0, 6).Draw(t, "tags")
		return membership.Entry{Heartbeat: counter.Draw(t, "heartbeat"), Record: &membership.Record{
			Name: text(128).Draw(t, "name"), Incarnation: counter.Draw(t, "incarnation"), Version: counter.Draw(t, "version"),
			Address: netip.AddrPortFrom(netip.MustParseAddr(ip), 65535), Interval: time.Duration(counter.Draw(t, "interval")) * time.Microsecond,
			Zone: text(64).Draw(t, "zone"), Build: text(64).Draw(t, "build"), Tags: membership.NewTags(tags), Leaving: true,
		}}
	})
	rapid.Check(t, func(t *rapid.T) {
		h := Header{From: text(128).Draw(t, "from"), To: text(128).Draw(t, "to"), Incarnation: counter.Draw(t, "incarnation"), Heartbeat: counter.Draw(t, "heartbeat")}
		records := rapid.SliceOfN(entry, 0, 20).Draw(t, "records")
		wants := rapid.SliceOfN(text(128), 0, 40).Draw(t, "wants")
		fingerprints := rapid.SliceOfN(rapid.Uint32(), 0, 40).Draw(t, "fingerprints")
		blob := make([]byte, rapid.IntRange(0, 1200).Draw(t, "blob"))
		clock := counter.Draw(t, "clock")

		fixed := FixedSize + SizeString(h.From) + SizeString(h.To)
		parts := 0
		for _, en := range records {
			parts += SizeEntry(en)
		}
		most := map[Message]int{
			&Ping{Header: h, Nonce: 1<<64 - 1, News: records}:                                             fixed + parts,
			&Pong{Header: h, Nonce: 1<<64 - 1}:                                                            fixed,
			&Digest{Header: h, Clock: clock, Bits: 12, First: 1<<16 - 1, Count: 1<<16 - 1, Columns: blob}: fixed + len(blob),
		}
		delta := &Delta{Header: h, Clock: clock, Bits: 12, Wants: wants, Fingerprints: fingerprints, Entries: records, Updates: blob, Listings: blob, More: true}
		for _, w := range wants {
			parts += SizeString(w)
		}
		for _, p := range fingerprints {
			parts += SizeUint(uint64(p))
		}
		most[delta] = fixed + parts + 2*len(blob)
		for m, bound := range most {
			b, err := codec.Encode(m)
			if err != nil {
				t.Fatal(err)
			}
			if len(b) > bound {
				t.Fatalf("a %T takes %d bytes, and %d were counted for it", m, len(b), bound)
			}
		}
	})
}
