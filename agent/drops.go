package agent

import (
	"errors"
	"maps"
	"net/netip"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"heartsay/gossip/wire"
)

// dropCounts counts packets, bytes and what was not acted upon, by reason. It is safe for concurrent use.
type dropCounts struct {
	mu     sync.Mutex
	counts map[string]uint64
	logged map[string]time.Time // when a reason was last logged
}

func newDropCounts() *dropCounts {
	return &dropCounts{counts: map[string]uint64{
		"packets_sent": 0, "bytes_sent": 0, "packets_received": 0, "bytes_received": 0,
		"reload_ok": 0, "reload_failed": 0,
	}, logged: map[string]time.Time{}}
}

func (d *dropCounts) count(reason string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.counts[reason]++
}

// traffic counts a packet and its bytes, without those of the envelope of IP and UDP.
func (d *dropCounts) traffic(packets, bytes string, n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.counts[packets]++
	d.counts[bytes] += uint64(n)
}

// snapshot returns the counts so far. The caller owns them.
func (d *dropCounts) snapshot() map[string]uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.counts)
}

// logEvery is how often a reason is logged at most, however often it counts.
const logEvery = 10 * time.Second

// first counts a reason and reports whether it is time to log it.
func (d *dropCounts) first(reason string, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.counts[reason]++
	if last, ok := d.logged[reason]; ok && now.Sub(last) < logEvery {
		return false
	}
	d.logged[reason] = now
	return true
}

// dropped counts bytes that are no message for this agent, and logs them now and then.
func (a *Agent) dropped(err error, from netip.AddrPort) {
	reason := dropReason(err)
	if a.drops.first(reason, time.Now()) {
		level := hclog.Warn
		if reason == "drop_stale" { // what others send while they learn that this agent has restarted
			level = hclog.Debug
		}
		a.log.Log(level, "message dropped", "from", from, "reason", err)
	}
}

// dropReason returns the short word under which an error of an envelope or a codec is counted.
func dropReason(err error) string {
	var open *OpenError
	switch {
	case errors.As(err, &open):
		return "drop_" + open.Reason
	case errors.Is(err, wire.ErrVersion):
		return "drop_version"
	case errors.Is(err, wire.ErrKind):
		return "drop_kind"
	}
	return "drop_malformed"
}
