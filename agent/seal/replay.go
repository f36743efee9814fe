package seal

import (
	"container/list"
	"crypto/cipher"
	"math"
	"time"
)

// windowSize is by how many counters a packet may be overtaken by others of its sender, to whomever they went, and
// still be taken. At a thousand packets a second that is a second.
const windowSize = 1024

// window remembers which counters of one sender came, the newest windowSize of them [RFC 4303, 3.4.3].
type window struct {
	newest uint64
	seen   [windowSize / 64]uint64 // one bit each, at counter modulo windowSize
}

// Bounds of the counters of one sender. A sender with the key can write any of them, and the window follows the highest.
const (
	// counterEnd is the first counter that is refused whatever came before, so that no sum with one passes the end of
	// its range. No sender gets there.
	counterEnd = math.MaxUint64 - 1<<13 + 1
	// counterRate is how many envelopes in a second nobody sends, to all others together: a member of the largest
	// cluster sends a few hundred, and an agent of two cores can seal and send a few times this number for a moment.
	counterRate = 1 << 15
	// counterLeap is how much more than that may be missed at once.
	counterLeap = 1 << 15
	// firstCounter is the highest counter of a sender that was not heard of before: 272 years at that rate.
	firstCounter = 1 << 48
)

var (
	errReplay = &OpenError{"replay", "it came before, or is older than what can be told apart from a replay"}
	errLeap   = &OpenError{"leap", "its counter is further ahead than its sender can have come: a holder of the key forged it"}
)

// leaps reports whether a counter is further ahead of the newest one than a sender comes in the time since.
func (w *window) leaps(counter uint64, since time.Duration) bool {
	if counter >= counterEnd {
		return true
	}
	if w.newest == 0 {
		return counter > firstCounter
	}
	most := float64(counterLeap) + counterRate*max(0, since.Seconds())
	return counter > w.newest && float64(counter-w.newest) > most
}

// take reports whether a counter comes for the first time, and remembers it.
func (w *window) take(counter uint64) bool {
	switch {
	case counter == 0, counter >= counterEnd, w.newest >= windowSize && counter <= w.newest-windowSize:
		return false
	case counter > w.newest:
		w.forget(counter)
		w.newest = counter
	}
	word, bit := &w.seen[counter%windowSize/64], uint64(1)<<(counter%64)
	first := *word&bit == 0
	*word |= bit
	return first
}

// forget clears the bits of the counters between the newest one and the one that is to be it.
func (w *window) forget(counter uint64) {
	if counter-w.newest >= windowSize {
		w.seen = [windowSize / 64]uint64{}
		return
	}
	for ahead := uint64(1); ahead <= counter-w.newest; ahead++ {
		c := w.newest + ahead
		w.seen[c%windowSize/64] &^= 1 << (c % 64)
	}
}

// maxPeers is how many lives of senders are remembered. One gets in by a packet for this life of the receiver, which
// only a holder of the key can make. When there are more, the one not heard of for longest is forgotten.
const maxPeers = 16384

// peer is one life of a sender.
type peer struct {
	boot   uint64
	key    KeyID
	aead   cipher.AEAD // of that key
	window window
	heard  time.Time // when a counter was taken last
	place  *list.Element
}

// peers are the lives of senders by boot id.
type peers struct {
	byBoot map[uint64]*peer
	recent list.List // of *peer, the last heard of first
}

func (p *peers) find(boot uint64) *peer { return p.byBoot[boot] }

// accept takes a counter of a peer, and remembers the peer and its present key. The error says that the counter came
// before, or cannot be; then nothing has changed.
func (p *peers) accept(of *peer, counter uint64, now time.Time) error {
	known := p.byBoot[of.boot]
	var before window
	var since time.Duration
	if known != nil {
		before, since = known.window, passed(known.heard, now)
	}
	if before.leaps(counter, since) {
		return errLeap
	}
	if known == nil {
		known = of
		p.insert(known)
	}
	if !known.window.take(counter) {
		return errReplay
	}
	known.heard = now
	known.key, known.aead = of.key, of.aead
	p.recent.MoveToFront(known.place)
	return nil
}

func (p *peers) insert(one *peer) {
	if p.byBoot == nil {
		p.byBoot = map[uint64]*peer{}
	}
	if len(p.byBoot) >= maxPeers {
		oldest := p.recent.Back()
		delete(p.byBoot, p.recent.Remove(oldest).(*peer).boot)
	}
	p.byBoot[one.boot], one.place = one, p.recent.PushFront(one)
}

// passed returns how long ago a time was, by the clock that says more: while this host slept, others went on.
func passed(from, now time.Time) time.Duration {
	return max(now.Sub(from), now.Round(0).Sub(from.Round(0)))
}

// forgive lets the next counter of everybody be any that a stranger's may be: time may have passed that no clock tells.
func (p *peers) forgive() {
	for _, one := range p.byBoot {
		one.heard = time.Time{}
	}
}
