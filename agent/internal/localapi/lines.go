package localapi

import (
	"encoding/json"
	"sync"

	"heartsay/api"
)

// lineCache holds the newest events as JSON, so that thousands of readers share one encoding. It is safe for
// concurrent use.
type lineCache struct {
	mu    sync.RWMutex
	lines [256]struct {
		seq  uint64
		line []byte
	}
}

// line returns e as JSON, which the caller must not change.
func (c *lineCache) line(e api.Event) []byte {
	slot := &c.lines[e.Seq%uint64(len(c.lines))]
	c.mu.RLock()
	seq, line := slot.seq, slot.line
	c.mu.RUnlock()
	if seq == e.Seq && line != nil {
		return line
	}
	line, err := json.Marshal(e)
	if err != nil {
		panic("agent: " + err.Error()) // an event has a JSON form
	}
	c.mu.Lock()
	slot.seq, slot.line = e.Seq, line
	c.mu.Unlock()
	return line
}
