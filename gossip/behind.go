package gossip

import "time"

// Behind tells the engine that its caller lost messages, or held them for long, because it could not keep up. What the
// member did not hear then says nothing about the others: the silence of all of them counts from now (R9).
func (e *Engine) Behind(now time.Time) {
	e.setClock(now)
	e.stall.pardon = e.now
}
