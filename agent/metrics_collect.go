package agent

import (
	"context"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"heartsay/gossip/wire"
	"heartsay/membership"
)

// collector tells Prometheus what the lookout knows. It never asks the loop.
type collector struct{ agent *Agent }

// Figures that are read at a scrape.
var (
	descInfo = describe("heartsay_info", "Always 1; the labels say which agent this is.",
		"cluster", "name", "zone", "build", "protocol", "goversion")
	descReady    = describe("heartsay_ready", "1 when others may rely on this agent's view, else 0.")
	descIsolated = describe("heartsay_isolated",
		"1 when this agent sees nobody else although others should be there, else 0.")
	descViewAge = describe("heartsay_view_age_seconds", "How long ago the loop last told its view to the other parts.")
	descMembers = describe("heartsay_members", "Members in the list by state, this one included.", "state")
	descTimeout = describe("heartsay_dead_timeout_seconds",
		"The longest silence after which one of the present members would be called dead now.")
	descSeeds   = describe("heartsay_seeds", "Addresses to join by, by whether the last attempt succeeded.", "answers")
	descStalls  = describe("heartsay_stalls_total", "Times that this agent noticed that it had stalled itself.")
	descStalled = describe("heartsay_stalled_seconds_total", "How long those stalls took.")
	descPackets = describe("heartsay_packets_total", "Gossip packets by direction.", "direction")
	descBytes   = describe("heartsay_packet_bytes_total",
		"Bytes in gossip packets, without IP and UDP headers.", "direction")
	descDrops   = describe("heartsay_drops_total", "What was not acted upon, by reason.", "reason")
	descReloads = describe("heartsay_config_reloads_total",
		"Times that the configuration was read again, by result.", "result")
	descHandled = describe("heartsay_handler_events_total",
		"Events by what handled them and how that went.", "kind", "outcome")
	descUnsaved  = describe("heartsay_state_write_failures_total", "Times that the state file could not be written.")
	descOutbox   = describe("heartsay_outbox_packets", "Packets that wait to be sent.")
	descInbox    = describe("heartsay_inbox_packets", "Packets that wait to be read.")
	descRing     = describe("heartsay_ring_events", "Events that are kept for subscribers.")
	descCapacity = describe("heartsay_ring_capacity_events", "Events that are kept at most.")
	descReaders  = describe("heartsay_subscribers", "Streams of events that are open.")
	descResets   = describe("heartsay_subscriber_resets_total", "Times that a subscriber was sent the whole view.")
)

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

// Describe implements [prometheus.Collector].
func (c *collector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		descInfo, descReady, descIsolated, descViewAge, descMembers, descTimeout, descSeeds, descStalls, descStalled,
		descPackets, descBytes, descDrops, descReloads, descHandled, descUnsaved, descOutbox, descInbox, descRing,
		descCapacity, descReaders, descResets,
	} {
		to <- d
	}
}

// Collect implements [prometheus.Collector].
func (c *collector) Collect(to chan<- prometheus.Metric) {
	a, w := c.agent, figures{to}
	w.gauge(descInfo, 1, a.cfg.Cluster, a.cfg.Name, a.cfg.Zone, a.cfg.Build, strconv.Itoa(wire.Version),
		runtime.Version())
	w.gauge(descOutbox, float64(len(a.outbox)))
	w.gauge(descInbox, float64(len(a.wire.Packets())))
	w.gauge(descRing, float64(a.ring.Kept()))
	w.gauge(descCapacity, float64(eventsKept))
	var readers ReaderStats
	if server := a.server.Load(); server != nil {
		readers = server.Readers()
	}
	w.gauge(descReaders, float64(readers.Open))
	w.counter(descResets, float64(readers.Resets))
	for _, answers := range []bool{true, false} {
		w.gauge(descSeeds, float64(a.seeds.count(answers)), strconv.FormatBool(answers))
	}
	w.gauge(descReady, oneIf(a.Ready(context.Background()) == nil))
	s := a.lookout.newest.Load()
	if s == nil {
		return // nothing is known yet, which is not the same as nothing
	}
	w.gauge(descViewAge, time.Since(s.at).Seconds())
	w.gauge(descIsolated, oneIf(s.isolated != ""))
	w.counter(descStalls, float64(s.stalls))
	w.counter(descStalled, s.stalled.Seconds())
	w.members(s.views)
	w.counts(s.counters)
}

// figures writes metrics of one scrape.
type figures struct{ to chan<- prometheus.Metric }

func (w figures) gauge(d *prometheus.Desc, value float64, labels ...string) {
	w.to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
}

func (w figures) counter(d *prometheus.Desc, value float64, labels ...string) {
	w.to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, value, labels...)
}

func (w figures) members(views []membership.View) {
	states := map[membership.State]int{}
	var timeout time.Duration
	for _, v := range views {
		states[v.State]++
		if v.State.Present() {
			timeout = max(timeout, v.DeadAfter)
		}
	}
	for _, s := range membership.States() {
		w.gauge(descMembers, float64(states[s]), s.String())
	}
	w.gauge(descTimeout, timeout.Seconds())
}

// counts writes the counters of the agent, the wire and the engine, which "heartsay info" shows as well. Their names say
// what they count; those that are not known here count drops.
func (w figures) counts(counters map[string]uint64) {
	for name, n := range counters {
		value := float64(n)
		kind, rest, _ := strings.Cut(name, "_")
		switch {
		case name == "state_write_failed": // told below, also while it is 0
		case kind == "packets" && (rest == in || rest == out):
			w.counter(descPackets, value, rest)
		case kind == "bytes":
			w.counter(descBytes, value, rest)
		case kind == "reload":
			w.counter(descReloads, value, rest)
		case kind == "program", kind == "webhook":
			w.counter(descHandled, value, kind, rest)
		default:
			w.counter(descDrops, value, name)
		}
	}
	w.counter(descUnsaved, float64(counters["state_write_failed"]))
}

func oneIf(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// count returns how many seeds do or do not answer.
func (s *seeds) count(answers bool) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.list {
		if d.joined == answers {
			n++
		}
	}
	return n
}
