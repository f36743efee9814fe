package addr

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
)

// host is a made-up host: its interfaces' addresses, and the sources of its routes by network.
type host struct {
	ifaces []string
	err    error
	routes map[string]string
}

func (h host) addrs() ([]netip.Addr, error) {
	var all []netip.Addr
	for _, s := range h.ifaces {
		all = append(all, netip.MustParseAddr(s))
	}
	return all, h.err
}

func (h host) route(network, _ string) (netip.Addr, error) {
	if s, ok := h.routes[network]; ok {
		return netip.MustParseAddr(s), nil
	}
	return netip.Addr{}, errors.New("network is unreachable")
}

func TestAdvertiseChoosesWhatOthersCanReach(t *testing.T) {
	everything := host{ifaces: []string{"127.0.0.1", "fe80::1", "203.0.113.5", "fd00::5", "10.0.0.5", "192.168.0.5"}}
	for _, c := range []struct {
		rule, bind string
		host       host
		want, note string
	}{
		{"a specific bind is its own answer", "10.9.9.9:7", everything, "10.9.9.9:7", ""},
		{"loopback too, for clusters on one host", "127.0.0.1:7", everything, "127.0.0.1:7", ""},
		{"IPv4 written as IPv6 is IPv4", "[::ffff:10.9.9.9]:7", everything, "10.9.9.9:7", ""},
		{"0.0.0.0: the first private IPv4", "0.0.0.0:7", everything, "10.0.0.5:7", "first private"},
		{"::: the first private of either family", "[::]:7", everything, "[fd00::5]:7", "first private"},
		{"no private one must not mean no start", "0.0.0.0:7", host{ifaces: []string{"127.0.0.1", "203.0.113.5"}},
			"203.0.113.5:7", "no private"},
		{"a shared address of a carrier or overlay is better than none", "0.0.0.0:7",
			host{ifaces: []string{"100.64.0.5"}}, "100.64.0.5:7", "no private"},
		{"nothing on the interfaces: the default route", "0.0.0.0:7",
			host{ifaces: []string{"127.0.0.1"}, routes: map[string]string{"udp4": "198.51.100.5"}},
			"198.51.100.5:7", "default route"},
		{"interfaces that cannot be listed: the default route", "0.0.0.0:7",
			host{err: errors.New("netlink is forbidden"), routes: map[string]string{"udp4": "10.1.1.1"}},
			"10.1.1.1:7", "default route"},
		{"::: the default route of IPv6 as well", "[::]:7", host{routes: map[string]string{"udp6": "2001:db8::5"}},
			"[2001:db8::5]:7", "default route"},
	} {
		got, note, err := choose(netip.MustParseAddrPort(c.bind), c.host.addrs, c.host.route)
		if err != nil || got.String() != c.want {
			t.Errorf("%s: bind %s advertises %v, %v: want %s", c.rule, c.bind, got, err, c.want)
		}
		if !strings.Contains(note, c.note) || (note == "") != (c.note == "") {
			t.Errorf("%s: bind %s: the note %q does not say %q", c.rule, c.bind, note, c.note)
		}
	}
}

func TestAdvertiseSaysWhatToDoWhenNothingFits(t *testing.T) {
	for rule, h := range map[string]host{
		"loopback and link-local only":  {ifaces: []string{"127.0.0.1", "::1", "fe80::1", "169.254.1.1"}},
		"IPv6 only, bound to IPv4":      {ifaces: []string{"2001:db8::5"}, routes: map[string]string{"udp6": "2001:db8::5"}},
		"the route leads from loopback": {routes: map[string]string{"udp4": "127.0.0.1"}},
		"interfaces cannot be listed":   {err: errors.New("netlink is forbidden")},
	} {
		got, _, err := choose(netip.MustParseAddrPort("0.0.0.0:7"), h.addrs, h.route)
		if err == nil || got.IsValid() || !strings.Contains(err.Error(), "--advertise") {
			t.Errorf("%s: got %v, %v: want an error that names --advertise", rule, got, err)
		}
	}
	if got, _, err := ChooseAdvertised(netip.MustParseAddrPort("10.0.0.1:0")); err == nil {
		t.Errorf("port 0 is advertised as %v", got)
	}
	if got, _, err := ChooseAdvertised(netip.AddrPort{}); err == nil {
		t.Errorf("no address is advertised as %v", got)
	}
}

// The real host may have no network at all; whatever it has, the answer must be one that can be reached, or an error.
func TestAdvertiseOfThisHostIsNeverUnspecified(t *testing.T) {
	for _, bind := range []string{"0.0.0.0:7", "[::]:7"} {
		got, note, err := ChooseAdvertised(netip.MustParseAddrPort(bind))
		if err == nil && (CheckReachable(got) != nil || note == "") {
			t.Errorf("bind %s advertises %s with the note %q", bind, got, note)
		}
	}
	if ip, err := routeSource("udp4", "127.0.0.1:9"); err != nil || !ip.IsLoopback() {
		t.Errorf("the route to loopback starts at %v, %v", ip, err)
	}
}
