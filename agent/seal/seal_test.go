package seal

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"heartsay/agent/keyring"
)

// testKeys returns a set of keys made of letters: "ab" has two, of which a seals.
func testKeys(letters string) *keyring.Keys {
	var keys [][]byte
	for _, letter := range letters {
		key := bytes.Repeat([]byte("0123456789abcdef"), 2)
		key[0] = byte(letter)
		keys = append(keys, key)
	}
	k, err := keyring.New(keys, nil)
	if err != nil {
		panic(err)
	}
	return k
}

// testID returns the id of a key of testKeys.
func testID(letter string) keyring.ID { return testKeys(letter).Primary() }

var (
	addrA = netip.MustParseAddrPort("10.0.0.1:4327")
	addrB = netip.MustParseAddrPort("10.0.0.2:4327")
	noon  = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
)

// carry carries packets between a at addrA and b at addrB until none is left, and returns the messages that came, in
// order.
func carry(t *testing.T, a, b *Sealer, first []byte) (messages []string) {
	t.Helper()
	queue := []Packet{{To: addrB, Bytes: first}}
	for n := 0; len(queue) > 0; n++ {
		if n > 100 {
			t.Fatal("two agents say hello to each other for ever")
		}
		p := queue[0]
		queue = queue[1:]
		if p.Bytes == nil {
			continue
		}
		at, from := a, addrB
		if p.To == addrB {
			at, from = b, addrA
		}
		payload, answers, err := at.OpenPacket(p.Bytes, from, noon)
		if err != nil {
			messages = append(messages, "refused: "+reasonOf(err))
		} else if payload != nil {
			messages = append(messages, string(payload))
		}
		queue = append(queue, answers...)
	}
	return messages
}

// acquainted returns two agents of a cluster that have met: a knows b's life.
func acquainted(t *testing.T, keysA, keysB *keyring.Keys) (a, b *Sealer) {
	t.Helper()
	a, b = NewSealer("prod", keysA, NewBoot()), NewSealer("prod", keysB, NewBoot())
	if got := carry(t, a, b, a.SealPacket(addrB, []byte("hello"), noon)); len(got) != 1 || got[0] != "hello" {
		t.Fatalf("the first message came as %q: it must wait for the handshake, and come after it", got)
	}
	return a, b
}

// wantReason checks why b does not take a packet.
func wantReason(t *testing.T, what string, b *Sealer, packet []byte, reason string) {
	t.Helper()
	payload, _, err := b.OpenPacket(bytes.Clone(packet), addrA, noon)
	if payload != nil || reasonOf(err) != reason {
		t.Errorf("%s: opened as %q, %v: want the reason %q", what, payload, err, reason)
	}
}

func TestSealedMessageArrivesOnceAndIsHiddenOnTheWay(t *testing.T) {
	a, b := acquainted(t, testKeys("x"), testKeys("x"))
	packet := a.SealPacket(addrB, []byte("who is alive?"), noon)
	if len(packet) != len("who is alive?")+a.Overhead() || a.Overhead() > 48 {
		t.Errorf("13 bytes become %d, with an overhead of %d: at most 48 is wanted", len(packet), a.Overhead())
	}
	if bytes.Contains(packet, []byte("alive")) || bytes.Contains(packet, []byte("prod")) {
		t.Errorf("the packet %q shows its message or the name of the cluster", packet)
	}
	payload, answers, err := b.OpenPacket(bytes.Clone(packet), addrA, noon)
	if string(payload) != "who is alive?" || len(answers) != 0 || err != nil {
		t.Errorf("it is opened as %q, %d answers, %v", payload, len(answers), err)
	}
	wantReason(t, "the same packet again", b, packet, "replay")
}

// R16.
func TestSealedPacketHasTheBytesOfTheGoldenFile(t *testing.T) {
	keys, err := keyring.Parse([]byte("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"))
	if err != nil {
		t.Fatal(err)
	}
	s := NewSealer("prod", keys, testBoot)
	got := s.seal(nil, ClassPacket, 0xfedcba98, []byte("hello"))
	if want := readGolden(t, "../../testdata/wire/sealed.golden"); !bytes.Equal(got, want) {
		t.Errorf("the sealed packet is\n%x, the golden file says\n%x: agents of the last release cannot read this", got, want)
	}
}

