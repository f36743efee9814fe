package agent

import (
	"net/netip"
	"strings"
	"testing"
)

func TestPlaintextStaysOnLoopbackUnlessAllowed(t *testing.T) {
	for _, open := range []string{"10.0.0.7:4327", "0.0.0.0:4327", "[::]:4327", "[2001:db8::7]:4327"} {
		bind := netip.MustParseAddrPort(open)
		err := checkExposure(bind, false)
		for _, wayOut := range []string{"--key-file", "127.0.0.1", "--allow-plaintext", open} {
			if err == nil || !strings.Contains(err.Error(), wayOut) {
				t.Errorf("CheckExposure(%s, false) = %v: it must be refused and name %s", open, err, wayOut)
			}
		}
		if err := checkExposure(bind, true); err != nil {
			t.Errorf("CheckExposure(%s, true) = %v, but the operator allowed it", open, err)
		}
	}
	for _, local := range []string{"127.0.0.1:4327", "127.9.9.9:1", "[::1]:1", "[::ffff:127.0.0.1]:1"} {
		if err := checkExposure(netip.MustParseAddrPort(local), false); err != nil {
			t.Errorf("CheckExposure(%s, false) = %v, but loopback is open to nobody else", local, err)
		}
	}
	if checkExposure(netip.AddrPort{}, false) == nil {
		t.Error("an invalid address counts as safe")
	}
}
