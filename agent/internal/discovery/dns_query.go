package discovery

import (
	"encoding/hex"
	"net/netip"
	"strings"

	"github.com/miekg/dns"

	"heartsay/agent/addr"
	"heartsay/membership"
)

// The names of the zone, read from the right:
//
//	ZONE                        all who are alive or suspect
//	NAME.member.ZONE            one member
//	HEX.addr.ZONE               the address itself, for members whose name does not fit into DNS
//	STATE.state.ZONE            all in a state; repeated: in any of them
//	VALUE.KEY.tag.ZONE          all with a tag; repeated: with all of them
//	_TAG._tcp.….ZONE            SRV: the ports that members tell in the tag TAG; _heartsay: their gossip ports
//
// State and tag go together in any order: web.role.tag.alive.state.ZONE.

// gossipService is the service whose port is that of the gossip.
const gossipService = "heartsay"

// dnsQuery is what a name of the zone asks for.
type dnsQuery struct {
	wanted
	apex    bool
	address netip.Addr // valid: this address, whichever member has it
	service string     // tag that holds the port; "": no port is asked for
}

// parseDNSName returns what a name within zone asks for, and false when there is no such name. Both are canonical: in
// lower case, with a dot at the end.
func parseDNSName(name, zone string) (q dnsQuery, ok bool) {
	q.fold = true
	labels := dns.SplitDomainName(strings.TrimSuffix(name, zone))
	q.apex = len(labels) == 0
	for n := len(labels); n > 0; n = len(labels) {
		switch kind := labels[n-1]; {
		case kind == "member" && n > 1:
			q.name, labels = strings.Join(labels[:n-1], "."), nil
		case kind == "addr" && n == 2:
			if q.address, ok = parseHexAddress(labels[0]); !ok {
				return q, false
			}
			labels = nil
		case kind == "state" && n > 1:
			state, err := parseState(labels[n-2])
			if err != nil {
				return q, false
			}
			q.states, labels = append(q.states, state), labels[:n-2]
		case kind == "tag" && n > 2:
			q.tags, labels = append(q.tags, membership.Tag{Key: labels[n-2], Value: labels[n-3]}), labels[:n-3]
		case n == 2 && (kind == "_tcp" || kind == "_udp") && len(labels[0]) > 1 && labels[0][0] == '_':
			q.service, labels = labels[0][1:], nil
		default:
			return q, false
		}
	}
	if len(q.states) == 0 {
		q.states = present()
	}
	return q, true
}

// servicePort returns the port of the service at a member, and whether it has one.
func (q dnsQuery) servicePort(v membership.View) (uint16, bool) {
	if q.service == gossipService {
		return v.Record.Address.Port(), true
	}
	for _, t := range v.Record.Tags {
		if strings.EqualFold(t.Key, q.service) {
			return addr.ParsePort(t.Value)
		}
	}
	return 0, false
}

// dnsTarget returns the name under which zone has the address of a member.
func dnsTarget(v membership.View, zone string) string {
	name := v.Record.Name + ".member." + zone
	if _, ok := dns.IsDomainName(name); ok && !strings.HasPrefix(name, ".") {
		return name
	}
	return hex.EncodeToString(v.Record.Address.Addr().AsSlice()) + ".addr." + zone
}

func parseHexAddress(s string) (netip.Addr, bool) {
	b, err := hex.DecodeString(s)
	if err != nil {
		return netip.Addr{}, false
	}
	return netip.AddrFromSlice(b)
}
