package gossip

import (
	"math"
	"time"
)

// loss follows how often a probe of a member that lives gets no reply, as this member sees it: what is lost on the
// way there and back, and its own trouble to send and to hear. Probes of members that turn out to be dead say nothing
// of it. It makes a failed probe worth what it is: much where replies always come, next to nothing for a member
// that hears from nobody.
type loss struct {
	share    float64 // of the probes, 0 to 1
	observed float64 // probes that share rests on, at most lossWindow
}

const (
	// leastLoss is what share is never taken to be below: a member may be busy for a moment where nothing is ever lost.
	leastLoss = 0.05

	// lossWindow is how many probes share follows, about.
	lossWindow = 64
)

// priorLoss is what is believed before anything was probed, with the weight of so many probes: too much rather than
// too little, since a member that expects replies that get lost accuses the living.
var priorLoss = loss{share: 0.5, observed: 4}

// failed takes note of n probes without a reply, of a member that lived.
func (l *loss) failed(n int) {
	for range n {
		l.observe(1)
	}
}

// replied takes note of a probe that got a reply.
func (l *loss) replied() { l.observe(0) }

func (l *loss) observe(lost float64) {
	l.observed = min(l.observed+1, lossWindow)
	l.share += (lost - l.share) / l.observed
}

// probes returns how many probes in a row have to fail until only one living member in 10^decades would have left them
// without a reply.
func (l *loss) probes(decades float64) int {
	each := -math.Log10(min(max(l.share, leastLoss), 0.99))
	return int(math.Ceil(decades / each))
}

// replyTimes follows how long replies take: the slowest of late, fading. It tells how long to wait for a reply until its
// absence counts, so that no network and no host is judged by the speed of another.
type replyTimes struct{ slowest time.Duration }

// took takes note of a reply.
func (r *replyTimes) took(d time.Duration) { r.slowest = max(d, r.slowest-r.slowest/32) }

// wait returns how long a reply may take: four times the slowest, a quarter of an interval at least, since hosts are
// busy for a moment now and then, and half of one at most, which leaves room for a second probe.
func (r *replyTimes) wait(interval time.Duration) time.Duration {
	return min(max(4*r.slowest, interval/4), interval/2)
}
