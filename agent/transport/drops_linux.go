package transport

import (
	"encoding/binary"
	"net"

	"golang.org/x/sys/unix"
)

// controlSize is how long the messages are that the system writes beside a packet: one, of 32 bits.
var controlSize = unix.CmsgSpace(4)

// countDrops asks the system to tell with each packet how many it had dropped at the socket by then, SO_RXQ_OVFL
// [socket(7)]. Where it cannot, nothing is told.
func countDrops(udp *net.UDPConn) {
	raw, err := udp.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RXQ_OVFL, 1) })
}

// dropsOf returns how many packets the system had dropped since the socket was opened, because its buffer was full,
// modulo 2^32, and whether the control messages of a packet tell. As long as there are none they do not.
func dropsOf(control []byte) (uint32, bool) {
	for len(control) >= unix.SizeofCmsghdr {
		header, data, rest, err := unix.ParseOneSocketControlMessage(control)
		if err != nil {
			break
		}
		if header.Level == unix.SOL_SOCKET && header.Type == unix.SO_RXQ_OVFL && len(data) >= 4 {
			return binary.NativeEndian.Uint32(data), true
		}
		control = rest
	}
	return 0, false
}
