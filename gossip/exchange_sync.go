package gossip

import (
	"net/netip"
	"time"

	"heartsay/gossip/wire"
)

// Full exchanges on a stream: to join, and to fetch what does not fit a packet.

const (
	syncPart  = 64 << 10 // bytes of one part of a sync, about; one record more at most
	syncEvery = 4        // intervals at least between two syncs that this member asks for by itself
)

// OpenSync returns the parts of a full exchange to send on a stream that the caller opens. With join set it asks to be
// let in. The other side answers with parts of its own, the last of which says so, or with [*wire.Refused].
func (e *Engine) OpenSync(now time.Time, join bool) []wire.Message {
	e.clock.set(now)
	return e.exchange.syncParts("", join)
}

// syncParts returns all that this member knows of those who are listed and may be introduced; its own entry is in the last.
func (x *exchange) syncParts(to string, join bool) []wire.Message {
	var parts []wire.Message
	part, size := &wire.Sync{Join: join}, 0
	for _, m := range x.table.All() {
		if !x.retention.introduced(m) || !x.retention.listed(m) || m.Record.Name == to {
			continue
		}
		part.Entries = append(part.Entries, m.Entry)
		if size += wire.SizeEntry(m.Entry); size >= syncPart {
			parts = append(parts, part)
			part, size = &wire.Sync{Join: join}, 0
		}
	}
	part.Entries, part.Last = append(part.Entries, x.self.entry()), true
	parts = append(parts, part)
	for _, p := range parts {
		x.self.stamp(p.Head(), to)
	}
	return parts
}

// answerSync sends this member's whole view on the stream. The receiver's own older lives are part of it, so that it
// rises above them.
func (x *exchange) answerSync(stream StreamID, from netip.AddrPort, to string) {
	for _, part := range x.syncParts("", false) {
		part.Head().To = to
		x.outbox.post(Envelope{To: from, Stream: stream, Message: part})
	}
}

// askSync asks the caller to make a full exchange with a peer that has more than fits a packet.
func (x *exchange) askSync(peer netip.AddrPort) {
	if x.clock.now < x.nextSync {
		return
	}
	x.nextSync = x.clock.now.Add(syncEvery * x.self.record.Interval)
	x.outbox.out.Syncs = append(x.outbox.out.Syncs, peer)
}

// receiveSync takes one part of the other side's view. After the last one it answers, when the stream is not of its
// own opening.
func (e *Engine) receiveSync(stream StreamID, from netip.AddrPort, s *wire.Sync) {
	asks := asksToJoin(stream, s)
	var j *joiner
	for _, en := range s.Entries {
		own := en.Record.Name == s.From
		if own && asks {
			j = &joiner{stream: stream, from: from, entry: en}
			continue
		}
		e.learn(en, own, own)
	}
	switch {
	case !s.Last || stream == 0:
	case j != nil:
		e.receiveJoin(j)
	case !asks:
		e.exchange.answerSync(stream, from, s.From)
	}
}
