// Package fallback knows which way leads to whom: a packet, or a stream in its place.
//
// Some networks let streams pass and drop UDP. What a member tells another travels in packets by default. A request
// that no packet answers is repeated on a stream; where only streams get answers, they become the way to that member,
// and packets are tried again now and then. A [Table] holds what was found out. It sends nothing: its owner asks it
// before a message leaves ([Table.Choose]), tells it what came ([Table.Answered]), and asks at each tick which requests
// to repeat ([Table.Late]).
//
//	Choose -> packet --no reply in time--> Late -> stream --reply--> Answered: one miss of packets
//	                                                      --none---> Lost: streams are left alone for a while
//
// Three misses in a row make streams the way to that member, six of all members together the way to everybody. One
// reply in a packet makes packets the way again. How many requests and members are remembered is bounded.
package fallback

import (
	"math/rand/v2"
	"net/netip"
	"time"
)

// What it takes to change the way, and the bounds.
const (
	missesToStream   = 3                      // requests in a row to a member that only a stream got a reply to: its way is a stream
	missesOfAll      = 6                      // the same of all members together: this member's own packets are blocked
	unansweredIn     = 3                      // requests in a row without a reply until a stream to a member is tried, or one,
	quietFor         = 1.5                    // intervals, and so long without a reply of anybody in a packet
	replyWait        = 1                      // intervals until a request counts as unanswered, but
	leastWait        = 500 * time.Millisecond // at least, for long ways
	retryPackets     = 10 * time.Second       // packets are tried again while a stream is the way
	firstPause       = time.Second            // after a stream that led nowhere, doubled each time
	longestPause     = 30 * time.Second
	maxRequests      = 512              // unanswered requests that are remembered
	maxWays          = 32768            // members whose way is remembered
	unusedKept       = 10 * time.Minute // what is known of a way that is no longer used
	unusedLookedUpon = unusedKept / 10
)

// Table holds what is known of the ways to all members. One goroutine owns it; it is not safe for concurrent use.
type Table struct {
	wait     time.Duration   // until a request counts as unanswered
	quiet    time.Duration   // without a reply of anybody until packets seem to be blocked
	ways     map[string]*way // by the member's name, or by address while that is all that is known
	requests []Request       // that no packet has answered, in the order in which they were sent
	heard    time.Time       // a packet last brought a reply, of anybody
	misses   int             // requests in a row, to anybody, that only a stream got a reply to
	retry    time.Time       // packets are tried again, while they are blocked for all
	sweep    time.Time
}

// way is what is known of the way to one member.
type way struct {
	address  netip.AddrPort // a member that moves is reached anew
	silent   int            // requests in packets in a row without a reply in a packet
	misses   int            // requests in a row that only a stream got a reply to
	repeated bool           // a request is under way on a stream because no packet answered it
	pause    time.Duration  // after the next stream that leads nowhere
	next     time.Time      // before it no stream is opened to this member
	retry    time.Time      // packets are tried again, while a stream is the way
	used     time.Time
}

// New returns an empty table for a member that gossips once an interval.
func New(interval time.Duration) *Table {
	return &Table{
		wait: ReplyWait(interval), quiet: max(time.Duration(quietFor*float64(interval)), leastWait), ways: map[string]*way{},
	}
}

// ReplyWait returns after which time a request counts as unanswered.
func ReplyWait(interval time.Duration) time.Duration { return max(replyWait*interval, leastWait) }

// of returns what is known of the way to a member at an address.
func (t *Table) of(key string, address netip.AddrPort, now time.Time) *way {
	w := t.ways[key]
	if w == nil || w.address != address {
		w = &way{address: address, pause: firstPause}
		if len(t.ways) < maxWays {
			t.ways[key] = w
		}
	}
	w.used = now
	return w
}

// blocked reports whether no packet of this member gets a reply although streams do.
func (t *Table) blocked() bool { return t.misses >= missesOfAll }

// OnStream reports whether a stream is the way to a member now, see [Route] for the key.
func (t *Table) OnStream(key string, now time.Time) bool {
	w := t.ways[key]
	if w != nil && now.Before(w.next) {
		return false // streams led nowhere
	}
	return t.blocked() || w != nil && w.misses >= missesToStream
}

// answered takes note of a reply of a member, which came in a packet or on a stream.
func (t *Table) answered(key string, from netip.AddrPort, onStream bool, now time.Time) {
	kept := t.requests[:0]
	for _, r := range t.requests {
		if r.Key != key && r.To != from {
			kept = append(kept, r)
		}
	}
	t.requests = kept
	w := t.ways[key]
	if !onStream {
		t.misses, t.heard = 0, now
		if w != nil {
			w.silent, w.misses, w.repeated = 0, 0, false
		}
		return
	}
	if w == nil {
		return
	}
	w.pause = firstPause
	if w.repeated {
		w.repeated = false
		w.misses = min(w.misses+1, missesToStream)
		t.misses = min(t.misses+1, missesOfAll)
	}
}

// Lost takes note that neither a packet nor a stream reaches a member.
func (t *Table) Lost(key string, now time.Time) {
	if w := t.ways[key]; w != nil {
		w.misses, w.repeated = 0, false
		w.next, w.pause = now.Add(jitter(w.pause)), min(2*w.pause, longestPause)
	}
}

// forgetUnused drops what is known of ways that are no longer used.
func (t *Table) forgetUnused(now time.Time) {
	if now.Before(t.sweep) {
		return
	}
	t.sweep = now.Add(unusedLookedUpon)
	for key, w := range t.ways {
		if now.Sub(w.used) > unusedKept {
			delete(t.ways, key)
		}
	}
}

// jitter spreads a wait over 75 to 125 % of it, so that members who noticed the same do not act in step.
func jitter(d time.Duration) time.Duration { return d*3/4 + rand.N(d/2) }