func TestHostile2ASealedPacketCutAnywhereOrWithAnyBitFlippedIsDropped(t *testing.T) {
	a, b := acquainted(t, testKeys("x"), testKeys("x"))
	packet := a.SealPacket(addrB, []byte("who is alive?"), noon)
	for n := range packet {
		if payload, _, err := b.OpenPacket(bytes.Clone(packet[:n]), addrA, noon); payload != nil || err == nil {
			t.Fatalf("the first %d of %d bytes open as %q", n, len(packet), payload)
		}
	}
	for bit := range len(packet) * 8 {
		bad := bytes.Clone(packet)
		bad[bit/8] ^= 1 << (bit % 8)
		if payload, answers, err := b.OpenPacket(bad, addrA, noon); payload != nil || err == nil || len(answers) > 0 {
			t.Fatalf("with bit %d of byte %d flipped it opens as %q, %v, and %d answers", bit%8, bit/8, payload, err, len(answers))
		}
	}
	if payload, _, err := b.OpenPacket(packet, addrA, noon); string(payload) != "who is alive?" || err != nil {
		t.Errorf("after all these forgeries the true packet is opened as %q, %v", payload, err)
	}
}

func TestHostile12WhatIsNotSealedForThisAgentNowIsDropped(t *testing.T) {
	a, b := acquainted(t, testKeys("x"), testKeys("x"))
	old := a.SealPacket(addrB, []byte("news"), noon)
	plain := NewEnvelope("prod", 1)
	elsewhere, there := acquainted(t, testKeys("x"), testKeys("x"))
	_ = there
	stranger, _ := acquainted(t, testKeys("s"), testKeys("s"))
	otherCluster := NewSealer("staging", testKeys("x"), NewBoot())
	otherCluster.contacts.at(addrB).boot = b.life.boot

	wantReason(t, "plaintext", b, plain.Seal(nil, ClassPacket, []byte("news")), "plain")
	wantReason(t, "a key that was never here", b, stranger.SealPacket(addrB, []byte("x"), noon), "key")
	wantReason(t, "the right key, another cluster", b, otherCluster.SealPacket(addrB, []byte("x"), noon), "seal")
	wantReason(t, "for another agent", b, elsewhere.SealPacket(addrB, []byte("x"), noon), "stale")
	wantReason(t, "a frame of a stream", b, plain.Seal(nil, ClassStream, nil), "class")
	wantReason(t, "nothing", b, nil, "short")
	wantReason(t, "noise", b, bytes.Repeat([]byte{0xa5}, 1400), "magic")

	claimed := a.SealPacket(addrB, []byte("news"), noon)
	copy(claimed[4:], NewSealer("prod", testKeys("y"), NewBoot()).SealPacket(addrB, nil, noon)[4:8])
	wantReason(t, "under the id of another key", b, claimed, "key")

	reborn := NewSealer("prod", testKeys("x"), NewBoot())
	wantReason(t, "from before the restart of its receiver", reborn, old, "stale")
	if payload, _, err := b.OpenPacket(old, addrA, noon); string(payload) != "news" {
		t.Errorf("the packet itself is good, or the table proves nothing: %q, %v", payload, err)
	}
}

func TestSealedPacketIsRefusedForTheFirstCheckThatItFails(t *testing.T) {
	a, b := acquainted(t, testKeys("x"), testKeys("x"))
	replayed := a.SealPacket(addrB, []byte("x"), noon)
	b.OpenPacket(bytes.Clone(replayed), addrA, noon)
	forged := bytes.Clone(replayed)
	forged[len(forged)-1] ^= 1
	unknown := bytes.Clone(forged)
	unknown[4] ^= 1
	wantReason(t, "an unknown key, and forged, and played back", b, unknown, "key")
	wantReason(t, "forged, and played back", b, forged, "seal")
	wantReason(t, "played back", b, replayed, "replay")
}

func TestHostile12ACounterThatIsUsedTwiceIsTakenOnce(t *testing.T) {
	a, b := acquainted(t, testKeys("x"), testKeys("x"))
	one := a.SealPacket(addrB, []byte("one"), noon)
	a.counter-- // what a broken sender would do
	two := a.SealPacket(addrB, []byte("two"), noon)
	if payload, _, err := b.OpenPacket(one, addrA, noon); string(payload) != "one" {
		t.Fatalf("the first is opened as %q, %v", payload, err)
	}
	wantReason(t, "another packet with the counter of the first", b, two, "replay")
}

