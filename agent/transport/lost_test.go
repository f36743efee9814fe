package transport

import (
	"net"
	"net/netip"
	"runtime"
	"testing"
)

func TestWhatTheSystemDropsIsFound(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells what it drops")
	}
	socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	local := socket.LocalAddr().(*net.UDPAddr).AddrPort()
	if err := socket.SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	sender, err := net.Dial("udp", local.String())
	if err != nil {
		t.Fatal(err)
	}
	defer sender.Close()
	if got := systemDrops(local); got != 0 {
		t.Errorf("a socket that got nothing has dropped %d packets", got)
	}
	for range 1000 { // which nobody reads
		_, _ = sender.Write(make([]byte, 1000))
	}
	if got := systemDrops(local); got == 0 || got > 1000 {
		t.Errorf("of 1000 packets that nobody read %d count as dropped", got)
	}
}

func TestTheRowOfASocketIsRecognised(t *testing.T) {
	for _, c := range []struct {
		row, local string
		want       bool
	}{
		{"0100007F:10E7", "127.0.0.1:4327", true},
		{"0100007F:10E8", "127.0.0.1:4327", false},
		{"0200007F:10E7", "127.0.0.1:4327", false},
		{"00000000:10E7", "0.0.0.0:4327", true},
		{"00000000000000000000000000000000:10E7", "0.0.0.0:4327", true},
		{"00000000000000000000000000000000:10E7", "[::]:4327", true},
		{"00000000000000000000000001000000:10E7", "[::1]:4327", true},
	} {
		if got := isSocketAt(c.row, netip.MustParseAddrPort(c.local)); got != c.want {
			t.Errorf("the row %s is taken for the socket at %s: %t", c.row, c.local, got)
		}
	}
}
