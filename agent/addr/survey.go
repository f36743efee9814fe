package addr

import (
	"net"
	"net/netip"
	"slices"
)

// Survey is what a host said of its network at one moment. It is plain data: [Advertise] and [Watch] decide on it.
type Survey struct {
	Interfaces []Interface
	Err        error   // why the interfaces could not be listed
	Routes     []Route // to the seeds that are IPs, in their order, and then to the rest of the world
}

// Interface is an interface of a host that is up, with its addresses.
type Interface struct {
	Name      string
	Loopback  bool
	Addresses []netip.Addr
}

// Route says from which of its addresses a host would send to another.
type Route struct {
	Seed string // "": to no seed, but by the default route
	From netip.Addr
}

// Look asks this host for its interfaces, and for its routes to the seeds that are IPs. It sends nothing and resolves
// nothing.
func Look(seeds []string) Survey {
	var s Survey
	s.Interfaces, s.Err = upInterfaces()
	for _, text := range seeds {
		seed, err := ParseSeed(text)
		if err != nil {
			continue
		}
		ip, err := netip.ParseAddr(seed.Host)
		if err != nil {
			continue // a name, which only a resolver knows
		}
		s.addRoute(seed.String(), ip)
	}
	for _, ip := range elsewhere {
		s.addRoute("", ip)
	}
	return s
}

// elsewhere are addresses reserved for documentation [RFC 5737, RFC 3849]: no host routes them otherwise than by its
// default route.
var elsewhere = []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")}

func (s *Survey) addRoute(seed string, to netip.Addr) {
	if from, err := routeSource(to); err == nil {
		s.Routes = append(s.Routes, Route{seed, from})
	}
}

// routeSource returns the address from which this host would send to another. It sends nothing: connecting a UDP socket
// only looks up the route.
func routeSource(to netip.Addr) (netip.Addr, error) {
	const anyPort = 9 // [RFC 863]
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(to, anyPort)))
	if err != nil {
		return netip.Addr{}, err
	}
	defer c.Close()
	from, _ := Of(c.LocalAddr())
	return from.Addr(), nil
}

// upInterfaces returns the interfaces of this host that are up.
func upInterfaces() ([]Interface, error) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	var up []Interface
	for _, i := range all {
		if i.Flags&net.FlagUp == 0 {
			continue
		}
		addresses, err := i.Addrs()
		if err != nil {
			return nil, err
		}
		up = append(up, Interface{i.Name, i.Flags&net.FlagLoopback != 0, ipsOf(addresses)})
	}
	return up, nil
}

func ipsOf(addresses []net.Addr) (ips []netip.Addr) {
	for _, a := range addresses {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			ips = append(ips, p.Addr().Unmap())
		}
	}
	return ips
}

// Has returns whether this host has an address, on an interface that is up or down. It costs much less than [Look].
func Has(ip netip.Addr) bool {
	addresses, err := net.InterfaceAddrs()
	return err == nil && slices.Contains(ipsOf(addresses), ip)
}

// has reports whether the host has an address. One that belongs to loopback as a whole counts.
func (s *Survey) has(ip netip.Addr) bool {
	return ip.IsLoopback() || s.Err != nil || s.owner(ip) != nil
}

// owner returns the interface that has an address, nil when none has.
func (s *Survey) owner(ip netip.Addr) *Interface {
	i := slices.IndexFunc(s.Interfaces, func(i Interface) bool { return slices.Contains(i.Addresses, ip) })
	if i < 0 {
		return nil
	}
	return &s.Interfaces[i]
}
