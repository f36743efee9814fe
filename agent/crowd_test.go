package agent

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"heartsay/agent/addr"
	"heartsay/agent/seal"
	"heartsay/gossip"
	"heartsay/gossip/wire"
	"heartsay/membership"
)

// crowd stands for many members of a memNet at once, so that an agent can live among more than one machine could run.
// One engine answers for all of them: what comes for a member is told to it as if it were its own, and what it answers
// goes out under that member's name and from its address. Their heartbeats rise by the clock. In each interval one of
// them begins an exchange with each agent that is not of the crowd, as many as would if all lived.
type crowd struct {
	mu       sync.Mutex
	engine   *gossip.Engine
	entries  []membership.Entry // of all, sorted by hash; the first is the engine's own
	records  map[string]*membership.Record
	hosts    map[string]*memTransport
	envelope *seal.Envelope
	codec    *wire.Codec
	rng      *rand.Rand
	others   map[string]netip.AddrPort // those who are not of the crowd
	began    time.Time
	down     chan struct{}
	running  sync.WaitGroup
}

const crowdInterval = 500 * time.Millisecond

func crowdAddress(i int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)}), addr.DefaultPort)
}

// newCrowd puts n members into a network, until it is stopped.
func newCrowd(t *testing.T, n *memNet, members int) *crowd {
	t.Helper()
	now := time.Now()
	c := &crowd{
		records: map[string]*membership.Record{}, hosts: map[string]*memTransport{}, others: map[string]netip.AddrPort{},
		envelope: seal.NewEnvelope("heartsay", 1),
		codec:    wire.NewCodec(), rng: rand.New(rand.NewPCG(2, 2)),
		began: now.Add(-time.Minute), down: make(chan struct{}),
	}
	shared := n.listen(crowdAddress(0))
	for i := range members {
		r := &membership.Record{
			Name: fmt.Sprintf("host-%05d", i), Incarnation: uint64(c.began.UnixMilli()) + uint64(i%500), Version: 1,
			Interval: crowdInterval, Address: crowdAddress(i),
		}
		host := &memTransport{net: n, at: r.Address, packets: shared.packets, streams: shared.streams, down: shared.down}
		n.hosts[r.Address], c.hosts[r.Name] = host, host
		c.records[r.Name] = r
		c.entries = append(c.entries, membership.Entry{Record: r})
	}
	own := *c.entries[0].Record
	cfg := gossip.DefaultConfig()
	var err error
	if c.engine, err = gossip.New(c.began, own, cfg, rand.New(rand.NewPCG(1, 1))); err != nil {
		t.Fatal(err)
	}
	c.rise(now)
	c.running.Go(func() { c.live(shared) })
	return c
}

func (c *crowd) stop() {
	close(c.down)
	c.running.Wait()
}

// heartbeat returns that of a member by the clock.
func (c *crowd) heartbeat(r *membership.Record, now time.Time) uint64 {
	return 1 + uint64(now.UnixMilli()-int64(r.Incarnation))/uint64(crowdInterval.Milliseconds())
}

// rise tells the engine the heartbeats of all, and lets one of the crowd tell them on.
func (c *crowd) rise(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, en := range c.entries {
		c.entries[i].Heartbeat = c.heartbeat(en.Record, now)
	}
	second := c.entries[1]
	c.engine.Receive(now, second.Record.Address, &wire.Sync{Last: true, Entries: c.entries[1:], Header: wire.Header{
		From: second.Record.Name, Incarnation: second.Record.Incarnation, Heartbeat: second.Heartbeat,
	}})
	for _, e := range c.engine.Tick(now).Messages {
		d, ok := e.Message.(*wire.Digest)
		if !ok {
			continue // its questions are left out: the crowd keeps itself informed
		}
		for name, at := range c.others {
			c.say(c.entries[c.rng.IntN(len(c.entries))].Record.Name, name, at, d)
		}
	}
}

// say sends a message of the engine as one of the crowd. The lock is held.
func (c *crowd) say(from, to string, at netip.AddrPort, m wire.Message) {
	c.sign(m, from, to)
	if b, err := c.codec.Encode(m); err == nil {
		_, _ = c.hosts[from].WriteTo(c.envelope.Seal(nil, seal.ClassPacket, b), at.String())
	}
}

// sign makes a message of the engine one of another of the crowd. The lock is held.
func (c *crowd) sign(m wire.Message, from, to string) {
	h, r := headerIn(m), c.records[from]
	h.From, h.Incarnation, h.Heartbeat, h.To = from, r.Incarnation, c.heartbeat(r, time.Now()), to
}

func (c *crowd) live(shared *memTransport) {
	beat := time.NewTicker(crowdInterval)
	defer beat.Stop()
	for {
		select {
		case now := <-beat.C:
			c.rise(now)
		case p := <-shared.packets:
			c.answerPacket(p.Buf, p.From)
		case s := <-shared.streams:
			c.running.Go(func() { c.answerStream(s) })
		case <-c.down:
			return
		}
	}
}

// hear tells the engine a message, and returns its answers under the name of the one who was meant. The lock is held.
func (c *crowd) hear(stream gossip.StreamID, from netip.AddrPort, payload []byte) (string, []wire.Message) {
	m, err := c.codec.Decode(payload)
	if err != nil {
		return "", nil
	}
	own, h := c.entries[0].Record.Name, headerIn(m)
	to := cmp.Or(h.To, own)
	if c.hosts[to] == nil {
		return "", nil
	}
	c.others[h.From], h.To = from, own
	var answers []wire.Message
	for _, e := range c.engine.ReceiveOn(time.Now(), stream, from, m).Messages {
		if e.To == from {
			c.sign(e.Message, to, h.From)
			answers = append(answers, e.Message)
		}
	}
	return to, answers
}

func (c *crowd) answerPacket(b []byte, sender net.Addr) {
	payload, err := c.envelope.Open(b, seal.ClassPacket)
	if err != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	from, _ := addr.Of(sender)
	to, answers := c.hear(0, from, payload)
	for _, m := range answers {
		c.say(to, headerIn(m).To, from, m)
	}
}

func (c *crowd) answerStream(s net.Conn) {
	defer s.Close()
	for {
		payload, err := seal.ReadFrame(s, c.envelope)
		if err != nil {
			return
		}
		answers := c.answerFrame(addr.Remote(s), payload)
		for _, b := range answers {
			if seal.WriteFrame(s, c.envelope, b) != nil {
				return
			}
		}
		if len(answers) > 0 {
			return
		}
	}
}

func (c *crowd) answerFrame(from netip.AddrPort, payload []byte) (frames [][]byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, answers := c.hear(1, from, payload)
	for _, m := range answers {
		if b, err := c.codec.Encode(m); err == nil {
			frames = append(frames, b)
		}
	}
	return frames
}

// headerIn returns the header of a message, to be changed.
func headerIn(m wire.Message) *wire.Header {
	switch m := m.(type) {
	case *wire.Digest:
		return &m.Header
	case *wire.Delta:
		return &m.Header
	case *wire.Ping:
		return &m.Header
	case *wire.Pong:
		return &m.Header
	case *wire.Evidence:
		return &m.Header
	case *wire.Sync:
		return &m.Header
	case *wire.Refused:
		return &m.Header
	}
	panic(fmt.Sprintf("a message of an unknown kind: %T", m))
}
