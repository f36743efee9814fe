package addr

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Seed is an address to join by. Host is an IP in its canonical form or a host name in lower case.
type Seed struct {
	Host string
	Port uint16
}

// Resolver looks up the addresses of a host name. [net.Resolver] is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// ParseSeed returns the seed that s writes: ip[:port], [v6]:port, v6 or name[:port], with [DefaultPort] when s has no
// port. It looks nothing up, so a name that it takes may still not exist.
func ParseSeed(s string) (Seed, error) {
	host, port, err := splitPort(s)
	if err != nil {
		return Seed{}, fmt.Errorf("seed %q: %w", s, err)
	}
	if port == 0 {
		return Seed{}, fmt.Errorf("seed %q: nobody can be reached at port 0", s)
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		if err := checkHostName(host); err != nil {
			return Seed{}, fmt.Errorf("seed %q: %w", s, err)
		}
		return Seed{strings.ToLower(host), port}, nil
	}
	ip = ip.Unmap()
	if err := CheckReachable(netip.AddrPortFrom(ip, port)); err != nil {
		return Seed{}, fmt.Errorf("seed %q: %w", s, err)
	}
	return Seed{ip.String(), port}, nil
}

// String returns the seed as [ParseSeed] reads it, always with its port.
func (s Seed) String() string { return net.JoinHostPort(s.Host, strconv.Itoa(int(s.Port))) }

// Resolve returns the addresses behind s, sorted, each once, IPv4 never written as IPv6. An IP is its own answer and
// costs no look-up. Addresses at which nobody can be reached are left out; when none remains, that is an error.
func (s Seed) Resolve(ctx context.Context, r Resolver) ([]netip.AddrPort, error) {
	if ip, err := netip.ParseAddr(s.Host); err == nil {
		return []netip.AddrPort{netip.AddrPortFrom(ip.Unmap(), s.Port)}, nil
	}
	ips, err := r.LookupNetIP(ctx, "ip", s.Host)
	if err != nil {
		return nil, fmt.Errorf("resolve seed %s: %w", s, err)
	}
	found := make([]netip.AddrPort, 0, len(ips))
	for _, ip := range ips {
		if a := netip.AddrPortFrom(ip.Unmap(), s.Port); CheckReachable(a) == nil {
			found = append(found, a)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("resolve seed %s: the name has no address that can be reached", s)
	}
	slices.SortFunc(found, netip.AddrPort.Compare)
	return slices.Compact(found), nil
}

// checkHostName returns an error that says why name cannot be looked up. Labels are 1 to 63 of A–Z a–z 0–9 - _, with
// no hyphen at either end [RFC 1123, 2.1; the underscore is common in container networks]. A last label of digits
// only is a mistyped IP.
func checkHostName(name string) error {
	if name == "" {
		return errors.New("the host is missing: write an IP or a name, like 10.0.0.7:4327")
	}
	labels := strings.Split(strings.TrimSuffix(name, "."), ".")
	for _, label := range labels {
		if err := checkLabel(label); err != nil {
			return fmt.Errorf("%q is neither an IP nor a host name: %w", name, err)
		}
	}
	if last := labels[len(labels)-1]; strings.Trim(last, "0123456789") == "" {
		return fmt.Errorf("%q is neither an IP nor a host name: a name does not end in a number", name)
	}
	if len(name) > 253 {
		return fmt.Errorf("host name is %d bytes long: at most 253 are allowed", len(name))
	}
	return nil
}

func checkLabel(label string) error {
	switch {
	case label == "":
		return errors.New("a part between two dots is empty")
	case len(label) > 63:
		return fmt.Errorf("a part of it has %d bytes: at most 63 are allowed", len(label))
	case label[0] == '-', label[len(label)-1] == '-':
		return fmt.Errorf("%q begins or ends with a hyphen", label)
	}
	for _, r := range label {
		ok := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_'
		if !ok {
			return fmt.Errorf("%q is not allowed in a name", r)
		}
	}
	return nil
}
