package agent

import (
	"net/netip"
	"testing"

	"heartsay/agent/seal"
	"heartsay/membership"
)

func TestRefusalNamesTheMemberOfItsAddressButNeverThisOne(t *testing.T) {
	view := func(name, address string) membership.View {
		return membership.View{Record: &membership.Record{Name: name, Address: netip.MustParseAddrPort(address)}}
	}
	views := []membership.View{view("self", "10.0.0.1:4327"), view("b", "10.0.0.2:4327"), view("c", "10.0.0.3:1"), view("d", "10.0.0.3:2")}
	for from, want := range map[string]string{
		"10.0.0.1:0": "", "10.0.0.1:9": "", "10.0.0.2:4327": "b", "10.0.0.2:0": "b", "10.0.0.3:0": "", "10.0.0.3:2": "d", "10.0.0.4:0": "",
	} {
		if got := apiRefusal(seal.Refusal{From: netip.MustParseAddrPort(from)}, views, "self").Member; got != want {
			t.Errorf("what came from %s is said to be of %q, want %q", from, got, want)
		}
	}
}
