package gossip

import (
	"sort"

	"heartsay/membership"
)

// digest returns the rows for this round's requests, and the names between which they are complete. A view that fits
// one packet is sent whole; a larger one takes turns, each round going on where the last one stopped (R17): never the
// freshest first, which would starve the others.
func (e *Engine) digest() (after, last string, rows []Row) {
	after = e.cursor
	left := e.packetBudget("")
	left -= budget(sizeString(after) + maxNameSize + maxNameSize) // the range, and the member it is meant for
	left -= budget(sizeRow(e.selfRow()))
	rows, whole := e.rowsAfter(after, &left)
	if whole && after != "" { // the end of the list: start over in the next round
		e.cursor = ""
		return after, "", e.withSelf(after, "", rows)
	}
	if whole {
		return "", "", e.withSelf("", "", rows)
	}
	last = rows[len(rows)-1].Name
	e.cursor = last
	return after, last, e.withSelf(after, last, rows)
}

// rowsAfter returns the rows that fit, of the listed members with names after the given one, and whether those are
// all.
func (e *Engine) rowsAfter(after string, left *budget) (rows []Row, whole bool) {
	for _, m := range e.table.Between(after, "") {
		if !e.listed(m) {
			continue
		}
		row := rowOf(m)
		if !left.take(sizeRow(row)) {
			return rows, false
		}
		rows = append(rows, row)
	}
	return rows, true
}

// listed reports whether a member is in the digest: present, or gone for no longer than its grace (R10). The dead stay
// for a while so that observers who disagree for a moment still list the same members.
func (e *Engine) listed(m *membership.Member) bool {
	switch m.State {
	case membership.Dead:
		return e.now.Sub(m.Since) < e.cfg.DeadGrace
	case membership.Left:
		return e.now.Sub(m.Since) < e.cfg.LeftGrace
	}
	return true
}

// withSelf adds this member's own row when its name is in the range.
func (e *Engine) withSelf(after, last string, rows []Row) []Row {
	own := e.selfRow()
	if !inRange(own.Name, after, last) {
		return rows
	}
	i := sort.Search(len(rows), func(i int) bool { return rows[i].Name > own.Name })
	rows = append(rows, Row{})
	copy(rows[i+1:], rows[i:])
	rows[i] = own
	return rows
}

func inRange(name, after, last string) bool { return name > after && (last == "" || name <= last) }

func rowOf(m *membership.Member) Row {
	return Row{
		Name: m.Record.Name, Incarnation: m.Record.Incarnation, Version: m.Record.Version, Heartbeat: m.Heartbeat,
	}
}
