package seal

import (
	"net/netip"
	"slices"
	"testing"
	"time"
)

// TestHostile19ARecordedHelloIsAnsweredByNoMoreBytesAndNotForEver plays the question of a member back, from forged
// addresses, to an agent that holds as many keys as one may.
func TestHostile19ARecordedHelloIsAnsweredByNoMoreBytesAndNotForEver(t *testing.T) {
	asker := NewSealer("prod", testKeys("a"), NewBoot())
	b := NewSealer("prod", testKeys("abcdefgh"), NewBoot())
	recorded := asker.Ask(addrB, noon)
	short := asker.hello(0, 0, helloSize(1)) // as former versions ask
	message := asker.seal(nil, ClassPacket, 7, nil)
	play := func(packet []byte, from netip.AddrPort, now time.Time) (answered int) {
		_, answers, err := b.OpenPacket(slices.Clone(packet), from, now)
		for _, a := range answers {
			if answered++; len(a.Bytes) > len(packet) || a.To != from || !a.Hello {
				t.Errorf("%d bytes are answered by %d to %s", len(packet), len(a.Bytes), a.To)
			}
		}
		if reason := reasonOf(err); answered == 0 && reason != "hellos" && reason != "stale" {
			t.Errorf("a hello that is not answered is refused as %q", reason)
		}
		return answered
	}
	if play(recorded, addrA, noon) != 1 || play(short, addrA, noon) != 1 || play(message, addrA, noon) != 0 {
		t.Error("a hello is answered, and what is shorter than an answer is not")
	}
	sum := 0
	for i := range 1000 {
		sum += play(recorded, addrA, noon.Add(time.Duration(i)*time.Millisecond))
	}
	if most := answersBurst + answersRate; sum > most || sum < answersRate {
		t.Errorf("one address is answered %d times in a second, want at most %d", sum, most)
	}
	sum = 0
	for i := range 20000 {
		sum += play(recorded, netip.AddrPortFrom(addrA.Addr(), uint16(i)), noon.Add(time.Minute))
	}
	if sum > hostBurst {
		t.Errorf("one host is answered %d times at once, want at most %d", sum, hostBurst)
	}
	if play(recorded, netip.MustParseAddrPort("10.9.9.9:1"), noon.Add(time.Minute)) != 1 {
		t.Error("another host is not answered")
	}
}

// TestHelloTellsAllKeysToWhoAsks also when the asker has fewer.
func TestHelloTellsAllKeysToWhoAsks(t *testing.T) {
	a, b := NewSealer("prod", testKeys("a"), NewBoot()), NewSealer("prod", testKeys("abcdefgh"), NewBoot())
	carry(t, a, b, a.Ask(addrB, noon))
	if got := len(a.KeyUse(addrB).Holds); got != maxHeld {
		t.Errorf("a learns of %d keys of b, want %d", got, maxHeld)
	}
	if got := len(b.KeyUse(addrA).Holds); got != 0 {
		t.Errorf("b learns of %d keys from a question, want 0", got)
	}
}
