package agent

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"heartsay/api"
	"heartsay/gossip/wire"
	"heartsay/membership"
)

// metrics are the figures of one agent for Prometheus, by its naming conventions. docs/metrics.md lists them, and a
// test holds the two together. No label names a member: a cluster of thousands must not multiply the series.
//
// What the agent counts anyway is read from the lookout at each scrape (metrics_collect.go). What has no other place is
// counted here; every count is an atomic addition, so the loop may do it.
type metrics struct {
	registry *prometheus.Registry

	loopLag  prometheus.Histogram
	phi      prometheus.Histogram
	events   *prometheus.CounterVec // by type
	sent     *prometheus.CounterVec // messages, by kind
	received *prometheus.CounterVec
	begun    *prometheus.CounterVec // exchanges, by transport and who began them
	failed   prometheus.Counter     // exchanges on streams
	streamed *prometheus.CounterVec // bytes on streams, by direction
	answers  *prometheus.CounterVec // of DNS, by code
	writes   *prometheus.CounterVec // of the file, by result
}

// Values of labels.
const (
	byPacket, byStream = "packet", "stream"
	bySelf, byPeer     = "self", "peer"
	in, out            = "received", "sent"
)

// newMetrics returns the metrics of a.
func newMetrics(a *Agent) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		loopLag: histogram("heartsay_loop_lag_seconds", "How late the loop ticked, per tick.",
			.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 60),
		phi: histogram("heartsay_phi", "Suspicion of each other member that is alive or suspect, sampled about once a second.",
			.25, .5, 1, 2, 3, 4, 5, 6, 8, 10, 12, 16),
		events:   counters("heartsay_events_total", "Changes of the local view by type.", "type"),
		sent:     counters("heartsay_messages_sent_total", "Messages handed out to be sent, by kind.", "kind"),
		received: counters("heartsay_messages_received_total", "Messages that could be read, by kind.", "kind"),
		begun: counters("heartsay_exchanges_total", "Exchanges of views by the way they took and by who began them.",
			"transport", "began"),
		failed: prometheus.NewCounter(prometheus.CounterOpts{Name: "heartsay_exchange_failures_total",
			Help: "Exchanges on a stream that this agent began and that came to nothing."}),
		streamed: counters("heartsay_stream_bytes_total", "Bytes on gossip streams by direction.", "direction"),
		answers:  counters("heartsay_dns_answers_total", "Answers to DNS queries by response code.", "rcode"),
		writes:   counters("heartsay_file_writes_total", "Writes of the file of --write-file by result.", "result"),
	}
	m.prepare()
	m.registry.MustRegister(m.loopLag, m.phi, m.events, m.sent, m.received, m.begun, m.failed, m.streamed, m.answers,
		m.writes, &collector{a}, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// prepare makes the series that are known beforehand, so that they begin at 0: a rate needs that.
func (m *metrics) prepare() {
	for _, t := range api.EventTypes() {
		if t != api.EventReset {
			m.events.WithLabelValues(string(t))
		}
	}
	for _, began := range []string{bySelf, byPeer} {
		m.begun.WithLabelValues(byPacket, began)
		m.begun.WithLabelValues(byStream, began)
	}
	for _, direction := range []string{in, out} {
		m.streamed.WithLabelValues(direction)
	}
	for _, result := range []string{"ok", "failed"} {
		m.writes.WithLabelValues(result)
	}
}

func histogram(name, help string, buckets ...float64) prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets})
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

// tick counts a tick of the loop that came late by d.
func (m *metrics) tick(d time.Duration) { m.loopLag.Observe(max(0, d).Seconds()) }

// sample takes down the suspicion of all others who are present.
func (m *metrics) sample(views []membership.View, self string) {
	for _, v := range views {
		if v.State.Present() && v.Record.Name != self {
			m.phi.Observe(v.Phi)
		}
	}
}

// send counts a message that leaves by a transport.
func (m *metrics) send(message wire.Message, transport string) {
	m.sent.WithLabelValues(message.Kind().String()).Inc()
	if message.Kind() == wire.KindDigest {
		m.begun.WithLabelValues(transport, bySelf).Inc()
	}
}

// receive counts a message that came by a transport.
func (m *metrics) receive(message wire.Message, transport string) {
	m.received.WithLabelValues(message.Kind().String()).Inc()
	if message.Kind() == wire.KindDigest {
		m.begun.WithLabelValues(transport, byPeer).Inc()
	}
}
