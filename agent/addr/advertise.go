package addr

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// Advertised is the address that others are told of an agent, and what speaks for and against it.
type Advertised struct {
	Address netip.AddrPort
	Given   bool   // by the operator, who bound to it or named it; otherwise it was chosen
	Reason  string // why it is this one, for people
	Doubt   string // why others may not reach it, and what to do; "" when nothing speaks against it

	rank rank // of one that was chosen
}

// Advertise returns the address that others shall be told of an agent that listens on local, whose port must be the real
// one. It is given, if that is valid; else local, if that is one address; else it is chosen among those of the host, with
// local's port. Only what local listens on is chosen: IPv4 for 0.0.0.0, either for ::. The error says that there is none to
// choose.
//
// Chosen is, in this order, the address from which the host would send to a seed, or by its default route, its first private
// one, and its first other one. Interfaces for virtual machines and containers inside of the host come last: theirs is often
// the same on every host.
func Advertise(given, local netip.AddrPort, s Survey) (Advertised, error) {
	local = netip.AddrPortFrom(local.Addr().Unmap(), local.Port())
	switch {
	case given.IsValid():
		return s.given(given, "it was given")
	case local.Port() == 0:
		return Advertised{}, fmt.Errorf("advertise %s: its port is not chosen yet", local)
	case !local.Addr().IsUnspecified():
		return s.given(local, "gossip is bound to it")
	}
	best, ok := s.best(local.Addr().Is4())
	if !ok {
		return Advertised{}, fmt.Errorf("choose an address to advertise for %s: %w: pass --advertise IP:PORT, or bind to one address",
			local, s.none())
	}
	return best.advertised(local.Port()), nil
}

// given returns an address that was given.
func (s *Survey) given(a netip.AddrPort, why string) (Advertised, error) {
	chosen := Advertised{Address: a, Given: true, Reason: why}
	if !s.has(a.Addr()) {
		chosen.Doubt = "this host does not have it, which is right only where a router translates it: correct --advertise otherwise"
	}
	return chosen, CheckReachable(a)
}

// none returns why there is no address to choose.
func (s *Survey) none() error {
	if s.Err != nil {
		return fmt.Errorf("list the interfaces: %w", s.Err)
	}
	return errors.New("this host has loopback and link-local addresses only")
}

// rank is how likely others reach a host by one of its addresses; less is likelier.
type rank int

const (
	toSeed rank = iota
	byDefault
	private
	other
	inVeth   // one end of a pair is in a container, if this is not the container
	inBridge // of virtual machines or containers
)

// candidate is an address of the host that may be chosen.
type candidate struct {
	ip     netip.Addr
	rank   rank
	reason string
	owner  string // the interface that has it; "": none is known
}

func (c candidate) advertised(port uint16) Advertised {
	a := Advertised{Address: netip.AddrPortFrom(c.ip, port), Reason: c.reason, rank: c.rank}
	if c.rank == inBridge {
		a.Doubt = fmt.Sprintf("it belongs to %s, which leads to what runs inside of this host, and other hosts may have the same: "+
			"pass --advertise IP:PORT", c.owner)
	}
	return a
}

// best returns the address that others most likely reach, the first of several. The result says whether there is any.
func (s *Survey) best(only4 bool) (best candidate, ok bool) {
	for _, c := range s.candidates(only4) {
		if !ok || c.rank < best.rank {
			best, ok = c, true
		}
	}
	return best, ok
}

// rankOf returns the rank of an address, which is inBridge at least when it is no candidate.
func (s *Survey) rankOf(ip netip.Addr) rank {
	least := inBridge
	for _, c := range s.candidates(false) {
		if c.ip == ip {
			least = min(least, c.rank)
		}
	}
	return least
}

// candidates returns the addresses that may be chosen, one again for each reason.
func (s *Survey) candidates(only4 bool) (all []candidate) {
	add := func(ip netip.Addr, r rank, owner, reason string) {
		if isInner(owner) {
			r = inBridge
		}
		if ip = ip.Unmap(); ip.IsGlobalUnicast() && ip.Zone() == "" && (ip.Is4() || !only4) {
			all = append(all, candidate{ip, r, reason, owner})
		}
	}
	for _, route := range s.Routes {
		owner := ""
		if i := s.owner(route.From.Unmap()); i != nil {
			owner = i.Name
		}
		if route.Seed != "" {
			add(route.From, toSeed, owner, "this host sends from it to the seed "+route.Seed)
		} else {
			add(route.From, byDefault, owner, "this host sends from it by its default route")
		}
	}
	for _, i := range s.Interfaces {
		for _, ip := range i.Addresses {
			r, kind := other, "the first address"
			if ip.IsPrivate() {
				r, kind = private, "the first private address"
			}
			if strings.HasPrefix(i.Name, "veth") {
				r = inVeth
			}
			if !i.Loopback {
				add(ip, r, i.Name, "it is "+kind+" of this host, on "+i.Name)
			}
		}
	}
	return all
}

// innerNames are how the names of interfaces begin that lead to virtual machines and containers inside of a host. A bridge
// of another name may well be the host's way to the others.
var innerNames = []string{
	"docker", "podman", "virbr", "lxcbr", "lxdbr", "incusbr", "cni", "cbr", "flannel", "cali", "cilium", "weave", "kube-", "nodelocaldns",
	"vboxnet", "vmnet",
}

// isInner reports whether an interface leads to what runs inside of the host, by its name.
func isInner(name string) bool {
	for _, begin := range innerNames {
		if strings.HasPrefix(name, begin) {
			return true
		}
	}
	id, isBridge := strings.CutPrefix(name, "br-") // as Docker names its networks: 12 digits
	return isBridge && len(id) == 12 && strings.Trim(id, "0123456789abcdef") == ""
}
