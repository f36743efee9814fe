package seal

import (
	"bytes"
	"math"
	"testing"
	"time"
)

func TestReplayWindowTakesEachCounterOnceInAnyOrder(t *testing.T) {
	var w window
	for _, c := range []struct {
		counter uint64
		want    bool
		why     string
	}{
		{0, false, "counters begin with 1"},
		{1, true, "the first"},
		{1, false, "the first again"},
		{5, true, "some were lost"},
		{3, true, "it was overtaken"},
		{3, false, "it was overtaken, and comes again"},
		{windowSize + 5, true, "the window moves on"},
		{5, false, "it is out of the window"},
		{6, true, "the last in the window"},
		{6, false, "the last in the window again"},
		{10 * windowSize, true, "a leap beyond the window"},
		{windowSize + 5, false, "long gone"},
		{9*windowSize + 1, true, "the last in the new window"},
		{1 << 63, true, "a leap over half of the range"},
		{7, false, "as old as can be: no overflow makes it new"},
	} {
		if got := w.take(c.counter); got != c.want {
			t.Errorf("counter %d is taken: %v, want %v: %s", c.counter, got, c.want, c.why)
		}
	}
}

func TestTheSendersThatAreRememberedAreBounded(t *testing.T) {
	var p peers
	for boot := uint64(1); boot <= maxPeers; boot++ {
		if err := p.accept(&peer{boot: boot}, 1, noon); err != nil {
			t.Fatal(err)
		}
	}
	p.accept(&peer{boot: 1}, 2, noon) // heard of again
	p.accept(&peer{boot: maxPeers + 1}, 1, noon)
	if len(p.byBoot) != maxPeers || p.recent.Len() != maxPeers {
		t.Errorf("%d senders are remembered, want at most %d", len(p.byBoot), maxPeers)
	}
	if p.find(1) == nil || p.find(2) != nil {
		t.Error("the one to be forgotten is the one not heard of for longest")
	}
}

func TestHostile16CountersNearTheEndOfTheirRangeAreRefused(t *testing.T) {
	const last = counterEnd - 1 // that is taken
	for _, c := range []struct {
		newest, counter uint64
		want            bool
		why             string
	}{
		{0, last, true, "the last one, before any other"},
		{last - 1, last, true, "the last one in its turn"},
		{last, last, false, "the last one again"},
		{last, last + 1, false, "the first one that is refused"},
		{last, math.MaxUint64 - 1, false, "the highest but one"},
		{last, math.MaxUint64, false, "the highest"},
		{0, math.MaxUint64, false, "the highest, before any other"},
		{last, last - windowSize + 1, true, "the oldest in the window"},
		{last, last - windowSize, false, "older than the window"},
	} {
		var w window
		if c.newest > 0 && !w.take(c.newest) {
			t.Fatalf("counter %d is not taken", c.newest)
		}
		if got := w.take(c.counter); got != c.want {
			t.Errorf("after %d counter %d is taken: %v, want %v: %s", c.newest, c.counter, got, c.want, c.why)
		}
	}
}

// forged returns a packet from the life of one sealer to another, as a holder of the key can make it, with any counter.
func forged(from, to *Sealer, counter uint64) []byte {
	from.mu.Lock()
	defer from.mu.Unlock()
	return from.sealAs(nil, ClassPacket, from.life.boot, half(to.life.boot), counter, from.out, from.keys.ids[0], []byte("x"))
}

func TestHostile16TwoPacketsAtTheEndOfTheCountersDoNotHangAnAgent(t *testing.T) {
	a, b := acquainted(t, testKeys("x"), testKeys("x"))
	done := make(chan struct{})
	go func() {
		defer close(done)
		wantReason(t, "the highest counter but one", b, forged(a, b, math.MaxUint64-1), "leap")
		wantReason(t, "the highest counter", b, forged(a, b, math.MaxUint64), "leap")
	}()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("the sealer does not come back")
	}
	if got := carry(t, a, b, a.SealPacket(addrB, []byte("again"), noon)); len(got) != 1 || got[0] != "again" {
		t.Errorf("the sender whose counters were forged is heard as %q", got)
	}
}

