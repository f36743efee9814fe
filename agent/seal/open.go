package seal

import (
	"crypto/cipher"
	"net/netip"
	"time"
)

// unseal decrypts b in place. The caller holds s.mu. What it returns shows that the sender has the key, and nothing of
// when it was sent.
func (s *Sealer) unseal(b []byte, h sealedHeader, aead cipher.AEAD) ([]byte, error) {
	s.bind(b[:sealHeader], h.counter)
	payload, err := aead.Open(b[sealHeader:sealHeader], s.nonce[:], b[sealHeader:], s.aad)
	if err != nil {
		return nil, errSeal
	}
	return payload, nil
}

// OpenPacket returns the message in a packet that came from an address, and the packets with which to answer it at
// once. Without an error, a nil payload means that the packet was a hello. The payload is a part of b, which is
// changed. Every error is an [*OpenError].
func (s *Sealer) OpenPacket(b []byte, from netip.AddrPort, now time.Time) (payload []byte, answers []Packet, err error) {
	h, err := parseSealed(b, ClassPacket, ClassHello)
	if err == nil {
		payload, answers, err = s.openPacket(b, h, from, now)
	}
	if err != nil {
		s.notes.note(from, h.key, err.(*OpenError), now)
	}
	return payload, answers, err
}

func (s *Sealer) openPacket(b []byte, h sealedHeader, from netip.AddrPort, now time.Time) ([]byte, []Packet, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.keys.check(h.key); err != nil {
		return nil, nil, err
	}
	p := s.peers.find(h.boot)
	if p == nil || p.key != h.key {
		p = &peer{key: h.key, boot: h.boot, aead: s.keys.packets(h.key, s.cluster, h.boot)}
	}
	payload, err := s.unseal(b, h, p.aead)
	if err != nil {
		return nil, nil, err
	}
	if !s.life.means(h.to, now) {
		return s.answerStranger(h, len(b), from, now)
	}
	if err := s.peers.accept(p, h.counter, now); err != nil {
		return nil, nil, err
	}
	if h.class == ClassHello {
		answers, err := s.takeHello(payload, h, from, now)
		return nil, answers, err
	}
	return payload, s.meet(from, h, now), nil
}
