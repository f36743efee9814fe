package node

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"heartsay/agent/seal"
	"heartsay/gossip/wire"
	"heartsay/membership"
)

// idleLoop returns the loop of a node that does not run, for a test that calls it by hand.
func idleLoop(t testing.TB, now time.Time) *loop {
	t.Helper()
	cfg, err := DefaultConfig("lan")
	if err != nil {
		t.Fatal(err)
	}
	cfg.Name, cfg.Advertise = "a", at(1)
	n := newNode(cfg, Parts{Seal: seal.NewEnvelope("heartsay", 7), Log: hclog.NewNullLogger()}, now, "epoch")
	l, err := newLoop(n, now, uint64(now.UnixMilli()), rand.New(rand.NewPCG(1, 1)))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestHostile10AMillionNamesOfABuggyPeerStopAtItsShare hands a million records of members that do not exist to an
// engine, in the messages of one peer, within a minute, and then the record of a real newcomer of another.
func TestHostile10AMillionNamesOfABuggyPeerStopAtItsShare(t *testing.T) {
	const phantoms, each = 1_000_000, 100
	now := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	begin := uint64(now.UnixMilli())
	l := idleLoop(t, now)
	n := l.node
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
	n.proven.seen(at(2).Addr(), now)
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
	if n := l.newNames.proven.Len(); n != 1 {
		t.Errorf("%d sources are remembered, want the one that is proven", n)
	}
	for i := range 3 * maxSources {
		l.newNames.take(netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)}), true, now)
	}
	if n := l.newNames.proven.Len(); n > maxSources {
		t.Errorf("%d sources are remembered, want at most %d", n, maxSources)
	}
}

// flood hands over 684 packets with 24 invented members each, of so many bytes of tags, as if they came from four addresses
// within four seconds.
func flood(l *loop, now time.Time, tags int) {
	for i := range 684 {
		at := now.Add(time.Duration(i) * 4 * time.Second / 684)
		d := &wire.Delta{Header: wire.Header{From: "b", Incarnation: uint64(now.UnixMilli()), Heartbeat: 1, To: "a"}}
		for j := range 24 {
			r := &membership.Record{
				Name: fmt.Sprintf("invented-%d-%d", i, j), Incarnation: uint64(now.UnixMilli()), Version: 1, Interval: time.Second,
				Address: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 9, byte(i), byte(j)}), 4327),
			}
			if tags > 0 {
				r.Tags = membership.Tags{{Key: "t", Value: strings.Repeat("x", tags-1)}}
			}
			d.Entries = append(d.Entries, membership.Entry{Heartbeat: 1, Record: r})
		}
		from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 1, byte(i % 4)}), 4327)
		if l.admits(from.Addr(), d, at) {
			l.apply(l.engine.Receive(at, from, d), reply{})
		}
	}
}

// TestHostile17ForgedSourcesShareOneNarrowBound replays a flood that listed 16,385 members, after which a newcomer was refused
// until the first of them were dead.
func TestHostile17ForgedSourcesShareOneNarrowBound(t *testing.T) {
	now := time.Now()
	l := idleLoop(t, now.Add(-4*time.Second))
	flood(l, now.Add(-4*time.Second), 0)
	if n := len(l.engine.Snapshot(now)); n > unprovenNamesAtOnce+2 || n < unprovenNamesAtOnce/2 {
		t.Errorf("four forged sources list %d members, want no more than the %d that those who have not proven themselves have together",
			n, unprovenNamesAtOnce)
	}
	if got := l.node.counts.drops["strangers"]; got < 684*24-unprovenNamesAtOnce-1 {
		t.Errorf("%d names were counted as too many, want all others of 16,416", got)
	}
	newcomer := netip.MustParseAddrPort("10.0.0.3:4327")
	tell := func() wire.Message {
		return &wire.Delta{Header: wire.Header{From: "c", Incarnation: uint64(now.UnixMilli()), Heartbeat: 1}, Entries: []membership.Entry{{
			Heartbeat: 1, Record: &membership.Record{
				Name: "c", Incarnation: uint64(now.UnixMilli()), Version: 1, Interval: time.Second, Address: newcomer}}}}
	}
	l.take(arrival{from: newcomer, at: now, message: tell(), size: 200}, now)
	if l.engine.Knows("c") || len(l.node.outbox) == 0 {
		t.Errorf("a newcomer that has not proven itself is known: %v; packets to it: %d, want a ping that asks for the proof",
			l.engine.Knows("c"), len(l.node.outbox))
	}
	for len(l.node.outbox) > 1 {
		<-l.node.outbox
	}
	ping := <-l.node.outbox
	payload, _, err := seal.NewEnvelope("heartsay", 7).OpenPacket(ping.Bytes, at(1), time.Now())
	if err != nil || ping.To != newcomer {
		t.Fatalf("what goes to %s does not open: %v", ping.To, err)
	}
	m, err := wire.NewCodec().Decode(payload)
	if err != nil {
		t.Fatal(err)
	}
	pong := &wire.Pong{Header: wire.Header{From: "c", Incarnation: uint64(now.UnixMilli()), Heartbeat: 1}, Nonce: m.(*wire.Ping).Nonce}
	l.take(arrival{from: newcomer, at: now, message: pong, size: 60}, now)
	l.take(arrival{from: newcomer, at: now, message: tell(), size: 200}, now)
	if !l.engine.Knows("c") {
		t.Error("a newcomer that has returned the nonce is not known")
	}
}

