package agent

import (
	"net/netip"

	"heartsay/gossip"
)

// addressee returns the name of the member that a message is for, or "" when only its address is known, and whether
// the message wants an answer.
func addressee(m gossip.Message) (name string, request bool) {
	switch m := m.(type) {
	case *gossip.Digest:
		return m.To, true
	case *gossip.Ping:
		return m.To, true
	case *gossip.Delta:
		return m.To, false
	case *gossip.Pong:
		return m.To, false
	case *gossip.Evidence:
		return m.To, false
	}
	return "", false
}

// answerer returns the name of the member whose message answers one of this agent, and whether it does. A delta with
// a clock is a reply; one without is news, which nobody asked for.
func answerer(m gossip.Message) (name string, answer bool) {
	switch m := m.(type) {
	case *gossip.Delta:
		return m.From, m.Clock != 0
	case *gossip.Pong:
		return m.From, true
	}
	return "", false
}

// travelsInPackets reports whether a message is one of those that go in packets when packets pass.
func travelsInPackets(m gossip.Message) bool {
	switch m.(type) {
	case *gossip.Digest, *gossip.Delta, *gossip.Ping, *gossip.Pong, *gossip.Evidence:
		return true
	}
	return false
}

// pathKey returns under what name the path to a member is kept.
func pathKey(name string, address netip.AddrPort) string {
	if name != "" {
		return name
	}
	return address.String() // no name has a colon
}
