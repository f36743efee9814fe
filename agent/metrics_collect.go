package agent

import (
	"context"
	"runtime"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"heartsay/agent/handlers"
	"heartsay/agent/node"
	"heartsay/gossip/wire"
	"heartsay/membership"
)

// collector tells Prometheus what the agent and its node have counted, and what their newest snapshot shows. It never
// asks the loop. Every figure is a field with a name; none is found by what a key looks like.
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
		"The longest silence after which one of the present members would be declared dead now.")
	descSeeds    = describe("heartsay_seeds", "Addresses to join by, by whether the last attempt succeeded.", "answers")
	descStalls   = describe("heartsay_stalls_total", "Times that this agent noticed that it had stalled itself.")
	descStalled  = describe("heartsay_stalled_seconds_total", "How long those stalls took.")
	descEvents   = describe("heartsay_events_total", "Changes of the local view by type.", "type")
	descSent     = describe("heartsay_messages_sent_total", "Messages handed out to be sent, by kind.", "kind")
	descReceived = describe("heartsay_messages_received_total", "Messages that could be read, by kind.", "kind")
	descBegun    = describe("heartsay_exchanges_total", "Exchanges of views by the way they took and by who began them.",
		"transport", "began")
	descFailed = describe("heartsay_exchange_failures_total",
		"Exchanges on a stream that this agent began and that came to nothing.")
	descFallback = describe("heartsay_fallback_messages_total",
		"Messages on streams in place of packets: carried, and requests that were repeated since no packet answered.", "what")
	descPackets = describe("heartsay_packets_total", "Gossip packets by direction.", "direction")
	descBytes   = describe("heartsay_packet_bytes_total",
		"Bytes in gossip packets, without IP and UDP headers.", "direction")
	descStreamed = describe("heartsay_stream_bytes_total", "Bytes on gossip streams by direction.", "direction")
	descDrops    = describe("heartsay_drops_total", "What was not acted upon, by reason.", "reason")
	descReloads  = describe("heartsay_config_reloads_total",
		"Times that the configuration was read again, by result.", "result")
	descHandled = describe("heartsay_handler_events_total",
		"Events by what handled them and how that went.", "kind", "outcome")
	descPlain    = describe("heartsay_accepts_plain", "1 when this agent has keys and accepts what is not sealed, else 0.")
	descAccepted = describe("heartsay_plain_accepted_total", "Plain packets and streams that an agent with keys accepted.")
	descHellos   = describe("heartsay_hellos_answered_total",
		"Answers to senders that did not know which life of this agent they talk to.")
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
		descEvents, descSent, descReceived, descBegun, descFailed, descFallback, descPackets, descBytes, descStreamed,
		descDrops, descReloads, descHandled, descPlain, descAccepted, descHellos, descUnsaved, descOutbox, descInbox, descRing, descCapacity, descReaders,
		descResets,
	} {
		to <- d
	}
}

// Collect implements [prometheus.Collector].
func (c *collector) Collect(to chan<- prometheus.Metric) {
	a, w := c.agent, figures{to}
	w.gauge(descInfo, 1, a.cfg.Cluster, a.cfg.Name, a.cfg.Zone, a.cfg.Build, strconv.Itoa(wire.Version),
		runtime.Version())
	w.gauge(descInbox, float64(a.transport.Waiting()))
	w.gauge(descRing, float64(a.Ring().Kept()))
	w.gauge(descCapacity, float64(a.Ring().Capacity()))
	joined, not := a.Seeds()
	w.gauge(descSeeds, float64(joined), "true")
	w.gauge(descSeeds, float64(not), "false")
	w.gauge(descReady, oneIf(a.Ready(context.Background()) == nil))
	w.counter(descReloads, a.configured.ok.Load(), "ok")
	w.counter(descReloads, a.configured.failed.Load(), "failed")
	w.gauge(descPlain, oneIf(a.acceptsPlainUntil(time.Now()) != nil))
	w.counter(descAccepted, a.plainAccepted())
	w.counts(a.Counts())
	w.drops(a.transport.Drops())
	w.handlers(a.handlers.Stats())
	w.drops(a.server.Refused())
	w.drops(a.dns.Load().Refused())
	readers := a.server.Readers()
	w.gauge(descReaders, float64(readers.Open))
	w.counter(descResets, readers.Resets)
	if s := a.Newest(); s != nil { // or nothing is known yet, which is not the same as nothing
		w.snapshot(s)
	}
}

// figures writes metrics of one scrape.
type figures struct{ to chan<- prometheus.Metric }

func (w figures) gauge(d *prometheus.Desc, value float64, labels ...string) {
	w.to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
}

func (w figures) counter(d *prometheus.Desc, value uint64, labels ...string) {
	w.to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(value), labels...)
}

// snapshot writes what the loop last told.
func (w figures) snapshot(s *node.Snapshot) {
	w.gauge(descViewAge, time.Since(s.At).Seconds())
	w.gauge(descIsolated, oneIf(s.Isolated != ""))
	w.counter(descStalls, s.Stalls)
	w.to <- prometheus.MustNewConstMetric(descStalled, prometheus.CounterValue, s.Stalled.Seconds())
	states := map[membership.State]int{}
	var timeout time.Duration
	for _, v := range s.Views {
		states[v.State]++
		if v.State.Present() {
			timeout = max(timeout, v.DeadAfter)
		}
	}
	for _, state := range membership.States() {
		w.gauge(descMembers, float64(states[state]), state.String())
	}
	w.gauge(descTimeout, timeout.Seconds())
}

// counts writes what the node has counted.
func (w figures) counts(c node.Counts) {
	w.traffic(descPackets, c.Packets)
	w.traffic(descBytes, c.PacketBytes)
	w.traffic(descStreamed, c.StreamBytes)
	for kind, n := range c.Messages {
		w.counter(descSent, n.Sent, kind)
		w.counter(descReceived, n.Received, kind)
	}
	for transport, n := range map[string]node.Exchanges{"packet": c.InPackets, "stream": c.OnStreams} {
		w.counter(descBegun, n.Self, transport, "self")
		w.counter(descBegun, n.Peer, transport, "peer")
	}
	w.counter(descFailed, c.ExchangesFailed)
	for kind, n := range c.Events {
		w.counter(descEvents, n, kind)
	}
	w.counter(descFallback, c.Carried, "carried")
	w.counter(descFallback, c.Repeated, "repeated")
	w.counter(descHellos, c.Hellos)
	w.counter(descUnsaved, c.StateFailed)
	w.gauge(descOutbox, float64(c.Outbox))
	w.drops(c.Drops)
}

func (w figures) traffic(d *prometheus.Desc, t node.Traffic) {
	w.counter(d, t.Sent, "sent")
	w.counter(d, t.Received, "received")
}

// drops writes counts by reason.
func (w figures) drops(reasons map[string]uint64) {
	for reason, n := range reasons {
		w.counter(descDrops, n, reason)
	}
}

// handlers writes how handling events went, all handlers of a kind together.
func (w figures) handlers(all []handlers.Stats) {
	kinds := map[string]map[string]uint64{}
	for _, h := range all {
		of := kinds[h.Kind]
		if of == nil {
			of = map[string]uint64{}
			kinds[h.Kind] = of
		}
		for outcome, n := range h.Outcomes {
			of[outcome] += n
		}
		of["events_lost"] += h.Lost
		of["retries"] += h.Retries
	}
	for kind, outcomes := range kinds {
		for outcome, n := range outcomes {
			w.counter(descHandled, n, kind, outcome)
		}
	}
}

func oneIf(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
