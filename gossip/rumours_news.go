package gossip

import (
	"slices"

	"heartsay/gossip/wire"
	"heartsay/membership"
)

// news are the members whose record has changed and waits to be sent (R12). Each member that learns of a change pushes it on
// to a few others at once, once; the exchanges of the next round find the few it missed. Only names are kept: the record is the
// newest when it is sent.
type news struct {
	names  []string
	queued map[string]bool
	next   membership.Instant // when the next packet goes out
}

// addNews queues the record of a member.
func (r *rumours) addNews(name string) {
	n := &r.news
	if len(n.names) == 0 {
		n.next = r.nextBatch()
	}
	if !n.queued[name] {
		n.names = append(n.names, name)
		if n.queued == nil {
			n.queued = map[string]bool{}
		}
		n.queued[name] = true
	}
}

// pushNews sends one packet of news to a few random members, if it is due.
func (r *rumours) pushNews() {
	n := &r.news
	if len(n.names) == 0 || r.clock.now < n.next {
		return
	}
	records := r.takeNews(r.outbox.budget())
	n.next = r.nextBatch()
	if len(records) == 0 {
		return
	}
	for _, m := range r.peers.random(r.cfg.NewsFanout) {
		if told := without(records, m.Record.Name); len(told) > 0 {
			r.outbox.send(m.Record.Address, m.Record.Name, &wire.Delta{Entries: told})
		}
	}
}

// takeNews takes as many records off the queue as fit. One that is larger than any packet is left out: a digest will show
// it, and a stream fetch it.
func (r *rumours) takeNews(left budget) (records []membership.Entry) {
	n, taken := &r.news, 0
	for _, name := range n.names {
		en, ok := r.record(name)
		if ok && !left.take(wire.SizeEntry(en)) {
			if len(records) > 0 {
				break
			}
			ok = false
		}
		if ok {
			records = append(records, en)
		}
		taken++
	}
	for _, name := range n.names[:taken] {
		delete(n.queued, name)
	}
	n.names = slices.Delete(n.names, 0, taken)
	return records
}

// record returns what this member knows of a name, its own included, if others may know it.
func (r *rumours) record(name string) (membership.Entry, bool) {
	if name == r.self.record.Name {
		return r.self.entry(), true
	}
	m := r.table.Get(name)
	if m == nil || !r.retention.introduced(m) {
		return membership.Entry{}, false
	}
	return m.Entry, true
}

// without returns the records that are not of the member named: it knows best about itself.
func without(records []membership.Entry, name string) []membership.Entry {
	i := slices.IndexFunc(records, func(en membership.Entry) bool { return en.Record.Name == name })
	if i < 0 {
		return records
	}
	return slices.Concat(records[:i], records[i+1:])
}
