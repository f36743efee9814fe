package addr

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// host is a made-up host: its interfaces, each "name address…", and its routes, each "seed address", or "* address" for the
// default route.
func host(interfaces []string, routes ...string) (s Survey) {
	for _, text := range interfaces {
		words := strings.Fields(text)
		i := Interface{Name: words[0], Loopback: words[0] == "lo"}
		for _, ip := range words[1:] {
			i.Addresses = append(i.Addresses, netip.MustParseAddr(ip))
		}
		s.Interfaces = append(s.Interfaces, i)
	}
	for _, text := range routes {
		seed, from, _ := strings.Cut(text, " ")
		s.Routes = append(s.Routes, Route{strings.Trim(seed, "*"), netip.MustParseAddr(from)})
	}
	return s
}

type interfaces = []string

func TestAdvertiseChoosesWhatOthersReach(t *testing.T) {
	two := interfaces{"lo 127.0.0.1 ::1", "eth0 203.0.113.5 fe80::1", "eth1 fd00::5 10.0.0.5", "eth2 192.168.0.5"}
	for _, c := range []struct {
		rule, given, local  string
		host                Survey
		want, reason, doubt string
	}{
		{"what is given is told", "10.0.0.5:9", "0.0.0.0:7", host(two), "10.0.0.5:9", "given", ""},
		{"a given one that a router translates is told, with a doubt", "198.51.100.1:9", "0.0.0.0:7", host(two), "198.51.100.1:9", "given", "translates"},
		{"one address that is bound to is told", "", "192.168.0.5:7", host(two, "* 203.0.113.5"), "192.168.0.5:7", "bound", ""},
		{"loopback too, for clusters on one host", "", "127.0.0.1:7", host(two), "127.0.0.1:7", "bound", ""},
		{"IPv4 written as IPv6 is IPv4", "", "[::ffff:10.0.0.5]:7", host(two), "10.0.0.5:7", "bound", ""},

		{"the way to a seed is asked first", "", "0.0.0.0:7", host(two, "10.0.0.1:4327 10.0.0.5", "* 203.0.113.5"), "10.0.0.5:7", "seed 10.0.0.1:4327", ""},
		{"of several seeds the first", "", "0.0.0.0:7", host(two, "a 192.168.0.5", "b 10.0.0.5"), "192.168.0.5:7", "seed a", ""},
		{"a seed on this host itself tells nothing", "", "0.0.0.0:7", host(two, "127.0.0.1:9 127.0.0.1", "* 192.168.0.5"), "192.168.0.5:7", "default route", ""},
		{"then the default route", "", "0.0.0.0:7", host(two, "* 192.168.0.5"), "192.168.0.5:7", "default route", ""},
		{"then the first private address", "", "0.0.0.0:7", host(two), "10.0.0.5:7", "first private address of this host, on eth1", ""},
		{":: takes either family", "", "[::]:7", host(two), "[fd00::5]:7", "first private", ""},
		{":: and the way to a seed of IPv4", "", "[::]:7", host(two, "10.0.0.1:4327 10.0.0.5"), "10.0.0.5:7", "seed", ""},
		{"0.0.0.0 takes no IPv6", "", "0.0.0.0:7", host(two, "[fd00::1]:4327 fd00::5", "* 2001:db8::5"), "10.0.0.5:7", "private", ""},
		{"then any other address", "", "0.0.0.0:7", host(interfaces{"lo 127.0.0.1", "eth0 203.0.113.5"}), "203.0.113.5:7", "first address of this host", ""},
		{"a shared address of a carrier or overlay is better than none", "", "0.0.0.0:7", host(interfaces{"tun0 100.64.0.5"}), "100.64.0.5:7", "tun0", ""},
		{"a host that lists no interfaces has routes", "", "0.0.0.0:7", Survey{Err: errors.New("forbidden"), Routes: host(nil, "* 10.1.1.1").Routes}, "10.1.1.1:7", "default route", ""},
		{"an address of loopback alone is not chosen, but a route may prefer it", "", "0.0.0.0:7", host(interfaces{"lo 127.0.0.1 10.9.9.9", "eth0 10.0.0.5"}, "* 10.9.9.9"), "10.9.9.9:7", "default route", ""},

		{"Docker's bridge is the same on every host", "", "0.0.0.0:7", host(interfaces{"docker0 172.17.0.1", "eth0 203.0.113.5"}), "203.0.113.5:7", "eth0", ""},
		{"so is that of a network of Docker's", "", "0.0.0.0:7", host(interfaces{"br-0123456789ab 172.18.0.1", "eth0 203.0.113.5"}), "203.0.113.5:7", "eth0", ""},
		{"and libvirt's, whatever routes say", "", "0.0.0.0:7", host(interfaces{"virbr0 192.168.122.1", "eth0 203.0.113.5"}, "192.168.122.9:1 192.168.122.1"), "203.0.113.5:7", "eth0", ""},
		{"a bridge that is nobody's is the host's way", "", "0.0.0.0:7", host(interfaces{"br0 10.0.0.5", "br-lan 10.1.0.5", "eth0 203.0.113.5"}), "10.0.0.5:7", "br0", ""},
		{"one end of a pair comes after any other", "", "0.0.0.0:7", host(interfaces{"veth1a 10.3.0.1", "eth0 203.0.113.5"}), "203.0.113.5:7", "eth0", ""},
		{"but in a container it is the way", "", "0.0.0.0:7", host(interfaces{"docker0 172.17.0.1", "veth1b 10.3.0.2"}), "10.3.0.2:7", "veth1b", ""},
		{"a bridge is better than no start", "", "0.0.0.0:7", host(interfaces{"lo 127.0.0.1", "docker0 172.17.0.1"}, "* 172.17.0.1"), "172.17.0.1:7", "default", "docker0"},
	} {
		given, _ := netip.ParseAddrPort(c.given)
		got, err := Advertise(given, netip.MustParseAddrPort(c.local), c.host)
		if err != nil || got.Address.String() != c.want || !strings.Contains(got.Reason, c.reason) {
			t.Errorf("%s: %+v, %v: want %s, because %q", c.rule, got, err, c.want, c.reason)
		}
		if !strings.Contains(got.Doubt, c.doubt) || (got.Doubt == "") != (c.doubt == "") {
			t.Errorf("%s: the doubt is %q, want %q", c.rule, got.Doubt, c.doubt)
		}
	}
}

