package e2e

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// What /proc tells of a process.

// resident returns the bytes of memory that a process holds.
func (p *process) resident() uint64 { return p.status("VmRSS:") << 10 }

// threads returns how many threads of the system a process has.
func (p *process) threads() uint64 { return p.status("Threads:") }

func (p *process) status(key string) uint64 {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	_, rest, _ := strings.Cut(string(b), "\n"+key)
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	n, _ := strconv.ParseUint(fields[0], 10, 64)
	return n
}

// openFiles returns how many file descriptors a process has open.
func (p *process) openFiles() uint64 {
	entries, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.cmd.Process.Pid))
	return uint64(len(entries))
}

// cpuTicks returns the time on a processor that a process has had, in hundredths of a second.
func (p *process) cpuTicks() uint64 {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	fields := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.ParseUint(string(fields[11]), 10, 64)
	system, _ := strconv.ParseUint(string(fields[12]), 10, 64)
	return user + system
}