func TestHostile12AMessageSealedWithARemovedKeyIsToldFromAStrangers(t *testing.T) {
	both := testKeys("xy")
	removed, err := both.Use(testID("y"))
	if err == nil {
		removed, err = removed.Remove(testID("x"), noon)
	}
	if err != nil {
		t.Fatal(err)
	}
	a, b := acquainted(t, both, both)
	b.SetKeys(removed)
	wantReason(t, "a member that missed the rotation", b, a.SealPacket(addrB, []byte("x"), noon), "retired")
	lines := b.Refusals()
	if len(lines) != 1 || lines[0].Reason != "retired" || lines[0].Key != KeyID(testID("x")) || lines[0].From != addrA {
		t.Errorf("the refusals are %+v: want one, of the retired key, at %s", lines, addrA)
	}
	if s := string(removed.File()); strings.Contains(s, strings.Fields(string(both.File()))[0]) || !strings.Contains(s, "retired "+testID("x").String()+" 2026-11-21") {
		t.Errorf("the key file after the removal must hold the id of the removed key, and not the key")
	}
}

func TestRestartedReceiverIsMetAgainWithinOnePacket(t *testing.T) {
	a, _ := acquainted(t, testKeys("x"), testKeys("x"))
	b := NewSealer("prod", testKeys("x"), NewBoot()) // in the place of the one that a met
	if got := carry(t, a, b, a.SealPacket(addrB, []byte("lost, and longer than an id"), noon)); len(got) != 1 || got[0] != "refused: stale" {
		t.Errorf("what was for the life before came as %q: want it refused", got)
	}
	if got := carry(t, a, b, a.SealPacket(addrB, []byte("heard"), noon)); len(got) != 1 || got[0] != "heard" {
		t.Errorf("the next message came as %q: the handshake must have told of the new life", got)
	}
}

func TestPlayingBackAllThatWasEverSentChangesNothing(t *testing.T) {
	a, b := acquainted(t, testKeys("x"), testKeys("x"))
	var tape [][]byte
	for range 50 {
		p := a.SealPacket(addrB, []byte("news"), noon)
		tape = append(tape, p)
		b.OpenPacket(bytes.Clone(p), addrA, noon)
	}
	tape = append(tape, a.Ask(addrB, noon))
	reborn := NewSealer("prod", testKeys("x"), NewBoot())
	reborn.Ask(addrA, noon)
	before := reborn.KeyUse(addrA)
	for _, at := range []*Sealer{b, reborn} {
		for _, p := range tape {
			if payload, _, _ := at.OpenPacket(bytes.Clone(p), addrA, noon); payload != nil {
				t.Fatalf("a packet that was played back was acted upon: %q", payload)
			}
		}
	}
	if after := reborn.KeyUse(addrA); after.Seals != before.Seals || !after.Heard.IsZero() || reborn.contacts.byAddress[addrA].boot != 0 {
		t.Errorf("packets that were played back tell a new life of somebody: %+v", after)
	}
	if len(reborn.peers.byBoot) != 0 {
		t.Errorf("%d senders are remembered for packets that were played back", len(reborn.peers.byBoot))
	}
}

func TestWhatWaitsForAHandshakeIsBounded(t *testing.T) {
	a := NewSealer("prod", testKeys("x"), NewBoot())
	var sent int
	for i := range 100 {
		if a.SealPacket(addrB, []byte{byte(i)}, noon) != nil {
			sent++
		}
	}
	if n := len(a.contacts.byAddress[addrB].waiting); sent != 1 || n != maxWaiting {
		t.Errorf("100 messages to a stranger made %d packets, and %d wait: want 1 and %d", sent, n, maxWaiting)
	}
	if a.SealPacket(addrB, nil, noon.Add(askAgain)) == nil {
		t.Error("a lost question is never asked again")
	}
	for i := range 3 * maxAsked {
		a.SealPacket(netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)}), 1), nil, noon)
	}
	if n := len(a.contacts.asked); n > maxAsked {
		t.Errorf("%d questions are remembered: want at most %d", n, maxAsked)
	}
}