func TestAdvertiseSaysWhatToDoWhenNothingFits(t *testing.T) {
	for rule, h := range map[string]Survey{
		"loopback and link-local only":  host(interfaces{"lo 127.0.0.1 ::1", "eth0 fe80::1 169.254.1.1"}),
		"IPv6 only, bound to IPv4":      host(interfaces{"eth0 2001:db8::5"}, "* 2001:db8::5"),
		"the route leads from loopback": host(nil, "* 127.0.0.1"),
		"interfaces cannot be listed":   {Err: errors.New("netlink is forbidden")},
	} {
		got, err := Advertise(netip.AddrPort{}, netip.MustParseAddrPort("0.0.0.0:7"), h)
		if err == nil || !strings.Contains(err.Error(), "--advertise") {
			t.Errorf("%s: got %v, %v: want an error that names --advertise", rule, got, err)
		}
	}
	for _, local := range []netip.AddrPort{netip.MustParseAddrPort("10.0.0.1:0"), {}} {
		if got, err := Advertise(netip.AddrPort{}, local, host(nil)); err == nil {
			t.Errorf("%s is advertised as %v", local, got)
		}
	}
}

// The real host may have no network at all; whatever it has, the answer must be one that can be reached, or an error.
func TestAdvertiseOfThisHostIsNeverUnspecified(t *testing.T) {
	for _, local := range []string{"0.0.0.0:7", "[::]:7"} {
		got, err := Advertise(netip.AddrPort{}, netip.MustParseAddrPort(local), Look([]string{"127.0.0.1", "a.name", "[::1]:5"}))
		if err == nil && (CheckReachable(got.Address) != nil || got.Reason == "") {
			t.Errorf("%s is advertised as %+v", local, got)
		}
	}
	if ip, err := routeSource(netip.MustParseAddr("127.0.0.1")); err != nil || !ip.IsLoopback() {
		t.Errorf("the route to loopback starts at %v, %v", ip, err)
	}
	if !Has(netip.MustParseAddr("127.0.0.1")) || Has(netip.MustParseAddr("192.0.2.77")) {
		t.Error("it is not known which addresses this host has")
	}
}

