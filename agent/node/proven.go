package node

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"net/netip"
	"sync"
	"time"
)

// Addresses of packets can be forged, with and without keys. A host has proven that an address is its own when it
// returned a random number that was sent there, or when a stream with it came about. unproven.go asks for such a proof by a
// small ping, whose pong [loop.takeProof] recognises; [Node.readMessage] notes what a stream proves.

const (
	provenFor  = time.Hour // an address may get another owner
	maxProven  = 16384     // addresses
	nonceValid = 8 * time.Second
)

// proven are the addresses that belong to who sends from them. A host proves its IP address, whatever port it sends
// from. It is safe for concurrent use, and is made by newProven.
//
//	has(ip, now)         whether the address has been proven within the last hour
//	fades(ip, now)       whether that was more than half an hour ago
//	seen(ip, now)        notes a proof
//	nonce(to, now)       the number to send to an address, never 0: it cannot be guessed, and nothing is stored for it
//	returned(from, …)    whether a number is one that was sent to that address in the last seconds; that is a proof
type proven struct {
	secret [sha256.Size]byte

	mu    sync.Mutex
	until map[netip.Addr]time.Time
}

func newProven() *proven {
	p := &proven{until: map[netip.Addr]time.Time{}}
	rand.Read(p.secret[:])
	return p
}

// has reports whether an address has proven lately that it is there.
func (p *proven) has(a netip.Addr, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return now.Before(p.until[a.Unmap()])
}

// fades reports whether an address is not proven for much longer.
func (p *proven) fades(a netip.Addr, now time.Time) bool { return !p.has(a, now.Add(provenFor/2)) }

// seen notes that an address has proven just now that it is there. When there are too many, any other goes: it proves
// itself again when it has to.
func (p *proven) seen(a netip.Addr, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	a = a.Unmap()
	if _, known := p.until[a]; !known {
		for other := range p.until {
			if len(p.until) < maxProven {
				break
			}
			delete(p.until, other)
		}
	}
	p.until[a] = now.Add(provenFor)
}

// nonce returns what to send to an address, for it to return.
func (p *proven) nonce(to netip.AddrPort, now time.Time) uint64 {
	return p.nonceOf(to, now.UnixNano()/int64(nonceValid))
}

// returned reports whether a nonce is what was sent to an address not long ago, and notes the proof.
func (p *proven) returned(from netip.AddrPort, nonce uint64, now time.Time) bool {
	slot := now.UnixNano() / int64(nonceValid)
	if nonce != p.nonceOf(from, slot) && nonce != p.nonceOf(from, slot-1) {
		return false
	}
	p.seen(from.Addr(), now)
	return true
}

// nonceOf returns the nonce of an address for one slice of time.
func (p *proven) nonceOf(a netip.AddrPort, slot int64) uint64 {
	mac := hmac.New(sha256.New, p.secret[:])
	ip := a.Addr().As16()
	mac.Write(ip[:])
	_ = binary.Write(mac, binary.BigEndian, a.Port()) // a hash takes all
	_ = binary.Write(mac, binary.BigEndian, slot)
	return max(1, binary.BigEndian.Uint64(mac.Sum(nil)))
}
