package gossip

import "heartsay/gossip/wire"

// budget is what is left of a packet (R17). Its unit is the byte.
type budget int

// take reports whether n bytes are left, and takes them.
func (b *budget) take(n int) bool {
	if n > int(*b) {
		return false
	}
	*b -= budget(n)
	return true
}

// packetBudget is what one packet has for its parts, after its header and fixed fields.
func (e *Engine) packetBudget(to string) budget {
	return budget(e.cfg.MaxPayload - wire.FixedSize - wire.SizeString(e.self.record.Name) - wire.SizeString(to))
}

// anyPacketBudget returns what a packet has for its parts whoever it goes to.
func (e *Engine) anyPacketBudget() budget { return e.packetBudget("") - wire.MaxNameSize }
