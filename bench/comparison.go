package bench

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"heartsay/bench/document"
)

// comparison is a figure of which less is better.
type comparison struct {
	what, members, loss, against string
	we, they                     float64
	unit                         func(float64) string
	count                        bool // a ratio of counts says little
}

// comparisons are the figures in which the systems can be set against each other, default against default.
func (b *results) comparisons() (all []comparison) {
	for _, they := range []string{theirs, memberlistFast.name} {
		for _, n := range []int{32, 128, 1000} {
			all = append(all, b.crashComparisons(n, they)...)
			a, o := b.find("bootstrap", n, ours), b.find("bootstrap", n, they)
			if len(a) > 0 && len(o) > 0 {
				add := func(what, key string, unit func(float64) string) {
					all = append(all, comparison{what, fmt.Sprint(n), percent(0), they, a[0].value(key), o[0].value(key), unit, false})
				}
				add("bootstrap until all know all", "all_mean", sec)
				add("bootstrap, bytes of a member", "bytes", document.Whole)
			}
		}
		for _, s := range []struct{ scenario, name string }{
			{"block", "blocked members"}, {"flipflop", "ingress flip-flop"}, {"lossy", "80 % loss at 1 %"}, {"loss", "30 % loss for ten minutes"},
		} {
			all = append(all, b.mistakeComparisons(s.scenario, s.name, they)...)
		}
	}
	return all
}

func (b *results) crashComparisons(n int, they string) (all []comparison) {
	for _, loss := range []lossy{{}, {share: 0.1}, {share: 0.3}, {0.3, true}} {
		a, ok := b.crash(n, ours, loss)
		o, okToo := b.crash(n, they, loss)
		if !ok || !okToo {
			continue
		}
		add := func(what, key string, unit func(float64) string) {
			all = append(all, comparison{what, fmt.Sprint(n), a.loss(), they, a.value(key), o.value(key), unit, key == "false_dead"})
		}
		add("bytes/s of a member", "bytes", document.Whole)
		add("packets/s of a member", "packets", tenths)
		add("one crash known, p99", "one_p99", sec)
		add("ten crashes known, p99", "ten_p99", sec)
		add("false deaths", "false_dead", document.Whole)
	}
	return all
}

// mistakeComparisons sets mistakes per run against each other, in the cases that were measured with both.
func (b *results) mistakeComparisons(scenario, name, they string) (all []comparison) {
	a, o := b.find(scenario, 0, ours), b.find(scenario, 0, they)
	in := func(rows []row, r row) bool {
		return slices.ContainsFunc(rows, func(x row) bool { return maps.Equal(x.Case, r.Case) && x.Members == r.Members })
	}
	a = slices.DeleteFunc(a, func(r row) bool { return !in(o, r) })
	o = slices.DeleteFunc(o, func(r row) bool { return !in(a, r) })
	if len(a) == 0 {
		return nil
	}
	add := func(what, key string) {
		mean := func(rows []row) float64 {
			return sum(rows, func(r row) float64 { return r.value(key) }) / sum(rows, func(r row) float64 { return float64(r.Seeds) })
		}
		all = append(all, comparison{what, fmt.Sprint(a[0].Members), a[0].loss(), they, mean(a), mean(o), tenths, true})
	}
	if scenario == "loss" {
		add(name+": false deaths in a run", "false_dead")
		return all
	}
	for _, k := range mistakeKinds {
		add(name+": healthy members declared dead in a run, "+k.head, k.key)
	}
	return all
}

func tenths(v float64) string { return fmt.Sprintf("%.1f", v) }

// losses lists where memberlist does better.
func (b *results) losses() string {
	t := document.NewTable("<what", "members", "loss", "<against", "heartsay", "memberlist", "times as much")
	for _, c := range b.comparisons() {
		if c.we <= c.they || math.IsNaN(c.we) || math.IsNaN(c.they) {
			continue
		}
		times := "–"
		if !c.count {
			times = fmt.Sprintf("%.2f", c.we/c.they)
		}
		t.Add(c.what, c.members, c.loss, c.against, c.unit(c.we), c.unit(c.they), times)
	}
	return t.String()
}

// rest lists what a member costs while nothing happens and nothing is lost.
func (b *results) rest() string {
	var s strings.Builder
	for _, n := range []int{32, 128, 1000} {
		a, ok := b.crash(n, ours, lossy{})
		o, okToo := b.crash(n, theirs, lossy{})
		if ok && okToo {
			fmt.Fprintf(&s, "- %d members: %s bytes a second against %s, %.1f times as much\n", n, document.Whole(a.value("bytes")), document.Whole(o.value("bytes")),
				a.value("bytes")/o.value("bytes"))
		}
	}
	return s.String()
}
