package agent

import (
	"net/netip"
	"time"
)

// Some networks let streams pass and drop UDP. What this agent tells a member travels in packets by default. A request
// that no packet answers is repeated on a stream (path_link.go); where only streams get answers, they become the path to
// that member, and packets are tried again now and then. All of it is bounded: how many requests are remembered, how
// many streams are open, how many are opened in a second, and how soon one that led nowhere is tried again.
const (
	missesToStream   = 3                      // requests in a row to a member that only a stream got answered: its path is a stream
	missesOfAll      = 6                      // the same of all members together: this agent's own packets are blocked
	unansweredIn     = 3                      // requests in a row without an answer until a stream to a member is tried, or one,
	quietFor         = 1.5                    // intervals, and so long without an answer of anybody to a packet
	answerWait       = 1                      // intervals until a request counts as unanswered, but
	leastWait        = 500 * time.Millisecond // at least, for long ways
	probeEvery       = 10 * time.Second       // packets are tried again while a stream is the path
	firstLinkPause   = time.Second            // after a stream that led nowhere, doubled each time
	longestLinkPause = 30 * time.Second
	maxRequests      = 512              // unanswered requests that are remembered
	maxPaths         = 32768            // members whose path is remembered
	pathKept         = 10 * time.Minute // what is known of a path that is no longer used
)

// paths knows which way leads to whom. It belongs to the loop.
type paths struct {
	wait   time.Duration    // until a request counts as unanswered
	quiet  time.Duration    // without an answer of anybody until packets seem to be blocked
	to     map[string]*path // by the member's name, or by address while that is all that is known
	asked  []asked          // in the order in which they were sent
	heard  time.Time        // a packet last brought an answer, of anybody
	misses int              // requests in a row, to anybody, that only a stream got answered
	probe  time.Time        // packets are tried again, while they are blocked for all
	sweep  time.Time
}

// path is what is known of the way to one member.
type path struct {
	address netip.AddrPort // a member that moves is reached anew
	silent  int            // requests in packets in a row without an answer in a packet
	misses  int            // requests in a row that only a stream got answered
	retried bool           // a request is under way on a stream because no packet answered it
	pause   time.Duration  // after the next stream that leads nowhere
	next    time.Time      // before it no stream is opened to this member
	probe   time.Time      // packets are tried again, while a stream is the path
	used    time.Time
}

// asked is a message in a packet that wants an answer.
type asked struct {
	key     string
	to      netip.AddrPort
	at      time.Time
	payload []byte
}

func newPaths(interval time.Duration) *paths {
	return &paths{
		wait: max(answerWait*interval, leastWait), quiet: max(time.Duration(quietFor*float64(interval)), leastWait), to: map[string]*path{},
	}
}

// of returns what is known of the way to a member at an address.
func (ps *paths) of(key string, address netip.AddrPort, now time.Time) *path {
	p := ps.to[key]
	if p == nil || p.address != address {
		p = &path{address: address, pause: firstLinkPause}
		if len(ps.to) < maxPaths {
			ps.to[key] = p
		}
	}
	p.used = now
	return p
}

// blocked reports whether no packet of this agent gets an answer although streams do.
func (ps *paths) blocked() bool { return ps.misses >= missesOfAll }

// byStream reports whether a stream is the path to a member now.
func (ps *paths) byStream(key string, now time.Time) bool {
	p := ps.to[key]
	if p != nil && now.Before(p.next) {
		return false // streams led nowhere
	}
	return ps.blocked() || p != nil && p.misses >= missesToStream
}

// probeDue reports whether it is time to try a packet beside the stream, and counts on it being done.
func (ps *paths) probeDue(key string, address netip.AddrPort, now time.Time) bool {
	p := ps.of(key, address, now)
	if now.Before(p.probe) || ps.blocked() && now.Before(ps.probe) {
		return false
	}
	p.probe, ps.probe = now.Add(jitter(probeEvery)), now.Add(jitter(probeEvery/4))
	return true
}

// ask remembers a request that went out in a packet.
func (ps *paths) ask(r asked) {
	if len(ps.asked) >= maxRequests {
		ps.asked = ps.asked[1:]
	}
	ps.asked = append(ps.asked, r)
}

// unanswered returns the requests that no packet has answered in time, and forgets them.
func (ps *paths) unanswered(now time.Time) []asked {
	n := 0
	for n < len(ps.asked) && now.Sub(ps.asked[n].at) >= ps.wait {
		n++
	}
	late := ps.asked[:n:n]
	ps.asked = ps.asked[n:]
	return late
}

// worthAStream reports whether a request that no packet answered is repeated on a stream: when several to that member
// were not, or none to anybody for a while. Where packets only get lost now and then, neither is so.
func (ps *paths) worthAStream(p *path, now time.Time) bool {
	p.silent++
	return p.silent >= unansweredIn || now.Sub(ps.heard) >= ps.quiet
}

// forgetUnused drops what is known of paths that are no longer used.
func (ps *paths) forgetUnused(now time.Time) {
	if now.Before(ps.sweep) {
		return
	}
	ps.sweep = now.Add(pathKept / 10)
	for key, p := range ps.to {
		if now.Sub(p.used) > pathKept {
			delete(ps.to, key)
		}
	}
}

// answered takes note of an answer of a member, which came in a packet or on a stream.
func (ps *paths) answered(key string, from netip.AddrPort, byStream bool, now time.Time) {
	kept := ps.asked[:0]
	for _, r := range ps.asked {
		if r.key != key && r.to != from {
			kept = append(kept, r)
		}
	}
	ps.asked = kept
	p := ps.to[key]
	if !byStream {
		ps.misses, ps.heard = 0, now
		if p != nil {
			p.silent, p.misses, p.retried = 0, 0, false
		}
		return
	}
	if p == nil {
		return
	}
	p.pause = firstLinkPause
	if p.retried {
		p.retried = false
		p.misses = min(p.misses+1, missesToStream)
		ps.misses = min(ps.misses+1, missesOfAll)
	}
}

// lost takes note that neither a packet nor a stream reaches a member.
func (ps *paths) lost(key string, now time.Time) {
	if p := ps.to[key]; p != nil {
		p.misses, p.retried = 0, false
		p.next, p.pause = now.Add(jitter(p.pause)), min(2*p.pause, longestLinkPause)
	}
}
