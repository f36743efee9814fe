package agent

import (
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// logLines is how many lines may wait to be written.
const logLines = 1024

// LogQueue is a writer that never waits: lines are queued and written by a goroutine of its own. An agent logs through
// one, so that a terminal that was stopped or a full pipe cannot stall its loop. Lines that come while the queue is full
// are lost; how many, a line says later. It is safe for concurrent use.
type LogQueue struct {
	lines chan []byte
	lost  atomic.Uint64
	ended chan struct{}
	once  sync.Once
	mu    sync.RWMutex // guards shut and the closing of lines
	shut  bool
}

// NewLogQueue returns a queue before w. The caller must call Close.
func NewLogQueue(w io.Writer) *LogQueue {
	q := &LogQueue{lines: make(chan []byte, logLines), ended: make(chan struct{})}
	go q.run(w)
	return q
}

// Write queues a copy of one line. It always succeeds.
func (q *LogQueue) Write(line []byte) (int, error) {
	q.mu.RLock()
	defer q.mu.RUnlock()
	if q.shut {
		return len(line), nil
	}
	select {
	case q.lines <- append([]byte(nil), line...):
	default:
		q.lost.Add(1)
	}
	return len(line), nil
}

// Close waits until what is queued has been written, or until giveUp fires. What is written later is lost.
func (q *LogQueue) Close(giveUp <-chan time.Time) {
	q.once.Do(func() {
		q.mu.Lock()
		q.shut = true
		q.mu.Unlock()
		close(q.lines)
	})
	select {
	case <-q.ended:
	case <-giveUp:
	}
}

func (q *LogQueue) run(w io.Writer) {
	defer close(q.ended)
	for line := range q.lines {
		_, _ = w.Write(line) // there is nobody left to tell
		if n := q.lost.Swap(0); n > 0 {
			fmt.Fprintf(w, "heartsay: %d log lines were lost, since what reads the log is slow\n", n)
		}
	}
}
