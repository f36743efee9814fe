package agent

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"heartsay/agent/handlers"
	"heartsay/agent/node"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
)

// figure returns the value of one series of an agent, as its scrape shows it.
func (c *cluster) figure(name, series string) string {
	c.t.Helper()
	_, body := c.ask(name, "/metrics")
	for line := range strings.Lines(body) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), series+" "); ok {
			return value
		}
	}
	return "missing"
}

func (c *cluster) figures(name string, want map[string]string) {
	c.t.Helper()
	for series, value := range want {
		if got := c.figure(name, series); got != value {
			c.t.Errorf("%s of %s is %s, want %s", series, name, got, value)
		}
	}
}

func TestMetricsTellMembersEventsAndExchanges(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.start("a", 1)
		c.start("b", 2, "10.0.0.1", "10.0.0.9")
		c.sees("a", 2*time.Second, "b=alive")
		time.Sleep(10 * time.Second)
		c.figures("b", map[string]string{
			`heartsay_members{state="alive"}`: "2", `heartsay_ready`: "1", `heartsay_isolated`: "0",
			`heartsay_seeds{answers="true"}`: "1", `heartsay_seeds{answers="false"}`: "1",
			`heartsay_events_total{type="join"}`: "2", `heartsay_events_total{type="dead"}`: "0",
			`heartsay_ring_events`: "2", `heartsay_subscribers`: "0",
		})
		for _, series := range []string{
			`heartsay_packets_total{direction="sent"}`, `heartsay_packets_total{direction="received"}`,
			`heartsay_packet_bytes_total{direction="sent"}`, `heartsay_stream_bytes_total{direction="sent"}`,
			`heartsay_stream_bytes_total{direction="received"}`, `heartsay_messages_sent_total{kind="digest"}`,
			`heartsay_messages_received_total{kind="sync"}`, `heartsay_exchanges_total{began="self",transport="packet"}`,
			`heartsay_exchanges_total{began="peer",transport="packet"}`, `heartsay_exchanges_total{began="self",transport="stream"}`,
			`heartsay_exchange_failures_total`, `heartsay_phi_count`, `heartsay_loop_lag_seconds_count`,
			`heartsay_dead_timeout_seconds`,
		} {
			if got := c.figure("b", series); got == "missing" || got == "0" {
				t.Errorf("after ten seconds of gossip %s is %s", series, got)
			}
		}
		if n := c.figure("a", `heartsay_exchanges_total{began="peer",transport="stream"}`); n == "0" {
			t.Error("a was joined and counts no exchange on a stream")
		}
		c.stop("b")
		c.sees("a", 30*time.Second, "b=dead")
		time.Sleep(snapshotAge)
		c.figures("a", map[string]string{
			`heartsay_members{state="alive"}`: "1", `heartsay_members{state="dead"}`: "1", `heartsay_isolated`: "1",
			`heartsay_events_total{type="dead"}`: "1",
		})
	})
}

func TestMetricsTellDropsByReason(t *testing.T) {
	virtually(t, func(c *cluster) {
		a := c.start("a", 1)
		if _, err := c.net.listen(at(9)).WriteTo([]byte("GET / HTTP/1.1"), at(1).String()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * snapshotAge)
		dropped := 0
		for reason, n := range a.named() {
			if strings.HasPrefix(reason, "packet_format") && n == 1 {
				dropped++
				c.figures("a", map[string]string{fmt.Sprintf(`heartsay_drops_total{reason="%s"}`, reason): "1"})
			}
		}
		if dropped != 1 {
			t.Errorf("one packet of noise is counted under %d reasons", dropped)
		}
	})
}

func TestMetricsTellEachCountUnderItsName(t *testing.T) {
	told := make(chan prometheus.Metric, 1000)
	w := figures{told}
	w.counts(node.Counts{
		Packets: node.Traffic{Sent: 3}, PacketBytes: node.Traffic{Received: 4}, Carried: 5, Repeated: 6, StateFailed: 7,
		Drops: map[string]uint64{"strangers": 8, "engine_clock": 9},
	})
	w.drops(map[string]uint64{"packet_queue": 10})
	w.handlers([]handlers.Stats{
		{Kind: "webhook", Outcomes: map[string]uint64{"given_up": 11}, Retries: 2}, {Kind: "webhook", Lost: 1, Retries: 3},
	})
	close(told)
	got := map[string]float64{}
	for m := range told {
		var row dto.Metric
		if err := m.Write(&row); err != nil {
			t.Fatal(err)
		}
		name := regexp.MustCompile(`fqName: "(\w+)"`).FindStringSubmatch(m.Desc().String())[1]
		for _, l := range row.GetLabel() {
			name += fmt.Sprintf(" %s=%q", l.GetName(), l.GetValue())
		}
		got[name] = row.GetCounter().GetValue()
	}
	for name, want := range map[string]float64{
		`heartsay_packets_total direction="sent"`: 3, `heartsay_packet_bytes_total direction="received"`: 4,
		`heartsay_fallback_messages_total what="carried"`: 5, `heartsay_fallback_messages_total what="repeated"`: 6,
		`heartsay_state_write_failures_total`: 7, `heartsay_drops_total reason="strangers"`: 8,
		`heartsay_drops_total reason="engine_clock"`: 9, `heartsay_drops_total reason="packet_queue"`: 10,
		`heartsay_handler_events_total kind="webhook" outcome="given_up"`:    11,
		`heartsay_handler_events_total kind="webhook" outcome="retries"`:     5,
		`heartsay_handler_events_total kind="webhook" outcome="events_lost"`: 1,
	} {
		if got[name] != want {
			t.Errorf("%s is %g, want %g", name, got[name], want)
		}
	}
}

