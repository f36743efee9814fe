package gossip

import (
	"net/netip"

	"heartsay/membership"
)

// answerDigest merges what the sender knows and replies with what it lacks (R5). There is always a reply: its header
// is the freshest news of this member that the sender can get.
func (e *Engine) answerDigest(from netip.AddrPort, d *Digest, wants []string) {
	reply := e.newReply(d.From, wants)
	mine := e.table.Between(d.After, d.Last)
	for _, row := range d.Rows {
		if !row.valid() || !inRange(row.Name, d.After, d.Last) {
			e.drop(DropInvalid)
			continue
		}
		for len(mine) > 0 && mine[0].Record.Name < row.Name {
			reply.introduce(mine[0])
			mine = mine[1:]
		}
		switch {
		case row.Name == e.self.record.Name:
			e.compareSelf(row, reply)
		case len(mine) > 0 && mine[0].Record.Name == row.Name:
			e.compare(mine[0], row, reply)
			mine = mine[1:]
		case e.table.Get(row.Name) == nil && e.table.Admits(row.Name, row.Incarnation, row.Heartbeat, row.Name == d.From):
			reply.want(row.Name)
		}
	}
	for _, m := range mine {
		reply.introduce(m)
	}
	e.send(from, d.From, reply.finish())
}

// compare settles one member that both sides know.
func (e *Engine) compare(m *membership.Member, row Row, reply *reply) {
	switch {
	case !e.advance(m, row.Incarnation, row.Heartbeat):
		reply.want(row.Name)
		return
	case row.Incarnation < m.Record.Incarnation, row.Version < m.Record.Version:
		reply.correct(m.Entry)
		return
	case row.Version > m.Record.Version:
		reply.want(row.Name)
	}
	if row.Heartbeat < m.Heartbeat {
		reply.row(rowOf(m))
	}
}

// compareSelf settles what the sender knows of this member.
func (e *Engine) compareSelf(row Row, reply *reply) {
	own, told := e.selfRow(), max(row.Heartbeat, row.Version)
	switch {
	case row == own:
	case row.Incarnation > own.Incarnation, row.Incarnation == own.Incarnation && told > e.self.counter():
		if e.rumourOfSelf(row.Incarnation, told, nil) {
			reply.want(row.Name)
		}
	case row.Incarnation < own.Incarnation, row.Version < own.Version:
		reply.correct(e.selfEntry())
	}
	// Otherwise the header of the reply tells the newer heartbeat.
}

// applyDelta takes what a peer had newer, and gives what it asked for.
func (e *Engine) applyDelta(from netip.AddrPort, d *Delta) {
	for _, row := range d.Rows {
		if !row.valid() {
			e.drop(DropInvalid)
			continue
		}
		if m := e.table.Get(row.Name); m != nil {
			e.advance(m, row.Incarnation, row.Heartbeat)
		}
	}
	for _, en := range d.Records {
		e.learn(en, en.Record.Name == d.From, true)
	}
	if len(d.Wants) > 0 {
		e.serve(from, d)
	}
	if d.More {
		e.askSync(from)
	}
}

// serve sends the records that a peer asked for by name.
func (e *Engine) serve(from netip.AddrPort, d *Delta) {
	r := e.newReply(d.From, nil)
	for _, name := range d.Wants {
		if name == e.self.record.Name {
			r.correct(e.selfEntry())
		} else if m := e.table.Get(name); m != nil {
			r.introduceOrLeft(m)
		}
	}
	if answer := r.finish(); len(answer.Records) > 0 || answer.More {
		e.send(from, d.From, answer)
	}
}
