package agent

import (
	"net"
	"net/netip"
	"strings"
	"testing"
)

func TestPortThatIsTakenIsSaidWithTheFlagThatChoosesAnother(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	used, elsewhere := netip.MustParseAddrPort(taken.Addr().String()), netip.MustParseAddrPort("192.0.2.1:4327")
	for _, c := range []struct {
		cfg  Config
		want string
	}{
		{Config{Metrics: used}, "choose another port with --metrics, or stop what holds it"},
		{Config{DNS: used}, "choose another port with --dns, or stop what holds it"},
		{Config{Metrics: elsewhere}, "give one of its own with --metrics"},
		{Config{DNS: elsewhere}, "give one of its own with --dns"},
	} {
		if _, err := openEndpoints(c.cfg); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("an endpoint that cannot be opened is told as %v, want %q", err, c.want)
		}
	}
}
