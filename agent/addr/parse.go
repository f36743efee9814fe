// Package addr reads the addresses that people write, and chooses the one that others are told.
//
// An address to bind to is an IP with a port (parse.go), a seed is an IP or a name to join by (seed.go). Nothing is
// looked up but by [Seed.Resolve]. [ChooseAdvertised] asks the host for its interfaces and routes (advertise.go). IPv4
// never comes back written as IPv6. All of it is functions of what is handed in: nothing is kept.
package addr

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"heartsay/membership"
)

// DefaultPort is the gossip port when none is given: H-E-A-R on a telephone.
const DefaultPort = 4327

// ParseBind returns the address to listen on that s writes: ip, ip:port, [v6]:port or v6. The port is [DefaultPort]
// when s has none, and may be 0 for any free one. IPv4 written as IPv6 comes back as IPv4. Names are refused, because
// a program that listens "on a name" listens on every interface when the name does not resolve.
func ParseBind(s string) (netip.AddrPort, error) {
	a, err := parseIPPort(s)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("bind address %q: %w", s, err)
	}
	return a, nil
}

// ParseAdvertise returns the address to be told to others that s writes. It takes what [ParseBind] takes, except
// what nobody can reach: an unspecified address and port 0.
func ParseAdvertise(s string) (netip.AddrPort, error) {
	a, err := parseIPPort(s)
	if err == nil {
		err = CheckReachable(a)
	}
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("advertised address %q: %w", s, err)
	}
	return a, nil
}

// ParseListen returns the address to serve operators on that s writes: ip:port, [v6]:port, or :port and port alone for
// loopback. Port 0 picks a free one. Names are refused.
func ParseListen(s string) (netip.AddrPort, error) {
	digits := s
	if len(s) > 0 && s[0] == ':' {
		digits = s[1:]
	}
	if port, ok := ParsePort(digits); ok || digits == "0" {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), port), nil
	}
	if _, _, err := net.SplitHostPort(s); err != nil {
		return netip.AddrPort{}, fmt.Errorf("address %q: write ip:port, or a port alone for loopback", s)
	}
	a, err := parseIPPort(s)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("address %q: %w", s, err)
	}
	return a, nil
}

// ParsePort returns the port that s writes, 1 to 65535.
func ParsePort(s string) (uint16, bool) {
	n, err := strconv.ParseUint(s, 10, 16)
	return uint16(n), err == nil && n > 0
}

// parseIPPort returns the address that s writes, with DefaultPort when it has no port. Its errors say what is wrong
// with s without repeating it.
func parseIPPort(s string) (netip.AddrPort, error) {
	host, port, err := splitPort(s)
	if err != nil {
		return netip.AddrPort{}, err
	}
	ip, err := netip.ParseAddr(host)
	switch {
	case host == "":
		return netip.AddrPort{}, errors.New("the IP is missing: write one, like 127.0.0.1:4327, or 0.0.0.0 for all")
	case strings.EqualFold(host, "localhost"):
		return netip.AddrPort{}, errors.New("names are not taken here: write 127.0.0.1")
	case err != nil:
		return netip.AddrPort{}, fmt.Errorf("%q is not an IP, and names are not taken here: write one like 10.0.0.7:%d",
			host, DefaultPort)
	}
	a := netip.AddrPortFrom(ip.Unmap(), port)
	return a, CheckHost(a.Addr())
}

// splitPort returns the host and the port in s, DefaultPort when s has none. Brackets around the host are removed. A
// bare IPv6 address is a host without a port.
func splitPort(s string) (host string, port uint16, err error) {
	inner, bracketed := strings.CutPrefix(s, "[")
	if bracketed && strings.HasSuffix(inner, "]") {
		return inner[:len(inner)-1], DefaultPort, nil
	}
	if !bracketed && strings.Count(s, ":") != 1 {
		return s, DefaultPort, nil
	}
	host, digits, err := net.SplitHostPort(s)
	if err != nil {
		return "", 0, errors.New("it is neither ip:port nor [ip]:port")
	}
	n, err := strconv.ParseUint(digits, 10, 16)
	if err != nil {
		return "", 0, fmt.Errorf("port %q is not a number from 0 to 65535", digits)
	}
	return host, uint16(n), nil
}

// CheckHost returns an error when ip cannot be an address of a host's own. Unspecified ones pass.
func CheckHost(ip netip.Addr) error {
	switch {
	case !ip.IsValid():
		return errors.New("the IP is missing")
	case ip.Zone() != "":
		return fmt.Errorf("zone %q means something on one host only: write an address without a zone", ip.Zone())
	case ip.IsMulticast(), ip == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return fmt.Errorf("%s is not the address of one host: write a unicast one", ip)
	}
	return nil
}

// CheckReachable returns an error when nobody can be reached at a.
func CheckReachable(a netip.AddrPort) error {
	if err := CheckHost(a.Addr()); err != nil {
		return err
	}
	return membership.ValidateAddress(a)
}

// Of returns the IP and port of a, and whether it has them.
func Of(a net.Addr) (netip.AddrPort, bool) {
	var from netip.AddrPort
	switch a := a.(type) {
	case nil:
		return from, false
	case *net.UDPAddr:
		from = a.AddrPort()
	case *net.TCPAddr:
		from = a.AddrPort()
	default:
		from, _ = netip.ParseAddrPort(a.String())
	}
	return netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), from.IsValid()
}

// Remote returns the address of the other side of c, the zero one when it has none.
func Remote(c net.Conn) netip.AddrPort {
	a, _ := Of(c.RemoteAddr())
	return a
}
