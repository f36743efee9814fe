package gossip

// Knows reports whether a name is this member's own, or that of somebody in its list.
func (e *Engine) Knows(name string) bool {
	return name == e.self.record.Name || e.table.Get(name) != nil
}
