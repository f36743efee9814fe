package gossip

import (
	"testing"
	"time"
)

// BenchmarkInterval measures what a member does in one interval: a tick with its round, and the digests of two peers that
// are read, merged and answered, each a whole packet, in which all heartbeats have risen. What the peers do to write them
// is measured too.
func BenchmarkInterval(b *testing.B) {
	sizes(b, func(b *testing.B, n int) {
		peer, _ := crowd(b, n)
		e, now := crowd(b, n)
		for _, x := range []*Engine{peer, e} {
			x.cfg.MaxPayload, x.cfg.Budget = 1200, 1200
		}
		first := e.table.All()[0]
		passed := uint64(0)
		for b.Loop() {
			now, passed = now.Add(time.Second), passed+1
			e.Tick(now)
			for range 2 {
				d := peer.exchange.digest()
				d.From, d.Incarnation, d.Heartbeat = first.Record.Name, first.Record.Incarnation, first.Heartbeat
				d.Clock += 1000 * passed
				e.Receive(now, liar, &d)
			}
		}
	})
}
