package node

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestHostile17InventedMembersAtOneAddressMakeNobodyKnockThereForEver tells one of three nodes of 300 members at a fourth host,
// where something listens that is no member, and counts for a minute what comes there. Before the bound
// these were 36,610 packets and 1,061 streams.
func TestHostile17InventedMembersAtOneAddressMakeNobodyKnockThereForEver(t *testing.T) {
	virtually(t, func(c *cluster) {
		host := c.net.listen(at(100))
		defer host.Close()
		streams := 0
		go func() {
			for {
				s, err := host.Accept()
				if err != nil {
					return
				}
				streams++
				s.Close()
			}
		}()
		a := crowded(c, 300)
		nodes := []*Node{a, c.start("b", 2, at(1).String()), c.start("c", 3, at(1).String())}
		const seconds = 60
		packets := 0
		for end := time.Now().Add(seconds * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
			synctest.Wait()
			for len(host.packets) > 0 {
				<-host.packets
				packets++
			}
		}
		t.Logf("%d packets and %d streams in %d s", packets, streams, seconds)
		if most := len(nodes) * (packetsAtOnce + packetsRate*seconds + 1); packets > most || packets == 0 {
			t.Errorf("%d nodes send %d packets in %d s to a host that has not proven itself, want at most %d", len(nodes), packets, seconds, most)
		}
		if most := len(nodes) * (streamsAtOnce + seconds/10 + 1); streams > most {
			t.Errorf("%d nodes open %d streams in %d s to a host that has not proven itself, want at most %d", len(nodes), streams, seconds, most)
		}
		if a.Counts().Drops["destination"] == 0 {
			t.Error("what is not sent is not counted")
		}
		for _, n := range nodes {
			for _, of := range []int{1, 2, 3} {
				if !n.proven.has(at(of).Addr(), time.Now()) && n != nodes[of-1] {
					t.Errorf("to %s the address %s is not proven, where a member is", n.cfg.Name, at(of))
				}
			}
		}
	})
}