func TestTheRightKeyInTwoClustersSealsDifferently(t *testing.T) {
	k := holdKeys(testKeys("x"))
	id := k.ids[0]
	one, two, three := k.packets(id, "prod", 1), k.packets(id, "staging", 1), k.packets(id, "prod", 2)
	nonce := make([]byte, 12)
	sealed := one.Seal(nil, nonce, []byte("same"), nil)
	if bytes.Equal(sealed, two.Seal(nil, nonce, []byte("same"), nil)) || bytes.Equal(sealed, three.Seal(nil, nonce, []byte("same"), nil)) {
		t.Error("two clusters or two lives share a key: a nonce would come twice under it")
	}
}

func TestSealingAndOpeningDoNotAllocate(t *testing.T) {
	a, b := acquainted(t, testKeys("x"), testKeys("x"))
	buf, payload := make([]byte, 0, 1500), make([]byte, 1400-Overhead)
	to := half(b.life.boot)
	allocs := testing.AllocsPerRun(200, func() {
		a.mu.Lock()
		packet := a.seal(buf, ClassPacket, to, payload)
		a.mu.Unlock()
		if _, _, err := b.OpenPacket(packet, addrA, noon); err != nil {
			t.Fatal(err)
		}
	})
	if allocs != 0 {
		t.Errorf("sealing and opening a packet costs %v allocations: want none", allocs)
	}
}

func BenchmarkSeal1400(b *testing.B) {
	s := NewSealer("prod", testKeys("x"), NewBoot())
	buf, payload := make([]byte, 0, 1400), make([]byte, 1400-Overhead)
	b.ReportAllocs()
	b.SetBytes(1400)
	for b.Loop() {
		s.mu.Lock()
		s.seal(buf, ClassPacket, 7, payload)
		s.mu.Unlock()
	}
}

func BenchmarkOpen1400(b *testing.B) {
	s, r := NewSealer("prod", testKeys("x"), NewBoot()), NewSealer("prod", testKeys("x"), NewBoot())
	payload := make([]byte, 1400-Overhead)
	packets := make([][]byte, 4096)
	b.ReportAllocs()
	b.SetBytes(1400)
	for n := 0; b.Loop(); n++ {
		if n%len(packets) == 0 {
			b.StopTimer()
			for i := range packets {
				packets[i] = s.seal(packets[i][:0], ClassPacket, half(r.life.boot), payload)
			}
			b.StartTimer()
		}
		if _, _, err := r.OpenPacket(packets[n%len(packets)], addrA, noon); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpenForged1400 is what a packet costs that begins right and is sealed by nobody.
func BenchmarkOpenForged1400(b *testing.B) {
	s, r := NewSealer("prod", testKeys("x"), NewBoot()), NewSealer("prod", testKeys("x"), NewBoot())
	packet := s.seal(nil, ClassPacket, half(r.life.boot), make([]byte, 1400-Overhead))
	packet[len(packet)-1] ^= 1
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := r.OpenPacket(packet, addrA, noon); err == nil {
			b.Fatal("a forged packet was opened")
		}
	}
}

func TestKeysOfBytesAreThoseOfAFile(t *testing.T) {
	one, other := bytes.Repeat([]byte("ab"), 16), bytes.Repeat([]byte("cd"), 16)
	file, err := keyring.New([][]byte{one, other}, nil)
	if err != nil {
		t.Fatal(err)
	}
	set, err := NewKeys(one, other)
	if err != nil || !slices.Equal(set.KeyIDs(), file.KeyIDs()) {
		t.Fatalf("keys as bytes have the ids %v, %v: want %v", set.KeyIDs(), err, file.KeyIDs())
	}
	for _, id := range set.KeyIDs() {
		a, errA := set.Derive(id, "x", 32)
		b, errB := file.Derive(id, "x", 32)
		if errA != nil || errB != nil || !bytes.Equal(a, b) {
			t.Errorf("from key %08x bytes derive %x, %v, and the file %x, %v", id, a, errA, b, errB)
		}
	}
	if _, err := NewKeys(one[1:]); err == nil {
		t.Error("a key of 31 bytes is taken")
	}
}
