package gossip_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"heartsay/gossip"
	"heartsay/membership"
	"heartsay/sim"
)

var wire = gossip.NewCodec()

// mustFit fails when a packet is larger than it may be.
func (c *cluster) mustFit(at time.Duration, from, _ netip.AddrPort, m gossip.Message, _ bool) {
	switch m.(type) {
	case *gossip.Sync, *gossip.Refused:
		return // on a stream
	}
	b, err := wire.Encode(m)
	if err != nil {
		c.t.Errorf("%s: %s sends a %T that cannot be encoded: %v", at, from, m, err)
	}
	if most := gossip.DefaultConfig().MaxPayload; len(b) > most {
		c.t.Errorf("%s: %s sends a %T of %d bytes, want at most %d", at, from, m, len(b), most)
	}
}

// bulky returns the record of the i-th member of a cluster whose names and tags are as long as they may be.
func bulky(i int, rng *rand.Rand) membership.Record {
	name := fmt.Sprintf("%03d-%s", i, strings.Repeat("n", rng.IntN(membership.MaxNameLength-3)))
	tags := membership.Tags{{Key: "k", Value: strings.Repeat("v", rng.IntN(300))}}
	if i%10 == 0 {
		tags[0].Value = strings.Repeat("v", 1000+rng.IntN(membership.MaxTagsSize-1000))
	}
	return membership.Record{
		Name: name, Address: sim.Address(i + 1), Interval: interval, Tags: tags,
		Zone: strings.Repeat("z", rng.IntN(membership.MaxZoneLength)), Build: strings.Repeat("b", rng.IntN(membership.MaxBuildLength)),
	}
}

