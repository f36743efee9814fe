//go:build !linux

package transport

import "net"

const controlSize = 0

// countDrops does nothing: only Linux tells what it drops.
func countDrops(*net.UDPConn) {}

func dropsOf([]byte) (uint32, bool) { return 0, false }
