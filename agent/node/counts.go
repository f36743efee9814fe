package node

import (
	"errors"
	"maps"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"

	"heartsay/agent/seal"
	"heartsay/api"
	"heartsay/gossip/wire"
)

// Counts are what a node has counted since its start.
type Counts struct {
	Packets     Traffic // that left and came
	PacketBytes Traffic // in them, without IP and UDP headers
	StreamBytes Traffic // on streams, without IP and TCP headers

	Messages        map[string]Traffic // handed out to be sent, and read, by kind
	InPackets       Exchanges          // that travel in packets
	OnStreams       Exchanges          // that have a stream
	ExchangesFailed uint64             // on streams that this node opened
	Events          map[string]uint64  // changes of the view by type

	Carried     uint64 // messages that left on streams in place of packets
	Repeated    uint64 // requests that no packet answered and that were to be repeated on a stream
	Hellos      uint64 // answers to senders that did not know which life of this agent they talk to
	StateFailed uint64 // times that the state could not be written

	Drops  map[string]uint64 // what was not acted upon, by reason
	Outbox int               // packets that wait to be sent now
}

// Traffic counts both ways.
type Traffic struct{ Sent, Received uint64 }

// Exchanges counts exchanges of views by who began them.
type Exchanges struct{ Self, Peer uint64 }

// Named returns the counts that GET /v1/self shows, by the names that they have there. The caller owns the map.
func (c *Counts) Named() map[string]uint64 {
	all := maps.Clone(c.Drops)
	maps.Copy(all, map[string]uint64{
		"packets_sent": c.Packets.Sent, "packets_received": c.Packets.Received,
		"bytes_sent": c.PacketBytes.Sent, "bytes_received": c.PacketBytes.Received,
		"path_stream_messages": c.Carried, "path_unanswered": c.Repeated, "hellos_answered": c.Hellos, "state_write_failed": c.StateFailed,
	})
	return all
}

// counts are [Counts] while they are counted. It is safe for concurrent use: every count is one atomic addition, so the
// loop may do it.
type counts struct {
	packets, packetBytes, streamBytes traffic
	messages                          [kinds]traffic
	exchanges                         [2]exchanges // by way
	exchangesFailed                   atomic.Uint64
	events                            map[api.EventType]*atomic.Uint64 // of all types; the map never changes
	carried, repeated, stateFailed    atomic.Uint64
	hellos                            atomic.Uint64

	mu     sync.Mutex
	drops  map[string]uint64
	logged map[string]time.Time // when a reason was last logged
}

type traffic struct{ sent, received atomic.Uint64 }

type exchanges struct{ self, peer atomic.Uint64 }

// way is how a message travels.
type way int

const (
	inPacket way = iota
	onStream
)

// kinds is more than the number of any kind of message.
const kinds = wire.KindEvidence + 1

func (c *counts) init() {
	c.events = map[api.EventType]*atomic.Uint64{}
	for _, t := range api.EventTypes() {
		if t != api.EventReset { // which is of a reader, not of the view
			c.events[t] = new(atomic.Uint64)
		}
	}
	c.drops = map[string]uint64{"strangers": 0, "unproven": 0, "destination": 0, "events_merged": 0}
	c.logged = map[string]time.Time{}
}

// send counts a message that leaves.
func (c *counts) send(m wire.Message, by way) {
	c.messages[m.Kind()].sent.Add(1)
	if m.Kind() == wire.KindDigest {
		c.exchanges[by].self.Add(1)
	}
}

// receive counts a message that came.
func (c *counts) receive(m wire.Message, by way) {
	c.messages[m.Kind()].received.Add(1)
	if m.Kind() == wire.KindDigest {
		c.exchanges[by].peer.Add(1)
	}
}

// drop counts what is not acted upon.
func (c *counts) drop(reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drops[reason]++
}

// merged counts events that one published later stands for.
func (c *counts) merged(events int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drops["events_merged"] += uint64(events)
}

// logEvery is how often a reason is logged at most, however often it counts.
const logEvery = 10 * time.Second

// first counts a reason and reports whether it is time to log it.
func (c *counts) first(reason string, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drops[reason]++
	if last, ok := c.logged[reason]; ok && now.Sub(last) < logEvery {
		return false
	}
	c.logged[reason] = now
	return true
}

// Counts returns the counts so far. Those of the engine are as old as the newest snapshot.
func (n *Node) Counts() Counts {
	if s := n.newest.load(); s != nil {
		return n.countsWith(s.engineDrops)
	}
	return n.countsWith(nil)
}

// countsWith returns the counts so far, with drops of the engine.
func (n *Node) countsWith(engine map[string]uint64) Counts {
	c := &n.counts
	all := Counts{
		Packets: c.packets.load(), PacketBytes: c.packetBytes.load(), StreamBytes: c.streamBytes.load(),
		Messages: map[string]Traffic{}, Events: map[string]uint64{},
		InPackets: c.exchanges[inPacket].load(), OnStreams: c.exchanges[onStream].load(),
		ExchangesFailed: c.exchangesFailed.Load(),
		Carried:         c.carried.Load(), Repeated: c.repeated.Load(), Hellos: c.hellos.Load(), StateFailed: c.stateFailed.Load(),
		Outbox: len(n.outbox),
	}
	for k := wire.KindDigest; k < kinds; k++ {
		all.Messages[k.String()] = c.messages[k].load()
	}
	for t, n := range c.events {
		all.Events[string(t)] = n.Load()
	}
	c.mu.Lock()
	all.Drops = maps.Clone(c.drops)
	c.mu.Unlock()
	maps.Copy(all.Drops, engine)
	return all
}

func (t *traffic) load() Traffic { return Traffic{t.sent.Load(), t.received.Load()} }

func (e *exchanges) load() Exchanges { return Exchanges{e.self.Load(), e.peer.Load()} }

// dropped counts bytes that are no message for this node, and logs them now and then.
func (n *Node) dropped(err error, from netip.AddrPort) {
	reason := dropReason(err)
	if n.counts.first(reason, time.Now()) {
		level := hclog.Warn
		if reason == "drop_stale" { // what others send while they learn that this node has restarted
			level = hclog.Debug
		}
		n.log.Log(level, "message dropped", "from", from, "reason", err)
	}
}

// dropReason returns the short word under which an error of an envelope or a codec is counted.
func dropReason(err error) string {
	var open *seal.OpenError
	switch {
	case errors.As(err, &open):
		return "drop_" + open.Reason
	case errors.Is(err, wire.ErrVersion):
		return "drop_version"
	case errors.Is(err, wire.ErrKind):
		return "drop_kind"
	}
	return "drop_malformed"
}
