package node

import (
	"net/netip"
	"testing"
	"time"
)

func TestProvenIsWhoReturnsTheNonceOfItsAddressInTime(t *testing.T) {
	now := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		what string
		from netip.AddrPort
		flip uint64
		late time.Duration
		want bool
	}{
		{"the same address", at(2), 0, time.Second, true},
		{"in IPv6 writing", netip.AddrPortFrom(netip.AddrFrom16(at(2).Addr().As16()), at(2).Port()), 0, time.Second, true},
		{"another host", at(3), 0, time.Second, false},
		{"another port", netip.AddrPortFrom(at(2).Addr(), 9), 0, time.Second, false},
		{"another nonce", at(2), 1, time.Second, false},
		{"too late", at(2), 0, 2 * nonceValid, false},
	} {
		p := newProven()
		nonce := p.nonce(at(2), now)
		if got := p.returned(c.from, nonce^c.flip, now.Add(c.late)); got != c.want {
			t.Errorf("%s: it is a proof: %v, want %v", c.what, got, c.want)
		}
		if got := p.has(c.from.Addr(), now.Add(c.late)); got != c.want {
			t.Errorf("%s: it is proven: %v, want %v", c.what, got, c.want)
		}
	}
	if one, other := newProven(), newProven(); one.nonce(at(2), now) == other.nonce(at(2), now) {
		t.Error("two nodes send the same nonce: it can be guessed")
	}
}

func TestProvenAddressesAreBoundedAndAge(t *testing.T) {
	now := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	p := newProven()
	for i := range 2 * maxProven {
		p.seen(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), now)
	}
	last := netip.AddrFrom4([4]byte{10, byte((2*maxProven - 1) >> 16), 0x7f, 0xff})
	if len(p.until) != maxProven || !p.has(last, now) {
		t.Errorf("%d addresses are proven, the last one: %v; want %d and true", len(p.until), p.has(last, now), maxProven)
	}
	if p.has(last, now.Add(provenFor)) {
		t.Error("a proof counts for ever")
	}
}
