package transport

import (
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
)

// logEvery is the least time between two lines of the transport: anybody who can send it something may be able to make
// it complain.
const logEvery = time.Second

// thinLog is a log that leaves lines out when there are too many, and counts them in the next one. It is safe for
// concurrent use.
type thinLog struct {
	log hclog.Logger

	mu         sync.Mutex
	last       time.Time // when the last line was written; zero: none was
	suppressed int       // lines left out since
}

// Error writes a line, or leaves it out.
func (l *thinLog) Error(text string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if !l.last.IsZero() && now.Sub(l.last) < logEvery {
		l.suppressed++
		return
	}
	l.log.Error(text, append(args, "suppressed", l.suppressed)...)
	l.last, l.suppressed = now, 0
}
