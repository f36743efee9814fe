package node

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"heartsay/agent/seal"
	"heartsay/gossip/wire"
	"heartsay/membership"
)

// TestHostile10AMillionNamesOfABuggyPeerStopAtItsShare hands a million records of members that do not exist to an
// engine, in the messages of one peer, within a minute, and then the record of a real newcomer of another.
func TestHostile10AMillionNamesOfABuggyPeerStopAtItsShare(t *testing.T) {
	const phantoms, each = 1_000_000, 100
	cfg, _ := DefaultConfig("lan")
	cfg.Name, cfg.Advertise = "a", at(1)
	now := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	begin := uint64(now.UnixMilli())
	n := newNode(cfg, Parts{Seal: seal.NewEnvelope("heartsay", 7)}, now, "epoch")
	l, err := newLoop(n, now, uint64(now.UnixMilli()), rand.New(rand.NewPCG(1, 1)))
	if err != nil {
		t.Fatal(err)
	}
	e := l.engine
	header := wire.Header{From: "b", Incarnation: uint64(now.UnixMilli()), Heartbeat: 1, To: "a"}
	entry := func(name string) membership.Entry {
		return membership.Entry{Heartbeat: 1, Record: &membership.Record{
			Name: name, Incarnation: begin, Version: 1, Address: at(2), Interval: time.Second,
		}}
	}
	hand := func(from netip.AddrPort, m wire.Message) {
		if l.admits(from.Addr(), m, now) {
			e.Receive(now, from, m)
		}
	}
	hand(at(2), &wire.Delta{Header: header, Entries: []membership.Entry{entry("b")}})
	for i := 0; i < phantoms; i += each {
		d := &wire.Delta{Header: header}
		for j := range each {
			d.Entries = append(d.Entries, entry(fmt.Sprint("phantom-", i+j)))
		}
		hand(at(2), d)
		now = now.Add(time.Minute * each / phantoms)
	}
	const most = newNamesAtOnce + newNamesRate*60 + 2 // and the two real ones
	if n := len(e.Snapshot(now)); n > most || n < newNamesAtOnce {
		t.Errorf("a million names of one peer made %d members, want %d to %d", n, newNamesAtOnce, most)
	}
	if dropped := n.counts.drops["strangers"]; dropped < phantoms-most {
		t.Errorf("%d names were counted as too many, want at least %d", dropped, phantoms-most)
	}
	other := netip.MustParseAddrPort("10.0.0.3:4327")
	hand(other, &wire.Ping{Header: wire.Header{From: "c", Incarnation: begin, Heartbeat: 1},
		News: []membership.Entry{entry("c")}})
	if !e.Knows("b") || !e.Knows("c") {
		t.Errorf("b is known: %v, and a newcomer of another host: %v: want both", e.Knows("b"), e.Knows("c"))
	}
	if n := l.newNames.Len(); n != 2 {
		t.Errorf("%d sources are remembered, want 2", n)
	}
	for i := range 3 * maxSources {
		l.admitsName(netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)}), "one-more", now)
	}
	if n := l.newNames.Len(); n > maxSources {
		t.Errorf("%d sources are remembered, want at most %d", n, maxSources)
	}
}
