package localapi

import (
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"heartsay/agent/internal/ratelimit"
)

// Who shows a wrong token waits for the answer, the longer the more often, and does not wait alone: all of a source wait
// behind each other. The right token is never kept waiting, because all users of a host are one source.
const (
	wrongFree    = 5                // wrong tokens of a source that are answered at once
	wrongEvery   = time.Second      // for one more
	wrongWait    = 10 * time.Second // at most
	wrongSources = 1024             // sources that are told apart
	wrongLogged  = 10 * time.Second // between two lines in the log
)

// wrongTokens slows down those who show wrong tokens, and logs them: the first at once, then how many came in each
// interval. It is safe for concurrent use.
type wrongTokens struct {
	log   hclog.Logger
	every time.Duration // see wrongEvery
	ended chan struct{}

	mu    sync.Mutex
	paid  map[netip.Addr]time.Time // until when the wrong tokens of a source are worked off
	more  int                      // not logged yet
	from  string                   // the newest of them
	timer *time.Timer              // logs them; nil unless it runs
}

func newWrongTokens(log hclog.Logger) *wrongTokens {
	return &wrongTokens{log: log, every: wrongEvery, ended: make(chan struct{}), paid: map[netip.Addr]time.Time{}}
}

// hold notes the wrong token of r and returns when it may be answered, or when that is pointless.
func (t *wrongTokens) hold(r *http.Request) {
	from, _ := netip.ParseAddrPort(r.RemoteAddr)
	t.note(r.RemoteAddr)
	wait := time.NewTimer(t.wait(ratelimit.Source(from.Addr().Unmap()), time.Now()))
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-r.Context().Done():
	case <-t.ended:
	}
}

// wait returns how long the next answer to a source waits.
func (t *wrongTokens) wait(source netip.Addr, now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	paid := t.paid[source]
	if paid.Before(now) {
		paid = now
	}
	paid = paid.Add(t.every)
	if most := now.Add(wrongFree*t.every + wrongWait); paid.After(most) {
		paid = most
	}
	for other, until := range t.paid {
		if len(t.paid) < wrongSources && until.After(now) {
			break
		}
		delete(t.paid, other)
	}
	t.paid[source] = paid
	return max(0, paid.Sub(now)-wrongFree*t.every)
}

// note logs a wrong token, or has it logged.
func (t *wrongTokens) note(from string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.more, t.from = t.more+1, from
	if t.timer == nil {
		t.tell()
		t.timer = time.AfterFunc(wrongLogged, t.tellMore)
	}
}

func (t *wrongTokens) tellMore() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.more == 0 {
		t.timer = nil
		return
	}
	t.tell()
	t.timer.Reset(wrongLogged)
}

// tell logs what was not logged yet. The caller holds the lock.
func (t *wrongTokens) tell() {
	t.log.Warn("requests over TCP without the right token", "count", t.more, "newest", t.from)
	t.more = 0
}

// close ends all waiting, and logs what is left.
func (t *wrongTokens) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	select {
	case <-t.ended:
		return
	default:
	}
	close(t.ended)
	if t.timer != nil {
		t.timer.Stop()
	}
	if t.more > 0 {
		t.tell()
	}
}
