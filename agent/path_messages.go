package agent

import "net/netip"

// pathKey returns under what name the path to a member is kept.
func pathKey(name string, address netip.AddrPort) string {
	if name != "" {
		return name
	}
	return address.String() // no name has a colon
}
