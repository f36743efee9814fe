package handlers

import "time"

// Stats are counts of one handler since it was set.
type Stats struct {
	Kind      string            // see [Kind.Name]: "program" or "webhook"
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
func (r *runner) note(j Job, outcome string, err error, took time.Duration) {
	r.mu.Lock()
	r.stats.Outcomes[outcome]++
	r.stats.Seconds += took.Seconds()
	r.stats.LastError = ""
	if err != nil {
		r.stats.LastError = err.Error()
	}
	r.mu.Unlock()
	args := []any{"handler", r.plan.name, "event", j.ID, "type", j.Event.Type, "name", j.Event.Member.Name,
		"outcome", outcome, "took", took}
	if err != nil {
		r.log.Warn("event was not handled", append(args, "error", err)...)
		return
	}
	r.log.Debug("event was handled", args...)
}

// noteRetry counts a failed attempt, and says it when it is the first for its event.
func (r *runner) noteRetry(j Job, attempt int, err error) {
	r.mu.Lock()
	r.stats.Retries++
	r.stats.LastError = err.Error()
	r.mu.Unlock()
	log := r.log.Debug
	if attempt == 1 {
		log = r.log.Warn
	}
	log("event will be tried again", "handler", r.plan.name, "event", j.ID, "attempt", attempt, "error", err)
}

func (r *runner) noteLost(n uint64) {
	r.mu.Lock()
	r.stats.Lost += n
	r.mu.Unlock()
	r.log.Warn("handler is too slow for the events: some were lost to it", "handler", r.plan.name, "events", n)
}

// cutRest counts what is never handled.
func (r *runner) cutRest() {
	n, _ := r.backlog.sizes()
	if n == 0 {
		return
	}
	r.mu.Lock()
	r.stats.Outcomes[outcomeCut] += uint64(n)
	r.mu.Unlock()
	r.log.Warn("handler ended before it came to all events", "handler", r.plan.name, "events", n)
}

// snapshot returns the counts so far. The caller owns them.
func (r *runner) snapshot() Stats {
	waiting, running := r.backlog.sizes()
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.stats
	s.Outcomes = map[string]uint64{}
	for _, outcome := range r.plan.kind.Outcomes() {
		s.Outcomes[outcome] = r.stats.Outcomes[outcome]
	}
	s.Waiting, s.Running = waiting, running
	return s
}
