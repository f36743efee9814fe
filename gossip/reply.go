package gossip

import "heartsay/membership"

// reply gathers a delta and keeps it within one packet (R17): first what is asked for, then newer records, then
// heartbeats. What does not fit is never cut in silence: records that wait are announced as More, heartbeats that wait
// are counted, and the next reply starts with them.
type reply struct {
	engine *Engine
	delta  Delta
	left   budget
	rows   []Row
}

func (e *Engine) newReply(to string, wants []string) *reply {
	r := &reply{engine: e, left: e.packetBudget(to)}
	for _, name := range wants {
		r.want(name)
	}
	return r
}

// want asks for the newer record of a member.
func (r *reply) want(name string) {
	for _, n := range r.delta.Wants {
		if n == name {
			return
		}
	}
	if r.left.take(sizeString(name)) {
		r.delta.Wants = append(r.delta.Wants, name)
	} else {
		r.delta.More = true
	}
}

// introduce tells of a member that the peer does not know. The dead and those who left are not introduced.
func (r *reply) introduce(m *membership.Member) {
	if m.State.Present() {
		r.correct(m.Entry)
	}
}

// introduceOrLeft tells of a member that the peer asked for.
func (r *reply) introduceOrLeft(m *membership.Member) {
	if m.State != membership.Dead {
		r.correct(m.Entry)
	}
}

// correct tells a record that is newer than the peer's.
func (r *reply) correct(en membership.Entry) {
	if r.left.take(sizeEntry(en)) {
		r.delta.Records = append(r.delta.Records, en)
	} else {
		r.delta.More = true
	}
}

// row tells a heartbeat that is higher than the peer's.
func (r *reply) row(row Row) { r.rows = append(r.rows, row) }

// finish returns the delta, with as many heartbeats as fit.
func (r *reply) finish() *Delta {
	e := r.engine
	for i := range r.rows {
		row := r.rows[(e.turn+i)%len(r.rows)]
		if !r.left.take(sizeRow(row)) {
			e.drops[DeferredRows] += uint64(len(r.rows) - i)
			e.turn += i
			break
		}
		r.delta.Rows = append(r.delta.Rows, row)
	}
	return &r.delta
}