// Many addresses that are their owner's have a bound together, too.
func TestHostile17NamesOfAllSourcesAreBoundedTogether(t *testing.T) {
	now := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	names := newNewNames(now)
	taken := 0
	for i := range 100_000 {
		if names.take(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), true, now.Add(time.Duration(i)*time.Microsecond)) {
			taken++
		}
	}
	if most := allNamesAtOnce + allNamesRate; taken > most || taken < allNamesAtOnce {
		t.Errorf("256 sources bring %d names within a tenth of a second, want %d to %d", taken, allNamesAtOnce, most)
	}
}

// TestHostile17WhatALinkBringsIsCounted: a stream in place of packets has no narrower way around the bound.
func TestHostile17WhatALinkBringsIsCounted(t *testing.T) {
	virtually(t, func(c *cluster) {
		a := c.start("a", 1)
		peer := c.net.listen(at(9))
		defer peer.Close()
		s, err := peer.Dial(context.Background(), at(1))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		frames, err := seal.NewEnvelope("heartsay", 7).OpenStream(s, true, time.Now().Add(time.Second))
		if err != nil {
			t.Fatal(err)
		}
		codec, begin := wire.NewCodec(), uint64(time.Now().UnixMilli())
		go io.Copy(io.Discard, s)
		for i := range 100 {
			d := &wire.Delta{Header: wire.Header{From: "b", Incarnation: begin, Heartbeat: 1, To: "a"}}
			for j := range 100 {
				d.Entries = append(d.Entries, membership.Entry{Heartbeat: 1, Record: &membership.Record{
					Name: fmt.Sprintf("invented-%d-%d", i, j), Incarnation: begin, Version: 1, Interval: time.Second, Address: at(200)}})
			}
			payload, err := codec.Encode(d)
			if err != nil {
				t.Fatal(err)
			}
			if err := seal.WriteFrame(s, frames, payload); err != nil {
				break // closed
			}
		}
		time.Sleep(100 * time.Millisecond)
		if n := len(a.Newest().Views); n > newNamesAtOnce+20 {
			t.Errorf("10,000 names on a stream in place of packets list %d members, want %d at most", n, newNamesAtOnce+20)
		}
		if a.Counts().Drops["strangers"] == 0 {
			t.Error("names that are too many are not counted")
		}
	})
}

// BenchmarkForgedNames tells the memory that a node has after a flood of records at their largest, from addresses that are forged
// and from one that is the sender's.
func BenchmarkForgedNames(b *testing.B) {
	for name, proven := range map[string]bool{"forged": false, "own": true} {
		b.Run(name, func(b *testing.B) {
			for range b.N {
				now := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
				l := idleLoop(b, now)
				for i := range 4 {
					if proven {
						l.node.proven.seen(netip.AddrFrom4([4]byte{10, 0, 1, byte(i)}), now)
					}
				}
				flood(l, now, membership.MaxTagsSize)
				runtime.GC()
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				b.ReportMetric(float64(m.HeapAlloc)/(1<<20), "MiB")
				b.ReportMetric(float64(l.engine.Others()), "members")
				runtime.KeepAlive(l)
			}
		})
	}
}
