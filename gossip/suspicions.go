package gossip

import (
	"slices"

	"heartsay/gossip/wire"
	"heartsay/membership"
)

// A suspicion is what speaks against one member (R8): accusations of others, and this member's own probes of it.
//
// A second opinion beats patience. A member that does not reply is probed again, directly, until only one living member in a
// thousand would have been silent so: then this member accuses it. Accusations are evidence and no verdicts. They say from
// which heartbeat on somebody probed without a reply, and any higher heartbeat refutes them. They are announced to others
// (rumours_evidence.go), who probe for themselves. Nobody becomes suspect or dead on the word of others alone, and an observer
// that is alone with its accusation goes on probing.
//
//	opened     no reply to a digest (verdict_probes.go), a silence of the time-out (verdict.go), or an accusation that arrives
//	probing    a series of probes: sent, failed, conclusive; it ends with a reply, or when it is conclusive
//	announced  a quorum has probed without a reply; every member passes that on
//	closed     a higher heartbeat refutes all of it; the member has been gone for long; this member was not listening (R9)
//
// The suspicions part holds them and counts voters. Verdicts open, probe and close them.
type suspicion struct {
	member      *membership.Member
	accusations []wire.Accusation // of other members, not refuted; at most maxAccusations
	probing     probing
	announced   bool // a quorum was found and sent
	retransmits int  // how often that is sent yet
}

// probing is this member's own series of probes of one under suspicion.
type probing struct {
	since       uint64             // the heartbeat that was due at the first probe; 0: nothing was sent
	began       membership.Instant // when that was
	sent        int                // probes so far
	next        membership.Instant // when the next one is sent, or the failure established
	failed      bool               // no reply came to as many as an accusation takes
	conclusive  bool               // nor to so many that nobody else need agree, or there is a quorum
	silenceOnly bool               // that the member is silent was the only reason
}

const (
	// enoughAccusers is how many members have to have probed without a reply, this one included, to cut the patience short.
	// Where fewer are left to probe, that many.
	enoughAccusers = 3

	// maxAccusations bounds the accusations of others that are kept about one member: enough for an observer that has none of
	// its own.
	maxAccusations = enoughAccusers

	// maxRetransmits is in how many more rounds a quorum is announced: announced once to four it misses one member in fifty,
	// and a member that is missed finds out by itself, much later. With two, one of 128 that lose 30 % was missed in two of
	// a hundred crashes.
	maxRetransmits = 3
)

// suspicions are all that are open, in the order in which they came up.
type suspicions struct {
	clock   *clock
	self    *self
	table   *membership.Table
	probes  *pendingProbes
	verdict *timer // when somebody is judged next

	all         []*suspicion
	of          map[*membership.Member]*suspicion
	failedAlive int  // members that are thought alive and have been probed without a reply
	recount     bool // something has changed since those were counted
}

// about returns what speaks against a member, nil for nothing.
func (s *suspicions) about(m *membership.Member) *suspicion {
	if !m.HasSuspicion {
		return nil
	}
	return s.of[m]
}

// open returns what speaks against a member, and begins a suspicion if there was none.
func (s *suspicions) open(m *membership.Member) *suspicion {
	if u := s.about(m); u != nil {
		return u
	}
	if s.of == nil {
		s.of = map[*membership.Member]*suspicion{}
	}
	u := &suspicion{member: m}
	m.HasSuspicion = true
	s.all, s.of[m] = append(s.all, u), u
	return u
}

// close drops a suspicion, and ends its probes.
func (s *suspicions) close(u *suspicion) {
	s.endProbing(u)
	u.member.HasSuspicion = false
	delete(s.of, u.member)
	s.all = slices.DeleteFunc(s.all, func(other *suspicion) bool { return other == u })
}

// closeAbout drops the suspicion of a member, if there is one.
func (s *suspicions) closeAbout(m *membership.Member) {
	if u := s.about(m); u != nil {
		s.close(u)
	}
}

// closeIfEmpty drops a suspicion of which nothing is left.
func (s *suspicions) closeIfEmpty(u *suspicion) {
	if len(u.accusations) == 0 && u.probing.since == 0 {
		s.close(u)
	}
}

