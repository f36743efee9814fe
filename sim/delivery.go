package sim

import (
	"net/netip"
	"time"

	"heartsay/gossip"
	"heartsay/gossip/wire"
)

// stream is a stream on which its opener waits for the answer. It ends with the opener's life.
type stream struct {
	opener *Member
	life   int
	free   time.Duration // when the last part so far arrives: the next one does not overtake it
}

// send puts a message on its way, now or when its sender is unblocked.
func (c *Cluster) send(m *Member, env gossip.Envelope) {
	switch {
	case env.Stream != 0:
		c.pass(m, func() { c.answer(m, env) })
	case m.blocked:
		c.pass(m, func() { c.post(m, env) })
	default:
		c.post(m, env) // nearly all: a run is faster without a closure for each
	}
}

// post puts a packet on its way.
func (c *Cluster) post(m *Member, env gossip.Envelope) {
	from := m.Address // it may have another when the message arrives
	delay, arrives := c.Network.link(c.rng, from, env.To, false)
	c.report(from, env.To, env.Message, arrives)
	if !arrives {
		return
	}
	arrive := func() { c.receive(env.To, 0, from, env.Message) }
	c.schedule(c.now+delay, arrive)
	if c.Network.twice(c.rng) {
		c.schedule(c.now+c.Network.delay(c.rng), arrive)
	}
}

// answer puts a message on its way on a stream that another member opened.
func (c *Cluster) answer(m *Member, env gossip.Envelope) {
	s := c.streams[env.Stream]
	if s == nil {
		return
	}
	to := s.opener.Address
	from := m.Address
	delay, arrives := c.Network.link(c.rng, from, to, true)
	arrives = arrives && s.opener.life == s.life
	c.report(from, to, env.Message, arrives)
	if env.Message.Ends() {
		delete(c.streams, env.Stream)
	}
	if !arrives {
		return
	}
	s.free = max(s.free, c.now+delay)
	c.schedule(s.free, func() {
		if s.opener.life == s.life {
			c.receive(to, 0, from, env.Message)
		}
	})
}

// Join lets a member join by the member at an address, on a stream, as it does at its start.
func (c *Cluster) Join(m *Member, seed netip.AddrPort) { c.sync(m, seed, true) }

// sync opens a stream and sends a whole view on it.
func (c *Cluster) sync(m *Member, peer netip.AddrPort, join bool) {
	parts := m.Engine.OpenSync(c.ClockOf(m), join) // now: what waits in a blocked member may not overtake what it sent before
	c.pass(m, func() {
		from := m.Address
		delay, arrives := c.Network.link(c.rng, from, peer, true)
		c.opened++
		id := c.opened
		if arrives {
			c.streams[id] = &stream{opener: m, life: m.life}
		}
		for _, part := range parts {
			c.report(from, peer, part, arrives)
			if arrives {
				c.schedule(c.now+delay, func() { c.receive(peer, id, from, part) })
			}
		}
	})
}

// receive hands a message to the member that listens at the address, if one does.
func (c *Cluster) receive(to netip.AddrPort, stream gossip.StreamID, from netip.AddrPort, msg wire.Message) {
	m := c.byAddr[to]
	if m == nil || m.Engine == nil {
		return
	}
	if !m.blocked && !m.frozen { // nearly always: a run is faster without a closure for each
		c.take(m, stream, from, msg)
		return
	}
	c.hold(m, &m.held, func() {
		c.do(m, func() { c.take(m, stream, from, msg) })
	})
}

// take lets a member that runs receive a message.
func (c *Cluster) take(m *Member, stream gossip.StreamID, from netip.AddrPort, msg wire.Message) {
	c.apply(m, m.Engine.ReceiveOn(c.ClockOf(m), stream, from, msg))
	if no, ok := msg.(*wire.Refused); ok && m.Engine != nil && no.Reason == wire.NameTaken && m.Engine.Others() == 0 {
		// As an agent does: a member that knows others stays.
		m.Refused = no.Holder
		c.yield(m)
	}
}

func (c *Cluster) report(from, to netip.AddrPort, msg wire.Message, arrives bool) {
	if c.OnMessage != nil {
		c.OnMessage(c.now, from, to, msg, arrives)
	}
}