// TestHostile16NobodyIsMutedByOneCounterThatLeaps forges counters of a member. What it sends itself must still be heard,
// also after a silence, and after a night in which this host slept.
func TestHostile16NobodyIsMutedByOneCounterThatLeaps(t *testing.T) {
	for _, c := range []struct {
		what    string
		ahead   uint64
		later   time.Duration
		refused bool
	}{
		{"half of the range", 1 << 63, 0, true},
		{"half of the range, after a year", 1 << 63, 365 * 24 * time.Hour, true},
		{"more than may be missed", counterLeap + 1, 0, true},
		{"as much as may be missed", counterLeap, 0, false},
		{"more than a second brings", counterLeap + counterRate + 1, time.Second, true},
		{"as much as a second brings", counterLeap + counterRate, time.Second, false},
		{"a night at a thousand a second", 8 * 3600 * 1000, 8 * time.Hour, false},
		{"a clock that goes back", counterLeap, -time.Hour, false},
	} {
		a, b := acquainted(t, testKeys("x"), testKeys("x"))
		newest := a.counter
		_, _, err := b.OpenPacket(forged(a, b, newest+c.ahead), addrA, noon.Add(c.later))
		if got := reasonOf(err) == "leap"; got != c.refused {
			t.Errorf("%s: refused: %v (%v), want %v", c.what, got, err, c.refused)
		}
		if !c.refused {
			continue
		}
		if payload, _, err := b.OpenPacket(forged(a, b, newest+1), addrA, noon.Add(c.later)); string(payload) != "x" {
			t.Errorf("%s: the next packet of the sender itself is refused: %v", c.what, err)
		}
	}
}

// TestKeyHolderMutesThePacketsOfAMemberUntilItHasSentAsMany shows what is left to a holder of the key: the bound of a leap.
func TestKeyHolderMutesThePacketsOfAMemberUntilItHasSentAsMany(t *testing.T) {
	a, b := acquainted(t, testKeys("x"), testKeys("x"))
	if payload, _, err := b.OpenPacket(forged(a, b, a.counter+counterLeap), addrA, noon); string(payload) != "x" {
		t.Fatalf("the forged packet is refused: %v", err)
	}
	wantReason(t, "the next packet of the member itself", b, a.SealPacket(addrB, []byte("muted"), noon), "replay")
	a.counter += counterLeap
	if got := carry(t, a, b, a.SealPacket(addrB, []byte("again"), noon)); len(got) != 1 || got[0] != "again" {
		t.Errorf("after %d more it is heard as %q", counterLeap, got)
	}
}

// TestKeyHolderReadsRecordedTraffic: there is no forward secrecy. A packet names its sender's boot id in the clear, and with the
// key that is enough.
func TestKeyHolderReadsRecordedTraffic(t *testing.T) {
	a, b := acquainted(t, testKeys("x"), testKeys("x"))
	recorded := a.SealPacket(addrB, []byte("a secret tag"), noon)
	later := NewSealer(a.cluster, testKeys("x"), b.life.boot)
	if payload, _, err := later.OpenPacket(recorded, addrA, noon.Add(365*24*time.Hour)); string(payload) != "a secret tag" {
		t.Errorf("a year later it opens to %q: %v", payload, err)
	}
}

func TestHostile16AStrangersFirstCounterIsBounded(t *testing.T) {
	a, b := acquainted(t, testKeys("x"), testKeys("x"))
	b.peers = peers{}
	wantReason(t, "a counter that no sender reaches", b, forged(a, b, firstCounter+1), "leap")
	if len(b.peers.byBoot) > 0 {
		t.Error("a sender is remembered whose counter cannot be")
	}
	if payload, _, err := b.OpenPacket(forged(a, b, firstCounter), addrA, noon); string(payload) != "x" {
		t.Errorf("a sender of long ago: %v", err)
	}
}

// TestPassedGoesByTheClockThatSaysMore: monotonic clocks stand still while a host sleeps, and wall clocks are set back.
func TestPassedGoesByTheClockThatSaysMore(t *testing.T) {
	now := time.Now()
	if got := passed(now, now.Add(time.Minute)); got != time.Minute {
		t.Errorf("a minute took %s", got)
	}
	if got := passed(now.Round(0).Add(-time.Hour), now); got < time.Hour {
		t.Errorf("an hour of the wall clock took %s", got)
	}
}

// FuzzWindow takes two counters of one sender one after the other, as far apart as can be.
func FuzzWindow(f *testing.F) {
	f.Add(uint64(0), uint64(0))
	f.Add(uint64(1), uint64(windowSize+1))
	f.Add(uint64(math.MaxUint64-1), uint64(math.MaxUint64))
	f.Add(uint64(counterEnd-1), uint64(counterEnd))
	f.Add(uint64(counterEnd-1), uint64(counterEnd-1-windowSize))
	f.Fuzz(func(t *testing.T, newest, counter uint64) {
		var w window
		valid := func(c uint64) bool { return c > 0 && c < counterEnd }
		if w.take(newest) != valid(newest) {
			t.Fatalf("the first counter, %d, is taken: %v", newest, !valid(newest))
		}
		had := w.newest
		want := valid(counter) && counter != newest && (counter > had || had-counter < windowSize)
		if got := w.take(counter); got != want {
			t.Fatalf("after %d counter %d is taken: %v, want %v", newest, counter, got, want)
		}
		if w.take(counter) || w.take(newest) {
			t.Fatalf("%d or %d is taken twice", newest, counter)
		}
		if w.newest != max(had, counter) && w.newest != had {
			t.Fatalf("the newest of %d and %d is %d", newest, counter, w.newest)
		}
	})
}

