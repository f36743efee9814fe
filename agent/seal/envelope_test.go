package seal

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash/crc32"
	"os"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

const testBoot = 0x0123456789abcdef

// reasonOf returns the reason of an OpenError in err, or a word that no reason equals.
func reasonOf(err error) string {
	if e := (*OpenError)(nil); errors.As(err, &e) {
		return e.Reason
	}
	return "none"
}

// readGolden returns the bytes that a file of hex text with # comments holds.
func readGolden(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var digits strings.Builder
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "#")
		digits.WriteString(strings.TrimSpace(line))
	}
	b, err := hex.DecodeString(digits.String())
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return b
}

// R16.
func TestEnvelopeHasTheBytesOfTheGoldenFile(t *testing.T) {
	e := NewEnvelope("prod", testBoot)
	var got bytes.Buffer
	got.Write(e.Seal(nil, ClassPacket, []byte("hello")))
	if err := WriteFrame(&got, e, nil); err != nil {
		t.Fatal(err)
	}
	if want := readGolden(t, "../../testdata/wire/envelope.golden"); !bytes.Equal(got.Bytes(), want) {
		t.Errorf("envelope and frame are\n%x, the golden file says\n%x: agents of the last release cannot read this",
			got.Bytes(), want)
	}
}

func TestEnvelopeOpensWhatItSealed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cluster := rapid.StringMatching(`[A-Za-z0-9_-]{1,128}`).Draw(t, "cluster")
		payload := rapid.SliceOf(rapid.Byte()).Draw(t, "payload")
		before := rapid.SliceOf(rapid.Byte()).Draw(t, "before")
		class := rapid.SampledFrom([]Class{ClassPacket, ClassStream}).Draw(t, "class")
		e := NewEnvelope(cluster, rapid.Uint64().Draw(t, "boot"))
		sealed := e.Seal(before, class, payload)
		if !bytes.HasPrefix(sealed, before) || len(sealed) != len(before)+len(payload)+e.Overhead() {
			t.Fatalf("%d bytes before and %d of payload became %d, the overhead is %d", len(before), len(payload),
				len(sealed), e.Overhead())
		}
		got, err := NewEnvelope(cluster, 9).Open(sealed[len(before):], class)
		if err != nil || !bytes.Equal(got, payload) {
			t.Fatalf("opened %x, %v: sealed was %x", got, err, payload)
		}
	})
}

func TestEnvelopeCutAtAnyOffsetIsDropped(t *testing.T) {
	e := NewEnvelope("prod", testBoot)
	sealed := e.Seal(nil, ClassPacket, []byte("a payload of some length"))
	for n := range sealed {
		if payload, err := e.Open(sealed[:n], ClassPacket); err == nil || payload != nil {
			t.Errorf("the first %d of %d bytes open as %q", n, len(sealed), payload)
		}
	}
	if _, err := e.Open(append(sealed, 0), ClassPacket); reasonOf(err) != "checksum" {
		t.Errorf("a byte too many gives %v", err)
	}
}

func TestEnvelopeWithAnyBitFlippedIsDropped(t *testing.T) {
	e := NewEnvelope("prod", testBoot)
	sealed := e.Seal(nil, ClassPacket, []byte("a payload of some length"))
	for bit := range len(sealed) * 8 {
		b := bytes.Clone(sealed)
		b[bit/8] ^= 1 << (bit % 8)
		payload, err := e.Open(b, ClassPacket)
		if payload != nil || reasonOf(err) == "none" {
			t.Errorf("with bit %d of byte %d flipped it opens as %q, %v", bit%8, bit/8, payload, err)
		}
	}
}

// R1.
func TestOtherClusterIsRefusedWithBothNames(t *testing.T) {
	sealed := NewEnvelope("staging", 1).Seal(nil, ClassPacket, []byte("x"))
	_, err := NewEnvelope("prod", 2).Open(sealed, ClassPacket)
	if reasonOf(err) != "cluster" || !strings.Contains(err.Error(), `"staging"`) || !strings.Contains(err.Error(), `"prod"`) {
		t.Errorf("error %v: its reason must be cluster, and it must name both", err)
	}
	for _, near := range []string{"pro", "prodd", "Prod"} { // a prefix of the name must not be enough
		if _, err := NewEnvelope("prod", 2).Open(NewEnvelope(near, 1).Seal(nil, ClassPacket, []byte("d")),
			ClassPacket); reasonOf(err) != "cluster" {
			t.Errorf("cluster %q is let into prod: %v", near, err)
		}
	}
}

