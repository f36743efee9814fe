package gossip

import "time"

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
