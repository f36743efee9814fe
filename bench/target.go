package bench

import (
	"fmt"
	"math"
	"strings"

	"heartsay/bench/document"
)

// target is one thing heartsay was to reach.
type target struct {
	Line    string // what was asked
	Found   string // what was measured
	Reached bool
	Limit   string // what stands in the way; shown when it is not reached
}

const (
	ours   = "heartsay lan"
	theirs = "memberlist LAN"
)

// targets holds what was measured against what was asked for. What was not measured is left out.
func (b *results) targets() (all []target) {
	for _, loss := range []lossy{{}, {share: 0.3}, {0.3, true}} {
		all = append(all, b.detectionTarget(loss)...)
	}
	for _, scenario := range []string{"block", "freeze"} {
		all = append(all, b.gridTarget(scenario)...)
	}
	for _, r := range b.find("loss", 128, ours) {
		all = append(all, target{
			r.lossWords() + " on all links for ten minutes, 128 members: no false death",
			fmt.Sprintf("%s false deaths in %s", document.Whole(r.value("false_dead")), runs(r.Seeds)), r.value("false_dead") == 0,
			"the detector: see `docs/calibration.md`",
		})
	}
	all = append(all, b.bootstrapTarget()...)
	for _, scenario := range []string{"flipflop", "lossy"} {
		all = append(all, b.oneWayTarget(scenario)...)
	}
	return all
}

// crash returns the measurement of crashes, if there is one.
func (b *results) crash(members int, system string, loss lossy) (row, bool) {
	found := with(with(b.find("crash", members, system), "loss", loss.share), spared, float64(btoi(loss.spare)))
	if len(found) == 0 {
		return row{}, false
	}
	return found[0], true
}

func (b *results) detectionTarget(loss lossy) []target {
	we, ok := b.crash(128, ours, loss)
	they, okToo := b.crash(128, theirs, loss)
	if !ok || !okToo {
		return nil
	}
	one, ten := we.value("one_p99")/they.value("one_p99"), we.value("ten_p99")/they.value("ten_p99")
	return []target{{
		fmt.Sprintf("default against default, 128 members, %s: a crash is known to all survivors (p99) in at most 1/3 of memberlist's time",
			we.lossWords()),
		fmt.Sprintf("one crashes: %s against %s, ratio %.2f; ten crash: %s against %s, ratio %.2f", sec(we.value("one_p99")), sec(they.value("one_p99")),
			one, sec(we.value("ten_p99")), sec(they.value("ten_p99")), ten),
		math.Max(one, ten) <= 1./3,
		"the least silence of 2.75 s, of which all but two rounds lie after the first probe that failed; that comes later where exchanges get lost, and so do accusations",
	}}
}

func (b *results) gridTarget(scenario string) []target {
	cells := b.find(scenario, 0, ours)
	if len(cells) == 0 {
		return nil
	}
	total := func(key string) float64 { return sum(cells, func(r row) float64 { return r.value(key) }) }
	found := fmt.Sprintf("%s at healthy members; %s at stopped ones after they wake; %s pairs still dead 5 s after",
		document.Whole(total("at_healthy")), document.Whole(total("after_wake")), document.Whole(total("still_dead")))
	limit := "what a thawed member holds is old, and it takes part before it has caught up"
	if scenario == "block" {
		limit = "that a blocked member's timers run: nothing tells it that it is its own network that is silent"
		found = strings.Replace(found, "stopped", "blocked", 1) + fmt.Sprintf(" (and %s while they were blocked)", document.Whole(total("while_blocked")))
	}
	found += fmt.Sprintf("; in %s", runs(int(sum(cells, func(r row) float64 { return float64(r.Seeds) }))))
	if n := len(blockGrid()); len(cells) < n {
		found += fmt.Sprintf(" of %d of the %d cells", len(cells), n)
	}
	return []target{{
		"Lifeguard's whole grid, " + scenario + ": no false death of a healthy member, at healthy members and at the others after they wake",
		found, total("at_healthy")+total("after_wake") == 0 && len(cells) == len(blockGrid()),
		limit,
	}}
}

func runs(n int) string {
	if n == 1 {
		return "one run"
	}
	return fmt.Sprintf("%d runs", n)
}

func (b *results) bootstrapTarget() []target {
	for _, n := range []int{1000, 128} {
		we, they := b.find("bootstrap", n, ours), b.find("bootstrap", n, theirs)
		if len(we) == 0 || len(they) == 0 {
			continue
		}
		ratio := we[0].value("all_mean") / they[0].value("all_mean")
		return []target{{
			"bootstrap of 1000 through one seed: all know all in at most 1/4 of memberlist's time",
			fmt.Sprintf("%d members: %s against %s: %.2f", n, sec(we[0].value("all_mean")), sec(they[0].value("all_mean")), ratio),
			n == 1000 && ratio <= 0.25,
			"the last few pairs: who missed a push of news waits until an exchange shows the gap",
		}}
	}
	return nil
}

func (b *results) oneWayTarget(scenario string) []target {
	cells := b.find(scenario, 0, ours)
	if len(cells) == 0 {
		return nil
	}
	total := func(key string) float64 { return sum(cells, func(r row) float64 { return r.value(key) }) }
	line, limit := "one-way flip-flop", "that who hears nobody has nothing but its own patience to go by"
	if scenario == "lossy" {
		line = "80 % loss at 1 %, ingress and egress"
		limit = "that a member which suddenly loses most of what is sent to it does not know so before it has lost it"
	}
	return []target{{
		line + ": no healthy member is ever dead anywhere",
		fmt.Sprintf("%s at healthy members; at the afflicted ones %s while the fault is on, %s while it is off",
			document.Whole(total("at_healthy")), document.Whole(total("while_blocked")), document.Whole(total("after_wake"))),
		total("at_healthy")+total("while_blocked")+total("after_wake") == 0,
		limit,
	}}
}

func (b *results) targetTable() string {
	t := document.NewTable("<asked", "<measured", "<reached")
	for _, g := range b.targets() {
		t.Add(g.Line, g.Found, yesNo(g.Reached))
	}
	return t.String()
}

// limits says what stands in the way of what is not reached.
func (b *results) limits() string {
	var lines []string
	for _, g := range b.targets() {
		if !g.Reached {
			lines = append(lines, fmt.Sprintf("- *%s.* The limit is %s.\n", g.Line, g.Limit))
		}
	}
	return strings.Join(lines, "")
}
