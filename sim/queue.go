package sim

import "time"

// event is something that happens at a virtual time. Events of one time happen in the order in which they were scheduled.
type event struct {
	at  time.Duration
	seq uint64
	do  func()
}

func (e *event) before(o *event) bool { return e.at < o.at || e.at == o.at && e.seq < o.seq }

// queue is a binary heap of events, the next one first. That of container/heap allocates for each.
type queue []event

func (q *queue) push(e event) {
	*q = append(*q, e)
	heap := *q
	i := len(heap) - 1
	for i > 0 {
		above := (i - 1) / 2
		if !e.before(&heap[above]) {
			break
		}
		heap[i], i = heap[above], above
	}
	heap[i] = e
}

func (q *queue) pop() event {
	heap := *q
	next, last := heap[0], heap[len(heap)-1]
	heap[len(heap)-1] = event{} // lets go of what it does
	heap = heap[:len(heap)-1]
	*q = heap
	if len(heap) > 0 {
		heap.sink(last)
	}
	return next
}

// sink puts an event into the place of the first one, or below those that come before it.
func (q queue) sink(e event) {
	i := 0
	for {
		below := 2*i + 1
		if below >= len(q) {
			break
		}
		if below+1 < len(q) && q[below+1].before(&q[below]) {
			below++
		}
		if !q[below].before(&e) {
			break
		}
		q[i], i = q[below], below
	}
	q[i] = e
}
