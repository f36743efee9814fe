package agent

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"heartsay/agent/node"
)

// metrics are the figures of one agent for Prometheus, by its naming conventions. docs/metrics.md lists them, and a
// test holds the two together. No label names a member: a cluster of thousands must not multiply the series.
//
// What the agent and its node count anyway is read at each scrape (metrics_collect.go). What has no other place is
// counted here; every count is an atomic addition, so the loop may do it.
type metrics struct {
	registry *prometheus.Registry // with the figures of the process
	own      []prometheus.Collector
	self     string // this member's name

	loopLag prometheus.Histogram
	phi     prometheus.Histogram
	answers *prometheus.CounterVec // of DNS, by code
	writes  *prometheus.CounterVec // of the file, by result
}

var _ node.Observer = (*metrics)(nil)

// newMetrics returns the metrics of a.
func newMetrics(a *Agent) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(), self: a.cfg.Name,
		loopLag: histogram("heartsay_loop_lag_seconds", "How late the loop ticked, per tick.",
			.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 60),
		phi: histogram("heartsay_phi", "Suspicion of each other member that is alive or suspect, sampled about once a second.",
			.25, .5, 1, 2, 3, 4, 5, 6, 8, 10, 12, 16),
		answers: counters("heartsay_dns_answers_total", "Answers to DNS queries by response code.", "rcode"),
		writes:  counters("heartsay_file_writes_total", "Writes of the file of --write-file by result.", "result"),
	}
	for _, result := range []string{"ok", "failed"} {
		m.writes.WithLabelValues(result) // a rate needs a series that begins at 0
	}
	m.own = []prometheus.Collector{m.loopLag, m.phi, m.answers, m.writes, &collector{a}}
	m.registry.MustRegister(m, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Describe implements [prometheus.Collector].
func (m *metrics) Describe(to chan<- *prometheus.Desc) {
	for _, c := range m.own {
		c.Describe(to)
	}
}

// Collect implements [prometheus.Collector].
func (m *metrics) Collect(to chan<- prometheus.Metric) {
	for _, c := range m.own {
		c.Collect(to)
	}
}

// Collector returns the agent's figures, for a program that has a registry of its own. They are those of docs/metrics.md,
// without the ones of the process.
func (a *Agent) Collector() prometheus.Collector { return a.metrics }

func histogram(name, help string, buckets ...float64) prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets})
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

// LoopLag counts a tick of the loop that came late by d.
func (m *metrics) LoopLag(d time.Duration) { m.loopLag.Observe(d.Seconds()) }

// Sample takes down the suspicion of all others who are present.
func (m *metrics) Sample(s *node.Snapshot) {
	for _, v := range s.Views {
		if v.State.Present() && v.Record.Name != m.self {
			m.phi.Observe(v.Phi)
		}
	}
}