// TestMetricsTellNoSuccessOrRetryAsADrop runs a cluster without UDP, where every message is one or the other.
func TestMetricsTellNoSuccessOrRetryAsADrop(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.net.Lose(1)
		c.start("a", 1)
		c.start("b", 2, "10.0.0.1")
		time.Sleep(30 * time.Second)
		_, body := c.ask("a", "/metrics")
		for _, reason := range []string{"path_stream_messages", "path_unanswered"} {
			if strings.Contains(body, `heartsay_drops_total{reason="`+reason) {
				t.Errorf("%s, which is no drop, is among the drops", reason)
			}
		}
		for _, series := range []string{`heartsay_fallback_messages_total{what="carried"}`, `heartsay_fallback_messages_total{what="repeated"}`} {
			if n := c.figure("a", series); n == "missing" || n == "0" {
				t.Errorf("without UDP %s is %s", series, n)
			}
		}
	})
}

func TestMetricsCountEachMessageOnAStreamOnce(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.start("a", 1)
		c.start("b", 2, "10.0.0.1")
		c.sees("a", 2*time.Second, "b=alive")
		time.Sleep(2 * snapshotAge)
		sent, received := c.figure("b", `heartsay_messages_sent_total{kind="sync"}`), c.figure("a", `heartsay_messages_received_total{kind="sync"}`)
		if sent == "0" || received != sent {
			t.Errorf("b sent %s parts of a sync and a counts %s", sent, received)
		}
	})
}

func TestMetricsTellTheLagOfALoopThatWasHeldUp(t *testing.T) {
	virtually(t, func(c *cluster) {
		a := c.start("a", 1)
		time.Sleep(5 * time.Second)
		if n := c.figure("a", `heartsay_loop_lag_seconds_bucket{le="0.001"}`); n != c.figure("a", "heartsay_loop_lag_seconds_count") {
			t.Errorf("in virtual time %s ticks of %s are punctual", n, c.figure("a", "heartsay_loop_lag_seconds_count"))
		}
		a.metrics.LoopLag(3 * time.Second)
		if late := c.figure("a", `heartsay_loop_lag_seconds_bucket{le="1"}`); late == c.figure("a", "heartsay_loop_lag_seconds_count") {
			t.Error("no tick is told to be late by more than a second")
		}
	})
}

// documented finds the names in the tables of docs/metrics.md.
var documented = regexp.MustCompile("(?m)^\\| `(heartsay_[a-z_]+)")

func TestEachMetricIsDocumentedAndEachDocumentedOneExists(t *testing.T) {
	b, err := os.ReadFile("../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	var written []string
	for _, m := range documented.FindAllSubmatch(b, -1) {
		written = append(written, string(m[1]))
	}
	slices.Sort(written)
	there := metricNames(t)
	for _, name := range there {
		if !slices.Contains(written, name) {
			t.Errorf("docs/metrics.md has no row for %s", name)
		}
	}
	for i, name := range written {
		if !slices.Contains(there, name) {
			t.Errorf("docs/metrics.md documents %s, which does not exist", name)
		}
		if i > 0 && written[i-1] == name {
			t.Errorf("docs/metrics.md documents %s twice", name)
		}
	}
}

// metricNames returns the names of all metrics of an agent, sorted, also of those that have no series yet.
func metricNames(t *testing.T) []string {
	t.Helper()
	all := make(chan *prometheus.Desc, 1000)
	newMetrics(&Agent{}).registry.Describe(all)
	close(all)
	name := regexp.MustCompile(`fqName: "(heartsay_[a-z_]+)"`)
	var names []string
	for d := range all {
		if m := name.FindStringSubmatch(d.String()); m != nil {
			names = append(names, m[1])
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func TestMetricsKeepToTheConventions(t *testing.T) {
	virtually(t, func(c *cluster) {
		a := c.start("a", 1)
		c.start("b", 2, "10.0.0.1")
		c.sees("a", 2*time.Second, "b=alive")
		faults, err := testutil.GatherAndLint(a.metrics.registry, metricNames(t)...)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range faults {
			t.Errorf("%s: %s", f.Metric, f.Text)
		}
	})
}

func TestNoMetricNamesAMember(t *testing.T) {
	virtually(t, func(c *cluster) {
		c.start("observer", 1)
		c.start("a-peer", 2, "10.0.0.1")
		c.sees("observer", 2*time.Second, "a-peer=alive")
		time.Sleep(5 * time.Second)
		if _, body := c.ask("observer", "/metrics"); strings.Contains(body, "a-peer") || strings.Contains(body, "10.0.0.2") {
			t.Error("a metric names another member: in a large cluster there would be thousands of series")
		}
	})
}
