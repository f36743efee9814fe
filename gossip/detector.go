package gossip

import (
	"math"
	"time"

	"heartsay/membership"
	"heartsay/phi"
)

// The detector turns evidence into time-outs and nothing else (R7): how long waits for news usually are, how many probes
// get lost, how long replies take. It knows no member and passes no verdict.
//
//	model         waits for news of all members, see package phi     detector_timeouts.go reads time-outs off it
//	loss          share of probes to the living without a reply      detector_probes.go
//	replyTimes    how long replies take                              detector_probes.go
//
// Arrivals (arrivals.go) teach it waits; verdicts (verdict.go) and probes (verdict_probes.go) teach it loss and reply times
// and read the results.
type detector struct {
	cfg     *Config
	self    *self
	model   *phi.Model    // of the ages of news of all members, in intervals of each
	usual   modelTimeouts // of members that are not slower than the others
	loss    loss
	replies replyTimes
}

// minSamples is how many waits it takes until anybody is declared dead before the maximum time-out (R7).
const minSamples = 8.0

// Wait is how long one member was not heard of while it lived, told in [Config.OnWait].
type Wait struct {
	Observer, Subject string
	At                time.Time // when the news came
	Heartbeat         uint64    // the news
	Age               float64   // that the news before it had reached, in the subject's intervals
	Phi               float64   // the suspicion that it had reached
}

// observe learns how long a member was not heard of, in its intervals, now that its news is there (R6, R7). Shortest is the
// shortest time-out for dead of any member of the same interval.
func (d *detector) observe(m *membership.Member, wait float64, shortest time.Duration) {
	// A silence beyond the time-out tells of a stall of the subject, not of the gossip: it counts as the time-out.
	if wait*float64(m.Record.Interval) > float64(shortest) {
		_, dead := d.timeouts(m)
		wait = min(wait, inIntervals(m, dead))
	}
	m.Stats.Add(wait)
	d.model.Add(wait)
}

// phi returns the suspicion that a silence of a member gives: −log10 of the probability that a living member is silent for
// longer. It is 0 for one that has left.
func (d *detector) phi(m *membership.Member, silence time.Duration) float64 {
	if m.State == membership.Left {
		return 0
	}
	return d.model.Phi(inIntervals(m, silence), &m.Stats)
}

// setPrior tells the model what ages of news to expect before any was seen, in intervals, where there are so many other
// members, and a digest has so many bytes of columns. Simulated push-pull with one peer, full digests and shuffled targets
// has mean ages of 2.0, 3.6 and 5.1 intervals at 10, 100 and 1000 members, 3.2, 5.7 and 8.0 at 30 % loss, with standard
// deviations of 0.6 to 1.5; a second peer halves them. A view that takes several packets is told in as many turns, which
// adds up to half of them.
func (d *detector) setPrior(others int, columns budget) {
	n := float64(others + 1)
	mean := (1 + 2*math.Log10(n)) / float64(d.cfg.Fanout)
	turns := max(1, n*typicalListed/float64(columns))
	d.model.SetPrior(phi.Summary{Mean: mean + turns/2, StdDev: 1 + turns/4}, others)
}

// typicalListed is about what a member takes in a digest, in bytes.
const typicalListed = 0.6

// inIntervals returns a silence in a member's intervals.
func inIntervals(m *membership.Member, silence time.Duration) float64 {
	return silence.Seconds() / m.Record.Interval.Seconds()
}
