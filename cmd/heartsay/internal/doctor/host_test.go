package doctor

import (
	"net/netip"
	"testing"
)

func TestSeedThatIsAnAddressIsToldOnce(t *testing.T) {
	one, other := netip.MustParseAddrPort("10.0.0.1:4327"), netip.MustParseAddrPort("10.0.0.2:4327")
	if got := seedWords("10.0.0.1:4327", []netip.AddrPort{one}); got != "10.0.0.1:4327 is an address" {
		t.Errorf("an address is told as %q", got)
	}
	if got := seedWords("db:4327", []netip.AddrPort{one, other}); got != "db:4327 is 10.0.0.1:4327, 10.0.0.2:4327" {
		t.Errorf("a name of two addresses is told as %q", got)
	}
}