func TestR17NoPacketIsTooLarge(t *testing.T) {
	const n, seed = 300, 17
	c := newCluster(t, seed)
	c.OnMessage = c.mustFit
	rng := rand.New(rand.NewPCG(seed, 2))
	records := make([]membership.Record, n)
	start := func(i int) {
		r := records[i]
		r.Incarnation = uint64(c.Clock().UnixMilli())
		if err := c.StartRecord(r, sim.Address(1), sim.Address(2)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range records {
		records[i] = bulky(i, rng)
		c.After(time.Duration(i)*10*time.Millisecond, func() { start(i) })
	}
	c.Run(5 * time.Second)
	for range 20 { // churn
		i := 2 + rng.IntN(n-2)
		switch m := c.Member(records[i].Name); {
		case m.Engine == nil:
			start(i)
		case rng.IntN(3) == 0:
			c.Crash(m.Name)
		case rng.IntN(2) == 0:
			c.Leave(m.Name)
		default:
			if err := c.SetTags(m.Name, membership.Tags{{Key: "k", Value: strings.Repeat("w", rng.IntN(4000))}}); err != nil {
				t.Fatal(err)
			}
		}
		c.Run(interval / 2)
	}
}

// Every name of a large view is told of in turn: none is starved.
func TestR17TheDigestRotatesThroughAll(t *testing.T) {
	const n = 150
	c := newCluster(t, 17)
	c.boot(n)
	last := map[string]int{}
	for i := range n {
		last[sim.Name(i)] = 0
	}
	round, ranges := 0, map[string]bool{}
	c.OnMessage = func(_ time.Duration, from, to netip.AddrPort, m gossip.Message, _ bool) {
		d, ok := m.(*gossip.Digest)
		if !ok || from != sim.Address(1) || d.To == "" {
			return
		}
		round++
		ranges[d.After+":"+d.Last] = true
		for i, row := range d.Rows {
			if row.Name <= d.After || d.Last != "" && row.Name > d.Last || i > 0 && row.Name <= d.Rows[i-1].Name {
				t.Fatalf("the digest from %q to %q lists %q: out of its range, or out of order", d.After, d.Last, row.Name)
			}
			last[row.Name] = round
		}
	}
	const turns = 5 // 150 rows of about 30 bytes in packets of 1200
	for range 8 * turns {
		c.Run(interval)
		for name, when := range last {
			if round-when > 2*turns {
				t.Fatalf("in its digest %d, %s was last listed in digest %d: more than two turns ago", round, name, when)
			}
		}
	}
	if len(ranges) < 3 {
		t.Errorf("150 members were told in %d ranges: the test is void", len(ranges))
	}
	c.mustAccuseNobody()
}

func TestR17ASmallViewIsSentWhole(t *testing.T) {
	c := newCluster(t, 17)
	c.boot(20)
	c.OnMessage = func(_ time.Duration, _, _ netip.AddrPort, m gossip.Message, _ bool) {
		if d, ok := m.(*gossip.Digest); ok && (d.After != "" || d.Last != "" || len(d.Rows) != 20) {
			t.Errorf("a digest of 20 members lists %d, from %q to %q: want them all", len(d.Rows), d.After, d.Last)
		}
	}
	c.Run(5 * time.Second)
}

func TestR17ARecordLargerThanAPacketTravelsByStream(t *testing.T) {
	c := newCluster(t, 17)
	c.OnMessage = c.mustFit
	c.start("a", "b", "c", "d", "e")
	c.Run(5 * time.Second)
	big := strings.Repeat("v", 4000)
	if err := c.SetTags("c", membership.Tags{{Key: "k", Value: big}}); err != nil {
		t.Fatal(err)
	}
	began := c.Now()
	all := func() bool {
		for _, m := range c.Running() {
			if v, _ := c.view(m.Name, "c"); v.Record.Tags.Map()["k"] != big {
				return false
			}
		}
		return true
	}
	if !c.RunUntil(10*time.Second, interval, all) {
		t.Error("10 s after its change a record of 4 KiB is not known to all")
	}
	t.Logf("a record of 4 KiB is known to 5 after %s", c.Now()-began)
}

// What does not fit is announced or counted, and comes later: nothing is cut in silence.
func TestR17WhatDoesNotFitAReplyIsAnnounced(t *testing.T) {
	a := newLone(t, "a", gossip.DefaultConfig())
	var known []membership.Entry
	for i := range 200 {
		known = append(known, entryOf("b", 2, func(r *membership.Record) { r.Name, r.Address = sim.Name(i), sim.Address(100+i) }))
	}
	for i := 0; i < len(known); i += 20 {
		a.tell("x", known[i:i+20]...)
	}
	_, replies := sent[*gossip.Delta](a.hear("b", &gossip.Digest{Header: header("b", 1)}))
	if len(replies) == 0 || !replies[0].More || len(replies[0].Records) == 0 {
		t.Fatalf("a peer that knows nobody gets %+v, want some of 200 records and word that there are more", replies)
	}
	if out := a.hear("b", &gossip.Delta{Header: header("b", 1), More: true}); len(out.Syncs) != 1 || out.Syncs[0] != address("b") {
		t.Errorf("word that there is more leads to syncs with %v, want one with the peer", out.Syncs)
	}
	if out := a.hear("b", &gossip.Delta{Header: header("b", 1), More: true}); len(out.Syncs) != 0 {
		t.Error("word that there is more, again at once, leads to another sync, want it to wait")
	}

	rows := make([]gossip.Row, len(known))
	for i, e := range known {
		rows[i] = gossip.Row{Name: e.Record.Name, Incarnation: e.Record.Incarnation, Version: 1, Heartbeat: 1}
	}
	told := map[string]bool{}
	for range 20 {
		_, replies := sent[*gossip.Delta](a.hear("b", &gossip.Digest{Header: header("b", 1), Rows: rows}))
		for _, row := range replies[0].Rows {
			told[row.Name] = true
		}
	}
	if len(told) != len(known) || a.Drops()[gossip.DeferredRows] == 0 {
		t.Errorf("20 replies tell %d of 200 heartbeats, and %d are counted as deferred: want all told in turn, and some counted",
			len(told), a.Drops()[gossip.DeferredRows])
	}
}
