package process

import (
	"encoding/binary"
	"strconv"
	"syscall"
	"unsafe"
)

// endedChild returns the process id of a child that has ended, and leaves it where it is; 0: there is none. Package
// syscall has no waitid(2).
func endedChild() (pid int) {
	const (
		allChildren = 0   // P_ALL
		size        = 128 // of a siginfo_t
	)
	var info [size / 8]uint64
	_, _, errno := syscall.Syscall6(syscall.SYS_WAITID, allChildren, 0, uintptr(unsafe.Pointer(&info)),
		syscall.WEXITED|syscall.WNOHANG|syscall.WNOWAIT, 0, 0)
	if errno != 0 {
		return 0
	}
	bytes := (*[size]byte)(unsafe.Pointer(&info))
	const at = 8 + strconv.IntSize/8 // si_pid stands behind three ints, where a pointer could stand
	return int(int32(binary.NativeEndian.Uint32(bytes[at:])))
}
