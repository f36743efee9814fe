package main

import "syscall"

// forbidCores keeps the system from writing the memory of this process to a file when it crashes: keys are in it. Programs
// that the agent starts inherit that, and may change it for themselves.
func forbidCores() error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_CORE, &limit); err != nil {
		return err
	}
	limit.Cur = 0
	return syscall.Setrlimit(syscall.RLIMIT_CORE, &limit)
}
