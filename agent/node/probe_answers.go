package node

import (
	"sync"
	"time"

	"heartsay/gossip/wire"
)

// probes are the requests of this node that wait for a reply. The zero value has none.
type probes struct {
	mu     sync.Mutex
	pongs  map[uint64]chan<- *wire.Pong    // by nonce
	clocks map[string]chan<- time.Duration // by name
}

// take looks at a message on its way to the engine, and reports whether it answers a probe, which the engine did not
// ask for. It is called by the loop and does not wait.
func (p *probes) take(m wire.Message, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if clock := m.SentAt(); clock != 0 {
		p.noteClock(m.Head().From, clock, now)
	}
	pong, ok := m.(*wire.Pong)
	if !ok || p.pongs[pong.Nonce] == nil {
		return false
	}
	p.pongs[pong.Nonce] <- pong // has room for one, and is asked for one
	delete(p.pongs, pong.Nonce)
	return true
}

func (p *probes) noteClock(name string, clock uint64, now time.Time) {
	if answer := p.clocks[name]; answer != nil {
		answer <- time.UnixMilli(int64(clock)).Sub(now)
		delete(p.clocks, name)
	}
}

// pong returns a channel for the answer to a ping with the nonce. The function gives up on it.
func (p *probes) pong(nonce uint64) (<-chan *wire.Pong, func()) {
	answer := make(chan *wire.Pong, 1)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pongs == nil {
		p.pongs = map[uint64]chan<- *wire.Pong{}
	}
	p.pongs[nonce] = answer
	return answer, func() { p.mu.Lock(); delete(p.pongs, nonce); p.mu.Unlock() }
}

// clock returns a channel for how far the clock of a member is ahead. The function gives up on it.
func (p *probes) clock(name string) (<-chan time.Duration, func()) {
	answer := make(chan time.Duration, 1)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.clocks == nil {
		p.clocks = map[string]chan<- time.Duration{}
	}
	p.clocks[name] = answer
	return answer, func() { p.mu.Lock(); delete(p.clocks, name); p.mu.Unlock() }
}
