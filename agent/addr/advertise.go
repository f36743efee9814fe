package addr

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
)

// ChooseAdvertised returns the address that others shall be told of an agent that listens on bind, whose port must be
// the real one. A specific bind is its own answer. For an unspecified one it is the first private address of this
// host's interfaces, else the first other unicast one, else the address from which the default route would send; the
// port is bind's. Only what bind listens on is chosen: IPv4 for 0.0.0.0, either for ::. The note says in words what
// was chosen and why; it is "" when there was nothing to choose.
func ChooseAdvertised(bind netip.AddrPort) (a netip.AddrPort, note string, err error) {
	return choose(bind, hostAddresses, routeSource)
}

func choose(bind netip.AddrPort, ifaceAddrs func() ([]netip.Addr, error),
	route func(network, to string) (netip.Addr, error)) (a netip.AddrPort, note string, err error) {
	if bind.Port() == 0 {
		return netip.AddrPort{}, "", fmt.Errorf("advertise %s: its port is not chosen yet", bind)
	}
	ip := bind.Addr().Unmap()
	if !ip.IsUnspecified() {
		a = netip.AddrPortFrom(ip, bind.Port())
		return a, "", CheckReachable(a)
	}
	ip, why, err := chooseHostIP(ip.Is4(), ifaceAddrs, route)
	if err != nil {
		return netip.AddrPort{}, "", fmt.Errorf("choose an address to advertise for %s: %w: "+
			"pass --advertise IP:PORT, or bind to one address", bind, err)
	}
	a = netip.AddrPortFrom(ip, bind.Port())
	return a, fmt.Sprintf("bound to every address and advertising %s, %s; --advertise overrides it", a, why), nil
}

// chooseHostIP returns the address of this host that others most likely reach it by, and why it is that one.
func chooseHostIP(only4 bool, ifaceAddrs func() ([]netip.Addr, error),
	route func(network, to string) (netip.Addr, error)) (ip netip.Addr, why string, err error) {
	addrs, ifaceErr := ifaceAddrs()
	public := netip.Addr{}
	for _, ip := range addrs {
		ip = ip.Unmap()
		if !advertisable(ip, only4) {
			continue
		}
		if ip.IsPrivate() {
			return ip, "the first private address of this host", nil
		}
		if !public.IsValid() {
			public = ip
		}
	}
	if public.IsValid() {
		return public, "a public address, because this host has no private one", nil
	}
	for _, to := range routeProbes {
		ip, err := route(to[0], to[1])
		if err == nil && advertisable(ip.Unmap(), only4) {
			return ip.Unmap(), "the address from which the default route sends", nil
		}
	}
	if ifaceErr != nil {
		return netip.Addr{}, "", fmt.Errorf("list the interfaces: %w", ifaceErr)
	}
	return netip.Addr{}, "", errors.New("this host has loopback and link-local addresses only")
}

// advertisable reports whether other hosts may reach this one by ip. Link-local addresses do not count: they need a
// zone, which differs from host to host.
func advertisable(ip netip.Addr, only4 bool) bool {
	return ip.IsGlobalUnicast() && ip.Zone() == "" && (ip.Is4() || !only4)
}

// routeProbes are networks and addresses reserved for documentation [RFC 5737, RFC 3849]: no host routes them
// otherwise than by its default route.
var routeProbes = [][2]string{{"udp4", "192.0.2.1:9"}, {"udp6", "[2001:db8::1]:9"}}

// routeSource returns the address from which this host would send to an address. It sends nothing: connecting a UDP
// socket only looks up the route.
func routeSource(network, to string) (netip.Addr, error) {
	c, err := net.Dial(network, to)
	if err != nil {
		return netip.Addr{}, err
	}
	defer c.Close()
	from, err := netip.ParseAddrPort(c.LocalAddr().String())
	return from.Addr(), err
}

// hostAddresses returns the addresses of this host's interfaces that are up, in the order of the interfaces, without
// those of loopback.
func hostAddresses() ([]netip.Addr, error) {
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	var all []netip.Addr
	for _, i := range interfaces {
		if i.Flags&net.FlagUp == 0 || i.Flags&net.FlagLoopback != 0 {
			continue
		}
		addrs, err := i.Addrs()
		if err != nil {
			return nil, err
		}
		for _, a := range addrs {
			if p, err := netip.ParsePrefix(a.String()); err == nil {
				all = append(all, p.Addr())
			}
		}
	}
	return all, nil
}
