package gossip

import "slices"

// isolated reports whether several members should be there and none of them can be heard: all have been probed without a
// reply, or no message at all has come for a while. Then the fault is more likely here, and this member waits for as long as
// it ever does.
func (v *verdicts) isolated() bool {
	return (v.suspicions.voters() == 0 || v.clock.hearsNobody(v.self.record.Interval)) && v.peers.others() > 1
}

// unheardSince reports whether nobody at all was heard since a member was first probed, though there are others to hear. Then
// its silence says no more about it than about all others.
func (v *verdicts) unheardSince(u *suspicion) bool {
	return v.clock.lastHeard <= u.probing.began && v.peers.others() > 1
}

// heardSomebody takes note that a message came. After a time in which none did, everybody gets a whole time-out to be heard
// of, as after a stall: this member has not been listening (R9).
func (v *verdicts) heardSomebody() {
	wasUnheard := func(u *suspicion) bool { return u.probing.failed && v.unheardSince(u) }
	changes := slices.ContainsFunc(v.suspicions.all, wasUnheard) // time-outs of those: see verdicts.timeouts
	if v.clock.heard(v.self.record.Interval) {
		v.suspicions.closeAll()
	} else if changes {
		v.suspicions.reconsider()
	}
}
