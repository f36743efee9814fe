package agent

import (
	"context"
	"maps"
)

// named returns all counts of an agent, as GET /v1/self names them.
func (a *Agent) named() map[string]uint64 {
	all := a.Node.named()
	maps.Copy(all, a.counters())
	return all
}

// named returns all counts of a node, those of the engine as they are now.
func (n *Node) named() map[string]uint64 {
	s, err := n.Look(context.Background())
	if err != nil {
		counts := n.Counts()
		return counts.Named()
	}
	counts := n.countsWith(s.engineDrops)
	return counts.Named()
}
