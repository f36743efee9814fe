package gossip

import "time"

// answers follows how long answers take: the slowest of late, fading. It tells how long a question waits until its
// silence counts, so that no network and no host is judged by the speed of another.
type answers struct{ slowest time.Duration }

// took takes note of an answer.
func (a *answers) took(d time.Duration) { a.slowest = max(d, a.slowest-a.slowest/32) }

// wait returns how long an answer may take: four times the slowest, a quarter of an interval at least, since hosts are
// busy for a moment now and then, and half of one at most, which leaves room for a second question.
func (a *answers) wait(interval time.Duration) time.Duration {
	return min(max(4*a.slowest, interval/4), interval/2)
}
