package seal

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"time"

	"heartsay/agent/internal/ratelimit"
)

// The handshake. Who has something for an address of which it does not know the boot id keeps the message for a moment and
// asks with a hello: a sealed packet without a message, meant for nobody's life. Who gets that, or anything meant for
// a former life of its own, answers with a hello meant for the life of the asker. Nothing is believed of a packet that
// is not meant for the present life; an answer shows an eavesdropper no more than every packet does.
//
//	bytes        payload of a hello
//	0–7          counter of the packet that it answers, 0: it asks
//	8–           ids of the keys that its sender opens with, 4 bytes each
//
// A question to nobody's life can be recorded and sent again, from any address, for as long as the key lives. So an
// answer has no more bytes than what it answers, and each address gets few; a question is as long as the longest answer,
// filled up with ids of 0. The answers are counted.

const (
	helloTime   = 2 * time.Second        // a message that waits for the boot id of its receiver is worth no more
	askAgain    = 250 * time.Millisecond // for a boot id, when there is something more to send
	maxWaiting  = 4                      // messages to one address that wait
	maxAsked    = 1024                   // addresses asked at once
	maxContacts = 2 * maxPeers

	answersRate  = 4 // a second to one address, as often as an agent asks
	answersBurst = 8
	hostRate     = 256 // a second to one host, which may have many agents
	hostBurst    = 1024
	maxAnswered  = 4096 // addresses, and hosts, that are told apart
)

// answered bounds how often one address and one host are answered.
type answered struct {
	addresses *ratelimit.Buckets[netip.AddrPort]
	hosts     *ratelimit.Buckets[netip.Addr]
}

func newAnswered() answered {
	return answered{
		ratelimit.NewBuckets[netip.AddrPort](answersRate, answersBurst, maxAnswered),
		ratelimit.NewBuckets[netip.Addr](hostRate, hostBurst, maxAnswered),
	}
}

// take reports whether an address may be answered once more.
func (a answered) take(to netip.AddrPort, now time.Time) bool {
	return a.addresses.Of(to, now).Take(now) && a.hosts.Of(ratelimit.Source(to.Addr()), now).Take(now)
}

// contact is what is known of the agent that listens at an address.
type contact struct {
	boot    uint64 // 0: not known
	key     KeyID  // that it seals with
	heard   time.Time
	holds   []KeyID   // that it opens with
	told    time.Time // when it told that
	asked   time.Time
	counter uint64 // of the question
	waiting [][]byte
}

// contacts are what is known by address.
type contacts struct {
	byAddress map[netip.AddrPort]*contact
	asked     map[uint64]netip.AddrPort // by the counter of the question
}

// at returns the contact at an address, a new one if there is none. When there are too many, any other goes: it is met
// again.
func (c *contacts) at(a netip.AddrPort) *contact {
	if found := c.byAddress[a]; found != nil {
		return found
	}
	if c.byAddress == nil {
		c.byAddress, c.asked = map[netip.AddrPort]*contact{}, map[uint64]netip.AddrPort{}
	}
	for other := range c.byAddress {
		if len(c.byAddress) < maxContacts {
			break
		}
		delete(c.byAddress, other)
	}
	made := &contact{}
	c.byAddress[a] = made
	return made
}

// SealPacket returns the packet to send when payload is for the agent that listens at an address: the payload, sealed, or a
// question. It is nil when the question has just been asked. The payload belongs to s from then on.
func (s *Sealer) SealPacket(to netip.AddrPort, payload []byte, now time.Time) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.contacts.at(to)
	if c.boot != 0 {
		return s.seal(make([]byte, 0, len(payload)+Overhead), ClassPacket, half(c.boot), payload)
	}
	if now.Sub(c.asked) > helloTime {
		c.waiting = nil
	}
	c.waiting = append(c.waiting, payload)
	c.waiting = c.waiting[max(0, len(c.waiting)-maxWaiting):]
	if now.Sub(c.asked) < askAgain {
		return nil
	}
	return s.ask(to, c, now)
}

// Ask returns the packet that asks who listens at an address, and which keys it has.
func (s *Sealer) Ask(to netip.AddrPort, now time.Time) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ask(to, s.contacts.at(to), now)
}

