package gossip

import (
	"math"
	"time"

	"heartsay/membership"
	"heartsay/phi"
)

// minSamples is how many arrivals it takes until anybody is called dead before the maximum time-out (R7).
const minSamples = 8.0

// Wait is how long one member was not heard of while it lived, told in [Config.OnWait].
type Wait struct {
	Observer, Subject string
	At                time.Time // when the news came
	Heartbeat         uint64    // the news
	Age               float64   // that the news before it had reached, in the subject's intervals
	Phi               float64   // the suspicion that it had reached
}

// observe lets the detector learn how long a member was not heard of, in intervals: silence is what it was judged by,
// wait what it is known to have been now that its news is there, least the shortest time-out of any member (R6, R7).
func (e *Engine) observe(m *membership.Member, silence time.Duration, wait float64, least time.Duration) {
	pace := &m.Stats
	if e.cfg.OnWait != nil {
		e.cfg.OnWait(Wait{
			Observer: e.self.record.Name, Subject: m.Record.Name, At: e.wall, Heartbeat: m.Heartbeat, Age: wait,
			Phi: e.model.Phi(age(m, silence), pace),
		})
	}
	// A silence beyond the time-out tells of a stall of the subject, not of the gossip: it counts as the time-out.
	if wait*float64(m.Record.Interval) > float64(least) {
		_, dead := e.limits(m)
		wait = min(wait, age(m, dead))
	}
	pace.Add(wait)
	e.model.Add(wait)
}

// phi returns the suspicion of a member at this instant.
func (e *Engine) phi(m *membership.Member) float64 {
	if m.State == membership.Left {
		return 0
	}
	silence := e.silence(m)
	return e.model.Phi(age(m, silence), &m.Stats)
}

// priorAge guesses the age of news before any was seen, in intervals, and of how many members there will be. Simulated
// push-pull with one peer, full digests and shuffled targets has mean ages of 2.0, 3.6 and 5.1 intervals at 10, 100 and
// 1000 members, 3.2, 5.7 and 8.0 at 30 % loss, with standard deviations of 0.6 to 1.5; a second peer halves them. A view
// that takes several packets is told in as many turns, which adds up to half of them.
func (e *Engine) priorAge() (age phi.Summary, members int) {
	n := float64(e.table.Len() + 1)
	mean := (1 + 2*math.Log10(n)) / float64(e.cfg.Fanout)
	turns := max(1, n*typicalListed/float64(e.columnsBudget()))
	return phi.Summary{Mean: mean + turns/2, StdDev: 1 + turns/4}, e.table.Len()
}

// typicalListed is about what a member takes in a digest, in bytes.
const typicalListed = 0.6
