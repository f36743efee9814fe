package transport

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// told is a socket beside whose packets the system tells how many it dropped.
type told struct {
	packetConn
	lost uint32
}

func (s told) ReadMsgUDPAddrPort(b, control []byte) (n, controls, flags int, from netip.AddrPort, err error) {
	n, _, flags, from, err = s.packetConn.ReadMsgUDPAddrPort(b, control)
	header := (*unix.Cmsghdr)(unsafe.Pointer(&control[0]))
	header.Level, header.Type = unix.SOL_SOCKET, unix.SO_RXQ_OVFL
	header.SetLen(unix.CmsgLen(4))
	binary.NativeEndian.PutUint32(control[unix.CmsgLen(0):], s.lost)
	return n, unix.CmsgSpace(4), flags, from, err
}

func TestTheCounterOfTheSystemMayBeginAgain(t *testing.T) {
	r, sender := unread(t)
	r.lost, r.udp = 1<<32-5, told{r.udp, 7}
	write(t, sender, 2, 1)
	for range 2 {
		if err := r.next(); err != nil || r.in.drops.packetKernel.Load() != 12 {
			t.Errorf("from 2^32-5 to 7, %d were dropped, %v: want 12", r.in.drops.packetKernel.Load(), err)
		}
	}
}