// TestWatchFollowsTheHost tells what a host is like from second to second, and what the watch makes of it.
func TestWatchFollowsTheHost(t *testing.T) {
	eth := func(ips string) Survey { return host(interfaces{"lo 127.0.0.1", "docker0 172.17.0.1", "eth0 " + ips}) }
	for _, c := range []struct {
		rule, given, local string
		looks              []Survey // a second apart, the first one at the start; the last one lasts
		seconds            int
		want               string // moves "to X" and faults "lost" with the second of each
	}{
		{"nothing changes", "", "0.0.0.0:7", []Survey{eth("10.0.0.5")}, 60, ""},
		{"another address in its place", "", "0.0.0.0:7", []Survey{eth("10.0.0.5"), eth("10.0.0.6")}, 60, "2 to 10.0.0.6:7"},
		{"an address beside it is none of its business", "", "0.0.0.0:7", []Survey{eth("10.0.0.5"), eth("10.0.0.4 10.0.0.5")}, 60, ""},
		{"the interface is set up anew", "", "0.0.0.0:7", []Survey{eth("10.0.0.5"), eth(""), eth("10.0.0.5")}, 60, ""},
		{"for a while there is none, and the bridge is no way", "", "0.0.0.0:7", []Survey{eth("10.0.0.5"), eth(""), eth(""), eth(""), eth("10.0.0.6")},
			60, "2 lost, 5 to 10.0.0.6:7"},
		{"it comes back", "", "0.0.0.0:7", []Survey{eth("10.0.0.5"), eth(""), eth(""), eth(""), eth("10.0.0.5")}, 60, "2 lost, 4 back"},
		{"the network came up after the agent", "", "0.0.0.0:7", []Survey{eth(""), eth("10.0.0.5")}, 60, "11 to 10.0.0.5:7"},
		{"a bridge may be another one", "", "0.0.0.0:7", []Survey{host(interfaces{"docker0 172.17.0.1"}), host(interfaces{"docker0 172.17.5.1"})}, 60, "2 to 172.17.5.1:7"},
		{"the way to the seed leads elsewhere", "", "0.0.0.0:7",
			[]Survey{host(interfaces{"eth0 10.0.0.5", "eth1 10.1.0.5"}, "s 10.0.0.5"), host(interfaces{"eth0 10.0.0.5", "eth1 10.1.0.5"}, "s 10.1.0.5")},
			60, "11 to 10.1.0.5:7"},
		{"what is no better does not count", "", "0.0.0.0:7",
			[]Survey{host(interfaces{"eth0 10.0.0.5", "eth1 10.1.0.5"}, "s 10.0.0.5"), host(interfaces{"eth0 10.0.0.5", "eth1 10.1.0.5"}, "s 10.1.0.5", "t 10.0.0.5")},
			60, ""},
		{"one that is given is lost", "10.0.0.5:9", "0.0.0.0:7", []Survey{eth("10.0.0.5"), eth("10.0.0.6")}, 60, "2 lost"},
		{"so is one that is bound to, and it comes back", "", "10.0.0.5:7", []Survey{eth("10.0.0.5"), eth(""), eth(""), eth(""), eth("10.0.0.5")}, 60, "2 lost, 4 back"},
		{"one that a router translates is not lost", "198.51.100.1:9", "0.0.0.0:7", []Survey{eth("10.0.0.5"), eth("10.0.0.6")}, 60, ""},
		{"one that came late is", "10.0.0.6:9", "0.0.0.0:7", []Survey{eth("10.0.0.5"), eth("10.0.0.6"), eth("")}, 60, "3 lost"},
		{"loopback is never lost", "", "127.0.0.1:7", []Survey{eth("10.0.0.5"), eth("")}, 60, ""},
		{"a host that does not answer has lost nothing", "", "0.0.0.0:7", []Survey{eth("10.0.0.5"), {Err: errors.New("no memory")}}, 60, ""},
	} {
		given, _ := netip.ParseAddrPort(c.given)
		local := netip.MustParseAddrPort(c.local)
		told, err := Advertise(given, local, c.looks[0])
		if err != nil {
			t.Errorf("%s: %v", c.rule, err)
			continue
		}
		w, was := NewWatch(told, local, c.looks[0]), ""
		var got []string
		for second := range c.seconds {
			s := c.looks[min(second, len(c.looks)-1)]
			told, moved, fault := w.Judge(time.Unix(int64(second), 0), s)
			at := time.Duration(second * int(time.Second)).String()
			at = strings.TrimSuffix(at, "s")
			switch {
			case moved:
				got = append(got, at+" to "+told.Address.String())
			case fault != "" && was == "":
				got = append(got, at+" lost")
			case fault == "" && was != "":
				got = append(got, at+" back")
			}
			was = fault
		}
		if told := strings.Join(got, ", "); told != c.want {
			t.Errorf("%s: the watch finds [%s], want [%s]", c.rule, told, c.want)
		}
	}
}