// forge returns an envelope with any fields and a checksum that matches.
func forge(head string, fixed [20]byte, rest string) []byte {
	b := append([]byte(head), fixed[:]...)
	b = append(b, rest...)
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

func TestEnvelopeNamesTheReasonForItsCounter(t *testing.T) {
	e := NewEnvelope("prod", testBoot)
	keyed := [20]byte{3: 7}
	for _, c := range []struct {
		rule   string
		b      []byte
		reason string
	}{
		{"nothing at all", nil, "short"},
		{"one byte", []byte("h"), "short"},
		{"one byte less than any envelope has", make([]byte, minEnvelope-1), "short"},
		{"noise", bytes.Repeat([]byte{0xa5}, 64<<10), "magic"},
		{"HTTP", []byte("GET / HTTP/1.1\r\nHost: example\r\n\r\n"), "magic"},
		{"a later format, even if its checksum does not match", []byte("hs\x02\x01" + strings.Repeat("x", 40)), "format"},
		{"a stream's envelope in a packet", e.Seal(nil, ClassStream, nil), "class"},
		{"class 0", forge("hs\x01\x00", [20]byte{}, "\x04prod"), "class"},
		{"sealed with key 7", forge("hs\x01\x01", keyed, "\x04prod"), "key"},
		{"damaged", append(e.Seal(nil, ClassPacket, nil), 0), "checksum"},
		{"a name of no bytes", forge("hs\x01\x01", [20]byte{}, "\x00prod"), "cluster"},
		{"a name longer than the rest", forge("hs\x01\x01", [20]byte{}, "\x05prod"), "cluster"},
		{"a name longer than names are", forge("hs\x01\x01", [20]byte{}, "\xff"+strings.Repeat("p", 255)), "cluster"},
		{"a name that would forge log lines", forge("hs\x01\x01", [20]byte{}, "\x04a\n\x1bb"), "cluster"},
	} {
		payload, err := e.Open(c.b, ClassPacket)
		if reasonOf(err) != c.reason || payload != nil {
			t.Errorf("%s: opened as %q, %v: want the reason %q", c.rule, payload, err, c.reason)
		} else if strings.ContainsAny(err.Error(), "\n\x1b") {
			t.Errorf("%s: control characters reach the error: %q", c.rule, err)
		}
	}
	if _, err := e.Open(forge("hs\x01\x01", [20]byte{}, "\x04prod"), ClassPacket); err != nil {
		t.Errorf("forge itself is wrong, the table proves nothing: %v", err)
	}
}

func TestEnvelopeCountersNeverRepeat(t *testing.T) {
	e := NewEnvelope("prod", testBoot)
	const senders, each = 8, 200
	var mu sync.Mutex
	seen := map[uint64]bool{}
	var wg sync.WaitGroup
	for range senders {
		wg.Go(func() {
			for range each {
				counter := binary.BigEndian.Uint64(e.Seal(nil, ClassPacket, nil)[16:])
				mu.Lock()
				seen[counter] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(seen) != senders*each || !seen[1] || !seen[senders*each] {
		t.Errorf("%d envelopes have %d counters: each must have its own, from 1 without a hole", senders*each, len(seen))
	}
}

func TestEnvelopeSealsAndOpensWithoutAllocating(t *testing.T) {
	e := NewEnvelope("prod", testBoot)
	buf, payload := make([]byte, 0, 1400), make([]byte, 1000)
	allocs := testing.AllocsPerRun(100, func() {
		if _, err := e.Open(e.Seal(buf, ClassPacket, payload), ClassPacket); err != nil {
			t.Fatal(err)
		}
	})
	if allocs != 0 {
		t.Errorf("one round costs %v allocations: the hot path must cost none", allocs)
	}
}

func TestEnvelopeRefusesABadClusterName(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("an empty cluster name was accepted: it would open every other such cluster's packets")
		}
	}()
	NewEnvelope("", 1)
}

func FuzzEnvelopeOpen(f *testing.F) {
	e := NewEnvelope("prod", testBoot)
	f.Add([]byte{}, true)
	f.Add(e.Seal(nil, ClassPacket, []byte("hello")), true)
	f.Add(e.Seal(nil, ClassStream, nil), false)
	f.Add(NewEnvelope("staging", 1).Seal(nil, ClassPacket, []byte("x")), true)
	f.Add(forge("hs\x01\x01", [20]byte{}, "\xffprod"), true)
	f.Add(forge("hs\x01\x01", [20]byte{3: 1}, "\x04prod"), true)
	f.Add([]byte("GET / HTTP/1.1\r\nHost: example\r\n\r\n"), false)
	f.Fuzz(func(t *testing.T, b []byte, packet bool) {
		class := ClassStream
		if packet {
			class = ClassPacket
		}
		before := bytes.Clone(b)
		payload, err := e.Open(b, class)
		if !bytes.Equal(b, before) {
			t.Fatal("opening changed the bytes")
		}
		if err != nil {
			if reasonOf(err) == "none" || payload != nil {
				t.Fatalf("error %v has no reason, or the payload %q came with it", err, payload)
			}
			return
		}
		if len(payload) != len(b)-e.Overhead() {
			t.Fatalf("%d bytes hold a payload of %d", len(b), len(payload))
		}
	})
}
