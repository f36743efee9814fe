package gossip

import (
	"time"

	"heartsay/membership"
)

// Preload makes members known and alive at once, without events and news: a simulation of many begins with it where
// nothing is to be learned from their joining. The entries have to be valid; in the order of the hashes of their names
// they take the least time and memory. Members that are known already, and this one itself, are passed over.
func (e *Engine) Preload(now time.Time, entries []membership.Entry) Outputs {
	e.enter(now)
	e.table.Reserve(len(entries) - 1) // without this one
	for _, en := range entries {
		if en.Record.Name == e.self.record.Name {
			continue
		}
		if c := e.table.Learn(e.now, en, false); c.Learned {
			e.table.Begin(e.now, c.Member)
		}
	}
	e.model.SetPrior(e.priorAge())
	e.shuffle()
	return e.leaveWith()
}
