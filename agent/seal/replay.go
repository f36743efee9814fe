package seal

import (
	"container/list"
	"crypto/cipher"
)

// windowSize is by how many counters a packet may be overtaken by others of its sender, to whomever they went, and
// still be taken. At a thousand packets a second that is a second.
const windowSize = 1024

// window remembers which counters of one sender came, the newest windowSize of them [RFC 4303, 3.4.3].
type window struct {
	newest uint64
	seen   [windowSize / 64]uint64 // one bit each, at counter modulo windowSize
}

var errReplay = &OpenError{"replay", "it came before, or is older than what can be told apart from a replay"}

// take reports whether a counter comes for the first time, and remembers it.
func (w *window) take(counter uint64) bool {
	switch {
	case counter == 0, w.newest >= windowSize && counter <= w.newest-windowSize:
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
	for c := w.newest + 1; c <= counter; c++ {
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
	place  *list.Element
}

// peers are the lives of senders by boot id.
type peers struct {
	byBoot map[uint64]*peer
	recent list.List // of *peer, the last heard of first
}

func (p *peers) find(boot uint64) *peer { return p.byBoot[boot] }

// accept takes a counter of a peer, and remembers the peer and its present key. The error says that the counter came
// before.
func (p *peers) accept(of *peer, counter uint64) error {
	known := p.byBoot[of.boot]
	if known == nil {
		known = of
		p.insert(known)
	}
	if !known.window.take(counter) {
		return errReplay
	}
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