// FuzzSealedPackets gives an agent packets that a holder of the key made of what the fuzzer writes: window and handshake
// see them. Each byte string is a packet: class, life that it is meant for, counter and payload.
func FuzzSealedPackets(f *testing.F) {
	f.Add(uint8(1), uint8(0), uint64(1), []byte("hello"), uint8(1), uint8(0), uint64(2), []byte("again"))
	f.Add(uint8(3), uint8(1), uint64(1), []byte{}, uint8(3), uint8(0), uint64(1), append(make([]byte, 8), 1, 2, 3, 4))
	f.Add(uint8(3), uint8(0), uint64(math.MaxUint64), append(bytes.Repeat([]byte{255}, 8), 1, 2, 3, 4),
		uint8(1), uint8(2), uint64(math.MaxUint64-1), []byte{})
	f.Add(uint8(1), uint8(0), uint64(1), []byte{}, uint8(1), uint8(0), uint64(1<<63), []byte("leap"))
	attacker := NewSealer("prod", testKeys("x"), NewBoot())
	f.Fuzz(func(t *testing.T, class1, life1 uint8, counter1 uint64, payload1 []byte,
		class2, life2 uint8, counter2 uint64, payload2 []byte) {
		receiver := NewSealer("prod", testKeys("x"), NewBoot())
		receiver.SealPacket(addrA, []byte("waits"), noon) // it asks, under counter 1
		seen := map[uint64]bool{}
		for i, p := range []struct {
			class   Class
			life    uint8
			counter uint64
			payload []byte
		}{{Class(class1), life1, counter1, payload1}, {Class(class2), life2, counter2, payload2}} {
			to := []uint32{half(receiver.life.boot), 0, 7}[p.life%3]
			b := attacker.sealAs(nil, p.class, attacker.life.boot, to, p.counter, attacker.out, attacker.keys.ids[0], p.payload)
			payload, answers, err := receiver.OpenPacket(b, addrA, noon)
			taken := err == nil && to == half(receiver.life.boot)
			switch {
			case taken && (seen[p.counter] || p.counter == 0 || p.counter >= counterEnd):
				t.Fatalf("packet %d: counter %d is taken", i, p.counter)
			case payload != nil && (p.class != ClassPacket || !taken || !bytes.Equal(payload, p.payload)):
				t.Fatalf("packet %d of class %d opens as %q, and %q was sealed", i, p.class, payload, p.payload)
			case err != nil && (reasonOf(err) == "none" || payload != nil):
				t.Fatalf("error %v has no reason, or the payload %q came with it", err, payload)
			}
			for _, a := range answers {
				if a.To != addrA || len(a.Bytes) > len(b) && !taken {
					t.Fatalf("packet %d of %d bytes is answered by %d bytes to %s", i, len(b), len(a.Bytes), a.To)
				}
			}
			if taken {
				seen[p.counter] = true
			}
		}
		if n := len(receiver.peers.byBoot); n > 1 {
			t.Fatalf("%d senders are remembered, and there is one", n)
		}
	})
}

// FuzzSealedStream writes on a stream what a holder of the key seals there.
func FuzzSealedStream(f *testing.F) {
	f.Add([]byte("hello"), uint64(1), uint8(2), []byte("again"), uint64(2))
	f.Add([]byte{}, uint64(0), uint8(1), []byte("x"), uint64(math.MaxUint64))
	f.Fuzz(func(t *testing.T, first []byte, counter1 uint64, class uint8, second []byte, counter2 uint64) {
		a, b := NewSealer("prod", testKeys("x"), NewBoot()), NewSealer("prod", testKeys("x"), NewBoot())
		ownA, _ := a.opening()
		ownB, _ := b.opening()
		dialed, err := a.newStream(ownA, ownB, true)
		if err != nil {
			t.Fatal(err)
		}
		accepted, err := b.newStream(ownB, ownA, false)
		if err != nil {
			t.Fatal(err)
		}
		s := dialed.(*sealedStream)
		next := uint64(1)
		for _, frame := range []struct {
			class   Class
			payload []byte
			counter uint64
		}{{ClassStream, first, counter1}, {Class(class), second, counter2}} {
			b := a.sealAs(nil, frame.class, s.outBoot, half(s.inBoot), frame.counter, s.out, s.outKey, frame.payload)
			payload, err := accepted.Open(b, ClassStream)
			want := frame.class == ClassStream && frame.counter == next
			if (err == nil) != want || err == nil && !bytes.Equal(payload, frame.payload) {
				t.Fatalf("class %d, counter %d after %d frames opens as %q, %v", frame.class, frame.counter, next-1, payload, err)
			}
			if want {
				next++
			}
		}
	})
}
