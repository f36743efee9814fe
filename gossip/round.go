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
	e.model.SetPrior(e.priorAge())
	e.answerCallers()
	e.settleDoubts()
	e.repeatQuestions()
	peers := e.roundPeers()
	lost, tries := e.lostAddress()
	if len(peers) == 0 && !tries {
		return
	}
	digest := e.digest()
	for _, m := range peers {
		e.send(m.Record.Address, m.Record.Name, e.spare.digest(digest))
	}
	if tries {
		e.send(lost, "", e.spare.digest(digest))
	}
}
