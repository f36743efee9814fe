package bench

import (
	"fmt"
	"math"
	"strings"
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
func (b *board) targets() (all []target) {
	for _, loss := range []lossy{{}, {share: 0.3}, {0.3, true}} {
		all = append(all, b.detectionTarget(loss)...)
	}
	for _, scenario := range []string{"block", "freeze"} {
		all = append(all, b.gridTarget(scenario)...)
	}
	for _, r := range b.find("loss", 128, ours) {
		all = append(all, target{
			r.loss() + " loss on all links for ten minutes, 128 members: no false death",
			whole(r.value("false_dead")) + " false deaths", r.value("false_dead") == 0,
			"the detector: see `docs/protocol.md`, Which distribution",
		})
	}
	all = append(all, b.bootstrapTarget()...)
	for _, scenario := range []string{"flipflop", "lossy"} {
		all = append(all, b.oneWayTarget(scenario)...)
	}
	return all
}

// crash returns the measurement of crashes, if there is one.
func (b *board) crash(members int, system string, loss lossy) (row, bool) {
	found := with(with(b.find("crash", members, system), "loss", loss.share), spared, float64(btoi(loss.spare)))
	if len(found) == 0 {
		return row{}, false
	}
	return found[0], true
}

func (b *board) detectionTarget(loss lossy) []target {
	we, ok := b.crash(128, ours, loss)
	they, okToo := b.crash(128, theirs, loss)
	if !ok || !okToo {
		return nil
	}
	one, ten := we.value("one_p99")/they.value("one_p99"), we.value("ten_p99")/they.value("ten_p99")
	return []target{{
		fmt.Sprintf("default against default, 128 members, %s loss: a crash is known to all survivors (p99) in at most 1/3 of memberlist's time",
			we.loss()),
		fmt.Sprintf("one crashes: %s against %s, ratio %.2f; ten crash: %s against %s, ratio %.2f", sec(we.value("one_p99")), sec(they.value("one_p99")),
			one, sec(we.value("ten_p99")), sec(they.value("ten_p99")), ten),
		math.Max(one, ten) <= 1./3,
		"the age that news normally reaches before the next comes, which grows with log N and with the number of packets that a whole view takes",
	}}
}

func (b *board) gridTarget(scenario string) []target {
	cells := b.find(scenario, 0, ours)
	if len(cells) == 0 {
		return nil
	}
	total := func(key string) float64 { return sum(cells, func(r row) float64 { return r.value(key) }) }
	found := fmt.Sprintf("%s at healthy members; %s at stopped ones after they wake; %s pairs still dead 5 s after",
		whole(total("at_healthy")), whole(total("after_wake")), whole(total("still_dead")))
	limit := "what a thawed member holds is old, and it takes part before it has caught up"
	if scenario == "block" {
		limit = "that a blocked member's timers run: nothing tells it that it is its own network that is silent"
		found = strings.Replace(found, "stopped", "blocked", 1) + fmt.Sprintf(" (and %s while they were blocked)", whole(total("while_blocked")))
	}
	return []target{{
		"Lifeguard's whole grid, " + scenario + ": no false death of a healthy member, at healthy members and at the others after they wake",
		found, total("at_healthy")+total("after_wake") == 0,
		limit,
	}}
}

func (b *board) bootstrapTarget() []target {
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

func (b *board) oneWayTarget(scenario string) []target {
	cells := b.find(scenario, 0, ours)
	if len(cells) == 0 {
		return nil
	}
	total := func(key string) float64 { return sum(cells, func(r row) float64 { return r.value(key) }) }
	line := map[string]string{"flipflop": "one-way flip-flop", "lossy": "80 % loss at 1 %, ingress and egress"}[scenario]
	return []target{{
		line + ": no healthy member is ever dead anywhere",
		fmt.Sprintf("%s at healthy members; at the afflicted ones %s while the fault is on, %s while it is off",
			whole(total("at_healthy")), whole(total("while_blocked")), whole(total("after_wake"))),
		total("at_healthy")+total("while_blocked")+total("after_wake") == 0,
		"that a member which hears nobody cannot tell whether it is deaf or everybody is gone, and after the longest silence it says the latter",
	}}
}

func (b *board) targetTable() string {
	t := newTable("<asked", "<measured", "<reached")
	for _, g := range b.targets() {
		t.add(g.Line, g.Found, yesNo(g.Reached))
	}
	return t.String()
}

// limits says what stands in the way of what is not reached.
func (b *board) limits() string {
	var lines []string
	for _, g := range b.targets() {
		if !g.Reached {
			lines = append(lines, fmt.Sprintf("- *%s.* The limit is %s.\n", g.Line, g.Limit))
		}
	}
	return strings.Join(lines, "")
}

// comparison is a figure of which less is better.
type comparison struct {
	what       string
	we, they   float64
	unit       func(float64) string
	difference bool // show the values alone: a ratio of counts says little
}

// comparisons are the figures in which the systems can be set against each other, default against default.
func (b *board) comparisons() (all []comparison) {
	for _, they := range []string{theirs, memberlistFast.name} {
		for _, n := range []int{32, 128, 1000} {
			for _, loss := range []lossy{{}, {share: 0.1}, {share: 0.3}, {0.3, true}} {
				a, ok := b.crash(n, ours, loss)
				o, okToo := b.crash(n, they, loss)
				if !ok || !okToo {
					continue
				}
				at := fmt.Sprintf(", %d members, %s loss, against %s", n, a.loss(), they)
				all = append(all, comparison{"bytes/s of a member" + at, a.value("bytes"), o.value("bytes"), whole, false},
					comparison{"one crash known, p99" + at, a.value("one_p99"), o.value("one_p99"), sec, false},
					comparison{"ten crashes known, p99" + at, a.value("ten_p99"), o.value("ten_p99"), sec, false},
					comparison{"false deaths" + at, a.value("false_dead"), o.value("false_dead"), whole, true})
			}
			a, o := b.find("bootstrap", n, ours), b.find("bootstrap", n, they)
			if len(a) > 0 && len(o) > 0 {
				at := fmt.Sprintf(", %d members, against %s", n, they)
				all = append(all, comparison{"bootstrap" + at, a[0].value("all_mean"), o[0].value("all_mean"), sec, false},
					comparison{"bytes of a bootstrap" + at, a[0].value("bytes"), o[0].value("bytes"), whole, false})
			}
		}
		for _, scenario := range []string{"block", "flipflop", "lossy"} {
			a, o := b.find(scenario, 0, ours), b.find(scenario, 0, they)
			for _, k := range mistakeKinds {
				total := func(rows []row) float64 { return sum(rows, func(r row) float64 { return r.value(k.key) }) }
				all = append(all, comparison{
					fmt.Sprintf("%s: healthy members dead, %s, against %s", scenario, k.head, they), total(a), total(o), whole, true,
				})
			}
		}
	}
	return all
}

// losses lists where memberlist does better.
func (b *board) losses() string {
	var lines []string
	for _, c := range b.comparisons() {
		if c.we <= c.they || math.IsNaN(c.we) || math.IsNaN(c.they) {
			continue
		}
		s := fmt.Sprintf("- %s: %s against %s", c.what, c.unit(c.we), c.unit(c.they))
		if !c.difference {
			s += fmt.Sprintf(", %.1f times as much", c.we/c.they)
		}
		lines = append(lines, s+"\n")
	}
	if len(lines) == 0 {
		return "- In none of the figures above.\n"
	}
	return strings.Join(lines, "")
}