func (s *Sealer) ask(to netip.AddrPort, c *contact, now time.Time) []byte {
	packet := s.hello(0, 0, helloSize(maxHeld))
	delete(s.contacts.asked, c.counter)
	if len(s.contacts.asked) >= maxAsked {
		clear(s.contacts.asked)
	}
	c.asked, c.counter = now, s.counter
	s.contacts.asked[s.counter] = to
	return packet
}

// helloSize returns the bytes of a hello with so many ids.
func helloSize(ids int) int { return Overhead + 8 + 4*ids }

// hello returns a hello for a life of its receiver, in answer to the packet with that counter. A question has the size
// given, and an answer at most: then it tells the first ids only.
func (s *Sealer) hello(to uint32, answered uint64, size int) []byte {
	payload := binary.BigEndian.AppendUint64(nil, answered)
	room := size - Overhead
	for _, id := range s.keys.ids {
		if len(payload)+4 > room {
			break
		}
		payload = binary.BigEndian.AppendUint32(payload, uint32(id))
	}
	if answered == 0 {
		payload = append(payload, make([]byte, room-len(payload))...)
	}
	return s.seal(nil, ClassHello, to, payload)
}

// answerStranger answers a packet of some bytes that is not meant for this life of the agent. A hello that is meant for
// another one is not answered, or two could go on for ever.
func (s *Sealer) answerStranger(h sealedHeader, size int, from netip.AddrPort, now time.Time) ([]byte, []Packet, error) {
	switch {
	case h.class == ClassHello && h.to != 0, size < helloSize(1):
		return nil, nil, errStale
	case !s.answered.take(from, now):
		return nil, nil, errHellos
	}
	answer := []Packet{{To: from, Bytes: s.hello(half(h.boot), h.counter, size), Hello: true}}
	if h.class == ClassHello {
		return nil, answer, nil
	}
	return nil, answer, errStale
}

// takeHello learns from an answer who listens where, and returns what waited for that.
func (s *Sealer) takeHello(payload []byte, h sealedHeader, from netip.AddrPort, now time.Time) ([]Packet, error) {
	ids := len(payload) - 8
	if ids < 4 || ids%4 != 0 || ids > 4*maxHeld {
		return nil, errHello
	}
	holds := make([]KeyID, ids/4)
	for i := range holds {
		holds[i] = KeyID(binary.BigEndian.Uint32(payload[8+4*i:]))
	}
	at := from
	counter := binary.BigEndian.Uint64(payload)
	if asked, ok := s.contacts.asked[counter]; ok {
		at = asked // it may answer from another address than it is asked at
		delete(s.contacts.asked, counter)
	}
	out := s.meet(at, h, now)
	c := s.contacts.at(at)
	c.holds, c.told = holds, now
	return out, nil
}

// meet notes which life listens at an address, and returns what waited for it, sealed.
func (s *Sealer) meet(at netip.AddrPort, h sealedHeader, now time.Time) (out []Packet) {
	c := s.contacts.at(at)
	c.boot, c.key, c.heard = h.boot, h.key, now
	for _, payload := range c.waiting {
		if now.Sub(c.asked) <= helloTime {
			out = append(out, Packet{To: at, Bytes: s.seal(nil, ClassPacket, half(c.boot), payload)})
		}
	}
	c.waiting = nil
	return out
}

// heard returns when something sealed last came from an address, the zero time when nothing has.
func (s *Sealer) heard(at netip.AddrPort) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.contacts.byAddress[at]; c != nil && c.boot != 0 {
		return c.heard
	}
	return time.Time{}
}

// KeyUse is what is known of the keys of the agent that listens at an address.
type KeyUse struct {
	Seals KeyID     // that its last packet was sealed with; 0: none came yet
	Heard time.Time // when that was
	Holds []KeyID   // that it opens with, sorted
	Told  time.Time // when it said so; zero: never
}

// KeyUse returns what is known of the keys at an address.
func (s *Sealer) KeyUse(at netip.AddrPort) KeyUse {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.contacts.byAddress[at]
	if c == nil {
		return KeyUse{}
	}
	return KeyUse{Seals: c.key, Heard: c.heard, Holds: slices.Sorted(slices.Values(c.holds)), Told: c.told}
}
