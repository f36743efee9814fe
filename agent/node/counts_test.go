package node

import (
	"context"
	"testing"
	"time"
)

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

func TestCountsTellEachMessageOnAStreamOnce(t *testing.T) {
	virtually(t, func(c *cluster) {
		a := c.start("a", 1)
		b := c.start("b", 2, "10.0.0.1")
		c.sees("a", 2*time.Second, "b=alive")
		sent, received := b.Counts().Messages["sync"].Sent, a.Counts().Messages["sync"].Received
		if sent == 0 || received != sent {
			t.Errorf("b sent %d parts of a sync and a counts %d", sent, received)
		}
	})
}
