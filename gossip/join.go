package gossip

import (
	"net/netip"

	"heartsay/gossip/wire"
	"heartsay/membership"
)

// joiner is somebody who asked on a stream to be let in, and waits for the answer.
type joiner struct {
	stream StreamID
	from   netip.AddrPort
	entry  membership.Entry
}

// asksToJoin reports whether a message is part of a request to be let in.
func asksToJoin(stream StreamID, m wire.Message) bool {
	s, ok := m.(*wire.Sync)
	return ok && s.Join && stream != 0
}

// receiveJoin decides on a joiner whose whole view has arrived (R12, R14). A name that a live member at another
// address holds is asked for there first.
func (e *Engine) receiveJoin(j *joiner) {
	name, address := j.entry.Record.Name, j.entry.Record.Address
	own := e.self.record
	if name == own.Name {
		if address != own.Address {
			e.refuse(j, own.Address)
		}
		return
	}
	holder := e.table.Get(name)
	if holder == nil || !holder.State.Present() || holder.Record.Address == address {
		e.admit(j)
		return
	}
	if !e.ask(question{to: holder.Record.Address, name: name, join: j}) {
		e.refuse(j, holder.Record.Address)
	}
}

// admit lets the joiner in: it is news, and it gets the whole view.
func (e *Engine) admit(j *joiner) {
	e.learn(j.entry, true, true)
	e.answerSync(j.stream, j.from, j.entry.Record.Name)
}

// refuse tells the joiner who holds its name, and tells subscribers here that two want it.
func (e *Engine) refuse(j *joiner, holder netip.AddrPort) {
	m := &wire.Refused{Reason: wire.NameTaken, Holder: holder.String()}
	e.stamp(m.Head(), j.entry.Record.Name)
	e.post(Envelope{To: j.from, Stream: j.stream, Message: m})
	reason := "refused " + j.entry.Record.Address.String() + ", which wants to join under this name"
	if known := e.table.Get(j.entry.Record.Name); known != nil {
		e.emit(membership.EventConflict, e.view(known), reason)
	} else {
		e.emit(membership.EventConflict, e.selfView(), reason)
	}
}
