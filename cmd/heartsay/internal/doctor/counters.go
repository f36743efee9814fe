package doctor

import (
	"maps"
	"slices"
	"strings"
	"time"

	"heartsay/cmd/heartsay/internal/render"
)

// advice is what a counter of the agent means for people, and what to do about it.
type advice struct{ means, todo string }

// counterAdvice explains the counters that tell of a mistake. Those of single lost or foreign packets are left out: the
// world is full of them.
var counterAdvice = map[string]advice{
	"drop_cluster":        {"messages of another cluster arrive", "correct --cluster or --join of the agent that the log names"},
	"drop_key":            {"messages arrive that are sealed with a key which this agent does not have", "give all agents the same --key-file"},
	"drop_plain":          {"messages arrive that are not sealed, although this agent has a key", "give all agents the same --key-file"},
	"drop_seal":           {"messages arrive whose seal does not match", "give all agents the same --key-file and --cluster"},
	"drop_retired":        {"messages arrive that are sealed with a key which was removed here", "finish the rotation of keys on the senders"},
	"drop_replay":         {"messages arrive twice or too late", "look for who repeats packets on the network"},
	"plain_accepted":      {"messages that are not sealed are accepted although this agent has a key", "give all agents the key, then restart without --accept-plain"},
	"drop_leap":           {"counters of messages are further ahead than their sender can have come", "replace the keys: a holder forges packets"},
	"drop_hellos":         {"an address asks again and again who listens here", "look for who repeats packets on the network"},
	"drop_format":         {"messages of another version of heartsay arrive", "bring all agents to versions that are neighbours"},
	"drop_version":        {"messages of another protocol version arrive", "bring all agents to versions that are neighbours"},
	"drop_checksum":       {"damaged messages arrive", "look for a faulty device on the network"},
	"engine_clock":        {"members tell of times that this clock does not allow", "set the clocks of all hosts by NTP"},
	"engine_full":         {"there are more members than the list takes", "look for strangers in the cluster"},
	"engine_misaddressed": {"messages for members of other names arrive", "look for an address that two agents share"},
	"outbox_full":         {"packets are lost before they are sent", "give the agent more CPU"},
	"packet_queue":        {"packets are lost before they are read", "give the agent more CPU"},
	"packet_size":         {"packets are larger than this agent takes", "look for who sends them"},
	"send_failed":         {"packets cannot be sent", "look at the log at --log-level debug"},
	"api_token":           {"requests over TCP come without the token", "give who asks --token-file"},
	"api_busy":            {"more large answers are asked for at once than the agent makes", "look at who asks, and how often"},
	"api_limit":           {"connections to the API over TCP are more than there are places", "look at who connects"},
	"scrape_limit":        {"connections to the port of --metrics are more than there are places", "look at who connects"},
	"dns_limit":           {"connections to DNS are more than there are places", "look at who connects"},
	"dns_rate":            {"an address asks by DNS too fast", "let it ask by TCP, or with DNS cookies"},
	"api_not_permitted":   {"web pages, or requests for other hosts, reach the API", "look at who asks"},
	"state_write_failed":  {"the state file cannot be written", "look at the disk and at who owns the folder"},
	"reload_failed":       {"the configuration was not reloaded", "run heartsay config check"},
}

const (
	stalledLeast = time.Second // of stalls that are worth a word, in all
	stalledShare = 0.01        // and of the time since the start
)

// checkCounters looks for what the agent refuses or loses. What goes on now is a failure; what happened once since its
// start, a warning.
func (d *doctor) checkCounters() {
	if d.self == nil {
		return
	}
	before := d.self.Counters
	select {
	case <-time.After(d.waits.grow):
	case <-d.ctx.Done():
		return
	}
	now, err := d.client.Self(d.ctx)
	if err != nil {
		d.fail("counters", "", "%v", err)
		return
	}
	quiet := true
	for _, name := range slices.Sorted(maps.Keys(now.Counters)) {
		told, known := counterAdvice[name]
		total, grown := now.Counters[name], now.Counters[name]-before[name]
		switch {
		case total == 0, !known:
			continue
		case grown > 0:
			d.fail("counters", told.todo, "%s: %s %d, now %d more", told.means, name, total, grown)
		default:
			d.warn("counters", told.todo, "%s, though not now: %s %d since the start", strings.TrimSpace(told.means), name, total)
		}
		quiet = false
	}
	if quiet {
		d.ok("counters", "the agent refused or lost nothing that shows a fault")
	}
	up := time.Since(now.Started)
	if now.Stalled > max(stalledLeast, time.Duration(stalledShare*float64(up))) {
		d.warn("stalls", "give the agent more CPU", "the agent itself stalled %d times, %s in all", now.Stalls, render.Seconds(now.Stalled))
	}
}