// closeAll drops all that speaks against anybody: this member itself was not listening (R9).
func (s *suspicions) closeAll() {
	for _, u := range s.all {
		u.member.HasSuspicion = false
	}
	s.all, s.of, s.recount = nil, nil, true
	s.probes.series = nil
}

// endProbing ends a series of probes and forgets what came of it.
func (s *suspicions) endProbing(u *suspicion) {
	if u.probing.silenceOnly && !u.probing.failed {
		s.probes.silenceOnly--
	}
	u.probing = probing{}
	s.stopProbing(u)
}

// stopProbing ends a series of probes, and keeps what came of it.
func (s *suspicions) stopProbing(u *suspicion) {
	s.votersChanged()
	s.probes.series = slices.DeleteFunc(s.probes.series, func(other *suspicion) bool { return other == u })
}

// failed reports whether this member has probed another one without a reply, with no heartbeat since that shows it alive.
func (s *suspicions) failed(m *membership.Member) bool {
	u := s.about(m)
	return u != nil && u.probing.failed
}

// accuse adds an accusation of another member to what speaks against one. Of too many the earliest are kept: they tell since
// when the member does not reply.
func (s *suspicions) accuse(m *membership.Member, a wire.Accusation) {
	u := s.open(m)
	switch i := slices.IndexFunc(u.accusations, func(known wire.Accusation) bool { return known.Accuser == a.Accuser }); {
	case i >= 0:
		u.accusations[i].Heartbeat = max(u.accusations[i].Heartbeat, a.Heartbeat)
	case len(u.accusations) < maxAccusations:
		u.accusations = append(u.accusations, a)
	default:
		if latest := u.latest(); a.Heartbeat < latest.Heartbeat {
			*latest = a
		}
	}
}

// latest returns that of the others' accusations whose probes began last.
func (u *suspicion) latest() *wire.Accusation {
	latest := &u.accusations[0]
	for i := range u.accusations {
		if a := &u.accusations[i]; a.Heartbeat > latest.Heartbeat {
			latest = a
		}
	}
	return latest
}

// quorum reports whether enough members, this one included, have probed the member without a reply: three, or all who are
// left to probe it.
func (s *suspicions) quorum(u *suspicion) bool {
	return u.probing.failed && 1+len(u.accusations) >= min(enoughAccusers, 1+s.voters())
}

// announceable reports whether enough members have probed the member without a reply to tell everybody. This one
// need not be among them.
func (s *suspicions) announceable(u *suspicion) bool {
	return len(u.accusations) >= enoughAccusers || s.quorum(u)
}

// voters returns how many other members are thought to be there and have not been probed without a reply: those who can
// accuse.
func (s *suspicions) voters() int {
	if s.recount {
		failed := 0
		for _, u := range s.all {
			if u.probing.failed && u.member.State == membership.Alive {
				failed++
			}
		}
		s.recount, s.failedAlive = false, failed
	}
	return s.table.Count(membership.Alive) - s.failedAlive
}

// votersChanged takes note that there may be more voters or fewer from now on. Time-outs of those under suspicion depend on how
// many there are.
func (s *suspicions) votersChanged() {
	s.recount = true
	s.reconsider()
}

// reconsider lets those under suspicion be judged anew at once.
func (s *suspicions) reconsider() {
	if len(s.all) > 0 {
		s.verdict.by(s.clock.now)
	}
}

// report returns what may be sent of a suspicion: the accusations that stand, this member's own first. It has none when the
// suspicion has been refuted meanwhile, or the member forgotten, whose row may then be another's.
func (s *suspicions) report(u *suspicion) wire.Suspicion {
	if !u.probing.failed && !s.announceable(u) || !slices.Contains(s.all, u) {
		return wire.Suspicion{}
	}
	w := wire.Suspicion{Name: u.member.Record.Name, Incarnation: u.member.Record.Incarnation}
	if u.probing.failed {
		w.Accusations = append(w.Accusations, wire.Accusation{Accuser: s.self.record.Name, Heartbeat: u.probing.since})
	}
	w.Accusations = append(w.Accusations, u.accusations...)
	return w
}
