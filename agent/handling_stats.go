package agent

import "time"

// HandlerStats are counts of one handler since it was set.
type HandlerStats struct {
	Kind      string            // "program" or "webhook"
	Name      string            // as it was configured, without secrets
	Outcomes  map[string]uint64 // events by how handling them went: ok failed timed_out not_started refused given_up cut
	Retries   uint64            // attempts that failed and were not the last
	Lost      uint64            // events that were gone before it came to them
	Waiting   int               // events that wait for it now
	Running   int               // events that it handles now
	Seconds   float64           // time spent in all
	LastError string            // "" when the last event or attempt went well
}

// note counts and logs how handling an event went.
func (h *handling) note(j job, outcome string, err error, took time.Duration) {
	h.mu.Lock()
	h.stats.Outcomes[outcome]++
	h.stats.Seconds += took.Seconds()
	h.stats.LastError = ""
	if err != nil {
		h.stats.LastError = err.Error()
	}
	h.mu.Unlock()
	args := []any{"handler", h.plan.name, "event", j.id, "type", j.event.Type, "name", j.event.Member.Name,
		"outcome", outcome, "took", took}
	if err != nil {
		h.log.Warn("event was not handled", append(args, "error", err)...)
		return
	}
	h.log.Debug("event was handled", args...)
}

// noteRetry counts a failed attempt, and says it when it is the first for its event.
func (h *handling) noteRetry(j job, attempt int, err error) {
	h.mu.Lock()
	h.stats.Retries++
	h.stats.LastError = err.Error()
	h.mu.Unlock()
	log := h.log.Debug
	if attempt == 1 {
		log = h.log.Warn
	}
	log("event will be tried again", "handler", h.plan.name, "event", j.id, "attempt", attempt, "error", err)
}

func (h *handling) noteLost(n uint64) {
	h.mu.Lock()
	h.stats.Lost += n
	h.mu.Unlock()
	h.log.Warn("handler is too slow for the events: some were lost to it", "handler", h.plan.name, "events", n)
}

// cutRest counts what is never handled.
func (h *handling) cutRest() {
	n, _ := h.backlog.sizes()
	if n == 0 {
		return
	}
	h.mu.Lock()
	h.stats.Outcomes[outcomeCut] += uint64(n)
	h.mu.Unlock()
	h.log.Warn("handler ended before it came to all events", "handler", h.plan.name, "events", n)
}

// snapshot returns the counts so far. The caller owns them.
func (h *handling) snapshot() HandlerStats {
	waiting, running := h.backlog.sizes()
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.stats
	s.Outcomes = make(map[string]uint64, len(h.plan.outcomes))
	for _, outcome := range h.plan.outcomes {
		s.Outcomes[outcome] = h.stats.Outcomes[outcome]
	}
	s.Waiting, s.Running = waiting, running
	return s
}
