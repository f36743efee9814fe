package transport

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"time"
)

// lostEvery is how often the system is asked for the packets that it dropped.
const lostEvery = time.Second

// Lost returns how many packets came for this agent and were dropped because it did not keep up: by the queue of t, by
// the system before t saw them, or by a carrier that counts them. It never goes back.
func (t *Transport) Lost() uint64 {
	lost := t.drops.packetQueue.Load() + t.drops.packetKernel.Load()
	if counting, ok := t.carrier.(interface{ Lost() uint64 }); ok {
		lost += counting.Lost()
	}
	return lost
}

// watchLost counts what the system drops, until t is closed.
func (t *Transport) watchLost() {
	var before uint64
	timer := time.NewTicker(lostEvery)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-t.stop:
			return
		}
		// The rows of sockets come and go with other programs; ours stays as long as t is open.
		if now := systemDrops(t.local); now > before {
			t.drops.packetKernel.Add(now - before)
			before = now
		}
	}
}

// systemDrops returns how many packets the system has dropped that were for the UDP socket at an address, because the
// socket's buffer was full. It is 0 where the system does not tell: Linux does, in /proc/net/udp [proc_net(5)].
func systemDrops(local netip.AddrPort) (drops uint64) {
	for _, file := range []string{"/proc/self/net/udp", "/proc/self/net/udp6"} {
		b, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		for lines := bufio.NewScanner(bytes.NewReader(b)); lines.Scan(); {
			fields := bytes.Fields(lines.Bytes())
			if len(fields) < 13 || !isSocketAt(string(fields[1]), local) {
				continue
			}
			n, _ := strconv.ParseUint(string(fields[len(fields)-1]), 10, 64)
			drops += n
		}
	}
	return drops
}

// isSocketAt reports whether the address of a row is local, or the same port of all addresses where local is that.
func isSocketAt(row string, local netip.AddrPort) bool {
	if local.Addr().IsUnspecified() {
		const all = "00000000"
		port := fmt.Sprintf(":%04X", local.Port())
		return row == all+port || row == all+all+all+all+port
	}
	return row == procAddress(local)
}

// procAddress returns an address as /proc/net writes it: words of 32 bits, each in the order of the host.
func procAddress(a netip.AddrPort) string {
	var hex string
	for b := a.Addr().AsSlice(); len(b) > 0; b = b[4:] {
		hex += fmt.Sprintf("%08X", binary.NativeEndian.Uint32(b))
	}
	return fmt.Sprintf("%s:%04X", hex, a.Port())
}
