package ratelimit

import "net/netip"

// Source returns what counts as one source: an IPv4 address, or the network of 64 bits that one host may have for
// itself in IPv6 [RFC 4291, 2.5.1].
func Source(ip netip.Addr) netip.Addr {
	if !ip.Is6() {
		return ip
	}
	network, err := ip.Prefix(64)
	if err != nil {
		return ip
	}
	return network.Addr()
}
