package gossip

import (
	"heartsay/gossip/wire"
	"net/netip"
	"time"
)

// Full exchanges on a stream: to join, and to fetch what does not fit a packet.

const (
	syncPart  = 64 << 10 // bytes of one part of a sync, about; one record more at most
	syncEvery = 4        // intervals at least between two syncs that this member asks for by itself
)

// OpenSync returns the parts of a full exchange to send on a stream that the caller opens. With join set it asks to be
// let in. The other side answers with parts of its own, the last of which says so, or with [*Refused].
func (e *Engine) OpenSync(now time.Time, join bool) []wire.Message {
	e.wall = now
	return e.syncParts("", join)
}

// syncParts returns all that this member knows of those who are listed and may be introduced; its own entry is in the last.
func (e *Engine) syncParts(to string, join bool) []wire.Message {
	var parts []wire.Message
	part, size := &wire.Sync{Join: join}, 0
	for _, m := range e.table.All() {
		if !e.introduced(m) || !e.listed(m) || m.Record.Name == to {
			continue
		}
		part.Entries = append(part.Entries, m.Entry)
		if size += wire.SizeEntry(m.Entry); size >= syncPart {
			parts = append(parts, part)
			part, size = &wire.Sync{Join: join}, 0
		}
	}
	part.Entries, part.Last = append(part.Entries, e.selfEntry()), true
	parts = append(parts, part)
	for _, p := range parts {
		e.stamp(p.Head(), to)
	}
	return parts
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
		e.answerSync(stream, from, s.From)
	}
}

// answerSync sends this member's whole view on the stream. The receiver's own older lives are part of it, so that it
// rises above them.
func (e *Engine) answerSync(stream StreamID, from netip.AddrPort, to string) {
	for _, part := range e.syncParts("", false) {
		part.Head().To = to
		e.post(Envelope{To: from, Stream: stream, Message: part})
	}
}

// askSync asks the caller to make a full exchange with a peer that has more than fits a packet.
func (e *Engine) askSync(peer netip.AddrPort) {
	if e.now < e.nextSync {
		return
	}
	e.nextSync = e.now.Add(syncEvery * e.self.record.Interval)
	e.out.Syncs = append(e.out.Syncs, peer)
}
