package gossip

import "maps"

// Drop is why something that came from outside was not acted upon (R15).
type Drop string

const (
	DropMisaddressed Drop = "misaddressed" // meant for a member of another name
	DropInvalid      Drop = "invalid"      // a name, record or counter out of bounds
	DropClock        Drop = "clock"        // an incarnation or heartbeat that time does not allow
	DropInterval     Drop = "interval"     // another interval within one incarnation
	DropFull         Drop = "full"         // the table is full
	DropBuried       Drop = "buried"       // a forgotten member, without news of its return
	DropNotMine      Drop = "not_mine"     // something about this member that it never said
	DropUnasked      Drop = "unasked"      // the answer to a question that was not asked
	DropBusy         Drop = "busy"         // too many questions are open
	Deferred         Drop = "deferred"     // not a fault: members whose part of a reply waits for another exchange
)

// Drops counts by reason.
type Drops map[Drop]uint64

// drop counts, and returns false for the caller to pass on.
func (e *Engine) drop(why Drop) bool {
	e.drops[why]++
	return false
}

// Drops returns the counts so far. The caller owns the result.
func (e *Engine) Drops() Drops { return maps.Clone(e.drops) }
