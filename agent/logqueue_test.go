package agent

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
)

// slowWriter lets a line pass for each token.
type slowWriter struct {
	bytes.Buffer
	tokens chan struct{}
}

func (w *slowWriter) Write(b []byte) (int, error) {
	<-w.tokens
	return w.Buffer.Write(b)
}

func TestLogThatNobodyReadsStallsNobody(t *testing.T) {
	w := &slowWriter{tokens: make(chan struct{})}
	q := NewLogQueue(w)
	for i := range 2 * logLines { // would hang here
		fmt.Fprintf(q, "line %d\n", i)
	}
	close(w.tokens)
	q.Close(nil)
	lines := strings.Split(strings.TrimSpace(w.String()), "\n")
	if lines[0] != "line 0" || !strings.Contains(w.String(), "log lines were lost") {
		t.Errorf("of %d lines %d were written, and no line tells of the lost:\n%.200s", 2*logLines, len(lines), w.String())
	}
	if _, err := q.Write([]byte("late\n")); err != nil {
		t.Errorf("a line after the end was refused: %v", err)
	}
}

func TestLogQueueWritesAllThatFits(t *testing.T) {
	var w bytes.Buffer
	q := NewLogQueue(&w)
	for i := range logLines / 2 {
		fmt.Fprintf(q, "line %d\n", i)
	}
	q.Close(nil)
	if n := strings.Count(w.String(), "\n"); n != logLines/2 {
		t.Errorf("%d of %d lines were written", n, logLines/2)
	}
}

func TestLogQueueIsGivenUpWhenNobodyEverReads(t *testing.T) {
	w := &slowWriter{tokens: make(chan struct{})}
	q := NewLogQueue(w)
	fmt.Fprintln(q, "line")
	gone := make(chan time.Time)
	close(gone)
	q.Close(gone)
	close(w.tokens)
	<-q.ended
}
