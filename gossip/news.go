package gossip

import (
	"slices"

	"heartsay/gossip/wire"
	"heartsay/membership"
)

// news are the members whose records changed and are yet to be told of (R12). Each member that learns of a change
// pushes it on to a few others at once, once; the exchanges of the next round find the few it missed. Changes that
// come within a tenth of an interval share a packet. Only names are kept: what is told is the newest record then.
type news struct {
	names  []string
	queued map[string]bool
	next   membership.Instant
}

func (n *news) at() (membership.Instant, bool) { return n.next, len(n.names) > 0 }

func (n *news) due(now membership.Instant) bool { return len(n.names) > 0 && now >= n.next }

// addNews queues the record of a member to be told of.
func (e *Engine) addNews(name string) {
	n := &e.news
	if len(n.names) == 0 {
		n.next = e.nextBatch()
	}
	if !n.queued[name] {
		n.names = append(n.names, name)
		if n.queued == nil {
			n.queued = map[string]bool{}
		}
		n.queued[name] = true
	}
}

// pushNews sends one packet of news to a few random members. What does not fit waits for the next one.
func (e *Engine) pushNews() {
	n := &e.news
	left := e.anyPacketBudget()
	var records []membership.Entry
	told := 0
	for _, name := range n.names {
		en, ok := e.entry(name)
		if ok && !left.take(wire.SizeEntry(en)) {
			if len(records) > 0 {
				break
			}
			ok = false // larger than any packet: a digest will show it, and a stream fetch it
		}
		if ok {
			records = append(records, en)
		}
		told++
	}
	for _, name := range n.names[:told] {
		delete(n.queued, name)
	}
	n.names = slices.Delete(n.names, 0, told)
	n.next = e.nextBatch()
	if len(records) == 0 {
		return
	}
	for _, m := range e.randomPeers(e.cfg.NewsFanout) {
		if news := without(records, m.Record.Name); len(news) > 0 {
			e.send(m.Record.Address, m.Record.Name, &wire.Delta{Entries: news})
		}
	}
}

// nextBatch returns when the next packet of news, or of evidence, may go out: what comes up until then goes with it.
func (e *Engine) nextBatch() membership.Instant { return e.now.Add(e.self.record.Interval / 10) }

// without returns the records that are not of the member named: it knows best about itself.
func without(records []membership.Entry, name string) []membership.Entry {
	i := slices.IndexFunc(records, func(en membership.Entry) bool { return en.Record.Name == name })
	if i < 0 {
		return records
	}
	return slices.Concat(records[:i], records[i+1:])
}

// entry returns what this member knows of a name, its own included, if others may be told.
func (e *Engine) entry(name string) (membership.Entry, bool) {
	if name == e.self.record.Name {
		return e.selfEntry(), true
	}
	m := e.table.Get(name)
	if m == nil || !e.introduced(m) {
		return membership.Entry{}, false
	}
	return m.Entry, true
}
