package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"time"
)

// memberlist's transport sets 64 KiB aside for each packet, in a flood a gigabyte a second. What of that comes while the
// collector marks counts as in use, so that the heap may grow to twice as much until the next time, and then again. A
// limit on memory ends that. It follows what is really in use, and lies so far above that it does nothing in quiet times.
const (
	heapTimes  = 4       // the heap may have so many times what is in use,
	heapBeside = 8 << 20 // and bytes beside, for a small one
	heapWindow = 5       // seconds: what was least in use in them is no garbage that came at the wrong moment
)

// memoryLimit is what memory an agent may have.
type memoryLimit struct {
	live []uint64 // bytes of the heap that were in use, in each of the last heapWindow seconds
}

// next returns the limit, in bytes, when live bytes of the heap are in use and other bytes of memory are no heap.
func (l *memoryLimit) next(live, other uint64) int64 {
	l.live = append(l.live[max(0, len(l.live)-heapWindow+1):], live)
	return int64(other + heapTimes*slices.Min(l.live) + heapBeside)
}

// limitMemory keeps a limit on this process's memory until ctx ends, unless its environment sets one (GOMEMLIMIT).
func limitMemory(ctx context.Context) {
	if os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	var limit memoryLimit
	for second := time.NewTicker(time.Second); ; {
		debug.SetMemoryLimit(limit.next(memoryInUse()))
		select {
		case <-second.C:
		case <-ctx.Done():
			second.Stop()
			return
		}
	}
}

// memoryInUse returns how many bytes of the heap were in use at the last collection, and how many bytes of memory the
// runtime has for anything else: stacks, above all.
func memoryInUse() (live, other uint64) {
	s := []metrics.Sample{
		{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/memory/classes/heap/free:bytes"}, {Name: "/memory/classes/heap/unused:bytes"},
		{Name: "/memory/classes/heap/released:bytes"},
	}
	metrics.Read(s)
	other = s[1].Value.Uint64()
	for _, heap := range s[2:] {
		other -= min(other, heap.Value.Uint64())
	}
	return s[0].Value.Uint64(), other
}
