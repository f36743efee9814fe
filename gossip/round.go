package gossip

// round is what happens once per interval: bump, exchange with the next peers on the walk, sometimes try somebody who
// is lost (R4, R5, R11).
func (e *Engine) round() {
	e.self.bump(e.now)
	e.nextRound = e.self.nextBump()
	if e.self.record.Leaving {
		e.retellLeave()
		return
	}
	e.repeatQuestions()
	peers := e.nextPeers(e.cfg.Fanout)
	lost, tries := e.lostAddress()
	if len(peers) == 0 && !tries {
		return
	}
	after, last, rows := e.digest()
	for _, m := range peers {
		e.send(m.Record.Address, m.Record.Name, &Digest{After: after, Last: last, Rows: rows})
	}
	if tries {
		e.send(lost, "", &Digest{After: after, Last: last, Rows: rows})
	}
}
