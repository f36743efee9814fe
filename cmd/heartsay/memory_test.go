package main

import (
	"bytes"
	"runtime"
	"runtime/debug"
	"testing"
)

func TestTheLimitOfMemoryFollowsWhatIsInUseAndNotTheGarbageOfAMoment(t *testing.T) {
	const mib = 1 << 20
	var l memoryLimit
	for i, c := range []struct {
		live, other uint64
		want        int64
		why         string
	}{
		{0, 3 * mib, 11 * mib, "before the first collection there is room to start"},
		{2 * mib, 3 * mib, 11 * mib, ""}, {2 * mib, 3 * mib, 11 * mib, ""}, {2 * mib, 3 * mib, 11 * mib, ""}, {2 * mib, 3 * mib, 11 * mib, ""},
		{2 * mib, 3 * mib, 19 * mib, "a small heap may become five or more times as large"},
		{60 * mib, 3 * mib, 19 * mib, "garbage that came while the collector marked is no use"},
		{2 * mib, 90 * mib, 106 * mib, "stacks are no heap, and do not take its place"},
		{30 * mib, 3 * mib, 19 * mib, ""}, {30 * mib, 3 * mib, 19 * mib, ""}, {31 * mib, 3 * mib, 19 * mib, ""}, {40 * mib, 3 * mib, 19 * mib, ""},
		{32 * mib, 3 * mib, 131 * mib, "what stays in use for long raises the limit"},
		{2 * mib, 3 * mib, 19 * mib, "and what is free again lowers it"},
	} {
		if got := l.next(c.live, c.other); got != c.want {
			t.Errorf("step %d: with %d B in use and %d B of other memory the limit is %d, want %d: %s", i, c.live, c.other, got, c.want, c.why)
		}
	}
}

func TestWhatIsInUseIsToldFromOtherMemory(t *testing.T) {
	const size = 64 << 20
	runtime.GC()
	live, other := memoryInUse()
	held := bytes.Repeat([]byte{1}, size)
	runtime.GC()
	more, rest := memoryInUse()
	if more < live+size*9/10 {
		t.Errorf("64 MiB more are in use, and %d B became %d B", live, more)
	}
	if rest > other+size/2 {
		t.Errorf("64 MiB of the heap count as other memory: %d B became %d B", other, rest)
	}
	runtime.KeepAlive(held)
}

func TestALimitOfTheEnvironmentStands(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	t.Setenv("GOMEMLIMIT", "off")
	limitMemory(t.Context()) // returns at once
	if got := debug.SetMemoryLimit(-1); got != before {
		t.Errorf("the limit became %d, want that of the environment, %d", got, before)
	}
}
