package bench

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"heartsay/bench/document"
)

// sec, whole and percent write a value for people; what does not exist is a dash.
func sec(v float64) string {
	switch {
	case math.IsNaN(v):
		return "–"
	case v < 9.995:
		return fmt.Sprintf("%.2f s", v)
	}
	return fmt.Sprintf("%.1f s", v)
}

func percent(v float64) string { return fmt.Sprintf("%.0f %%", 100*v) }

// loss writes what the links lose, for a cell; lossWords for a sentence.
func (r row) loss() string {
	if r.Case["loss"] > 0 && r.Case[spared] == 1 {
		return percent(r.Case["loss"]) + ", streams spared"
	}
	return percent(r.Case["loss"])
}

func (r row) lossWords() string {
	if r.Case["loss"] > 0 && r.Case[spared] == 1 {
		return percent(r.Case["loss"]) + " loss that spares streams"
	}
	return percent(r.Case["loss"]) + " loss"
}

// span3 writes the median, the 99th percentile and the greatest of a detection.
func (r row) span3(kind string) string {
	s := fmt.Sprintf("%s / %s / %s", plain(r.value(kind+"_p50")), plain(r.value(kind+"_p99")), plain(r.value(kind+"_max")))
	if missed := r.value(kind + "_missed"); missed > 0 {
		s += fmt.Sprintf(" (%s never)", document.Whole(missed))
	}
	return s
}

func plain(v float64) string { return strings.TrimSuffix(sec(v), " s") }

func (b *results) crashTable() string {
	t := document.NewTable("members", "loss", "runs", "<system", "bytes/s", "packets/s", "one crashes: p50 / p99 / max, s",
		"ten crash: p50 / p99 / max, s", "suspected, p99", "false deaths", "false suspicions")
	for _, r := range ordered(b.find("crash", 0, ""), "loss", spared) {
		suspicions := document.Whole(r.value("false_suspect"))
		if !strings.HasPrefix(r.System, "heartsay") {
			suspicions = "not told"
		}
		t.Add(fmt.Sprint(r.Members), r.loss(), fmt.Sprint(r.Seeds), r.System, document.Whole(r.value("bytes")),
			fmt.Sprintf("%.1f", r.value("packets")), r.span3("one"), r.span3("ten"), sec(r.value("ten_suspect_p99")),
			document.Whole(r.value("false_dead")), suspicions)
	}
	return t.String()
}

// ordered returns rows by size, then by the case's keys, then by system, heartsay first.
func ordered(rows []row, keys ...string) []row {
	slices.SortStableFunc(rows, func(a, b row) int {
		if c := cmp.Compare(a.Members, b.Members); c != 0 {
			return c
		}
		for _, k := range keys {
			if c := cmp.Compare(a.Case[k], b.Case[k]); c != 0 {
				return c
			}
		}
		return cmp.Or(cmp.Compare(rank(a.System), rank(b.System)), cmp.Compare(a.System, b.System))
	})
	return rows
}

// rank puts heartsay before memberlist, and the defaults before what is tuned.
func rank(system string) int {
	switch {
	case system == ours:
		return 0
	case strings.HasSuffix(system, theirs):
		return 1
	}
	return 2
}

func (b *results) sweepTable() string {
	t := document.NewTable("loss", "<system", "interval", "bytes/s", "ten crash: p50 / p99 / max, s", "false deaths")
	for _, r := range ordered(ordered(b.find("sweep", 0, ""), "pace_s"), "loss") {
		t.Add(r.loss(), strings.TrimSuffix(r.System, " scaled"), fmt.Sprintf("%g ms", 1000*r.Case["pace_s"]),
			document.Whole(r.value("bytes")), r.span3("ten"), document.Whole(r.value("false_dead")))
	}
	return t.String()
}

func (b *results) lossTable() string {
	t := document.NewTable("<system", "members", "loss", "runs", "false deaths", "pairs dead at the end", "false suspicions")
	for _, r := range ordered(b.find("loss", 0, ""), spared) {
		suspicions := document.Whole(r.value("false_suspect"))
		if !strings.HasPrefix(r.System, "heartsay") {
			suspicions = "not told"
		}
		t.Add(r.System, fmt.Sprint(r.Members), r.loss(), fmt.Sprint(r.Seeds), document.Whole(r.value("false_dead")),
			document.Whole(r.value("dead_at_end")), suspicions)
	}
	return t.String()
}

// mistakeKinds are the columns of the grids.
var mistakeKinds = []struct{ key, head string }{
	{"at_healthy", "at healthy members"}, {"after_wake", "at blocked ones, awake"}, {"while_blocked", "at blocked ones, blocked"},
	{"still_dead", "still dead 5 s after"}, {"dead_at_end", "60 s after"},
}

// afflictions say what the members of a grid suffer.
var afflictions = map[string]string{"block": "blocked", "freeze": "frozen"}

// gridSummary adds the mistakes of a grid up, by system and number of blocked members.
func (b *results) gridSummary(scenario string) string {
	afflicted := afflictions[scenario]
	head := []string{"<system", afflicted, "runs"}
	for _, k := range mistakeKinds {
		head = append(head, strings.ReplaceAll(k.head, "blocked", afflicted))
	}
	t := document.NewTable(head...)
	for _, sys := range b.systemsOf(scenario) {
		for _, c := range []float64{1, 8, 16, 32} {
			cells := with(b.find(scenario, 0, sys), "blocked", c)
			if len(cells) == 0 {
				continue
			}
			line := []string{sys, document.Whole(c), document.Whole(sum(cells, func(r row) float64 { return float64(r.Seeds) }))}
			for _, k := range mistakeKinds {
				line = append(line, document.Whole(sum(cells, func(r row) float64 { return r.value(k.key) })))
			}
			t.Add(line...)
		}
	}
	return t.String()
}

func sum(rows []row, f func(row) float64) (total float64) {
	for _, r := range rows {
		total += f(r)
	}
	return total
}

// systemsOf returns the systems of a scenario, heartsay first.
func (b *results) systemsOf(scenario string) (names []string) {
	for _, r := range b.find(scenario, 0, "") {
		if !slices.Contains(names, r.System) {
			names = append(names, r.System)
		}
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b)) })
	return names
}

// unmeasured stands where there are no figures.
const unmeasured = "Not measured with this version yet; `make bench` does.\n"

// gridTable is the whole grid: at healthy members, at blocked ones awake, at blocked ones blocked.
func (b *results) gridTable(scenario string) string {
	head, names := []string{afflictions[scenario], "for", "then well for"}, b.systemsOf(scenario)
	if len(names) == 0 {
		return unmeasured
	}
	t := document.NewTable(append(head, names...)...)
	for _, r := range ordered(b.find(scenario, 0, names[0]), "blocked", "block_s", "open_s") {
		line := []string{document.Whole(r.Case["blocked"]), fmt.Sprintf("%g s", r.Case["block_s"]), fmt.Sprintf("%g ms", 1000*r.Case["open_s"])}
		for i, sys := range names {
			line = append(line, "–")
			for _, cell := range b.find(scenario, r.Members, sys) {
				if cell.Case["blocked"] == r.Case["blocked"] && cell.Case["block_s"] == r.Case["block_s"] && cell.Case["open_s"] == r.Case["open_s"] {
					line[3+i] = fmt.Sprintf("%s / %s / %s", document.Whole(cell.value("at_healthy")), document.Whole(cell.value("after_wake")),
						document.Whole(cell.value("while_blocked")))
				}
			}
		}
		t.Add(line...)
	}
	return t.String()
}

func (b *results) bootstrapTable() string {
	t := document.NewTable("members", "runs", "<system", "99 % of the pairs", "all know all, mean", "worst run", "bytes per member until then", "false deaths")
	for _, r := range ordered(b.find("bootstrap", 0, "")) {
		worst := sec(r.value("all_max"))
		if r.value("unfinished") > 0 {
			worst = "not in 10 min"
		}
		t.Add(fmt.Sprint(r.Members), fmt.Sprint(r.Seeds), r.System, sec(r.value("most_mean")), sec(r.value("all_mean")), worst,
			document.Whole(r.value("bytes")), document.Whole(r.value("false_dead")))
	}
	return t.String()
}

// oneWayTable shows what comes of afflicted members.
func (b *results) oneWayTable(scenario string) string {
	t := document.NewTable("<fault", "members", "runs", "<system", "healthy declared dead by healthy", "by afflicted, fault on", "by afflicted, fault off",
		"dead pairs 60 s after", "afflicted declared dead", "and back", "views: mean (max)", "agreed gone / disputed at the end")
	for _, r := range ordered(b.find(scenario, 0, ""), "in") {
		fault := "ingress 20 s off, 20 s on"
		switch {
		case r.Case["in"] > 0:
			fault = "80 % of ingress lost"
		case r.Case["out"] > 0:
			fault = "80 % of egress lost"
		}
		t.Add(fault, fmt.Sprint(r.Members), fmt.Sprint(r.Seeds), r.System, document.Whole(r.value("at_healthy")), document.Whole(r.value("while_blocked")),
			document.Whole(r.value("after_wake")), document.Whole(r.value("dead_at_end")), document.Whole(r.value("afflicted_dead")), document.Whole(r.value("returns")),
			fmt.Sprintf("%.1f (%.0f)", r.value("views_mean"), r.value("views_max")),
			document.Whole(r.value("gone_at_end"))+" / "+document.Whole(r.value("split_at_end")))
	}
	return t.String()
}

func (b *results) joinsTable() string {
	t := document.NewTable("<system", "joins", "known to all: p50", "p99", "max", "not in a minute", "false deaths in 10 min")
	for _, r := range b.find("joins", 0, "") {
		t.Add(r.System, fmt.Sprint(r.Members*r.Seeds), sec(r.value("known_p50")), sec(r.value("known_p99")), sec(r.value("known_max")),
			document.Whole(r.value("missed")), document.Whole(r.value("false_dead")))
	}
	return t.String()
}

func (b *results) chitchatTable() string {
	t := document.NewTable("members", "loss", "<assertion", "bound", "measured, worst run", "<holds")
	for _, r := range ordered(b.find("chitchat", 0, ""), "loss") {
		add := func(what, bound, measured string, holds bool) {
			t.Add(fmt.Sprint(r.Members), percent(r.Case["loss"]), what, bound, measured, yesNo(holds))
		}
		if v := r.Case["bytes_bound"]; v > 0 {
			add("bytes/s per member", document.Whole(v), document.Whole(r.value("bytes")), r.value("bytes") < v)
		}
		if v := r.Case["death_bound"]; v > 0 {
			add("a crash is seen by all", sec(v), sec(r.value("death")), r.value("death") < v && r.value("missed") == 0)
		}
		if v := r.Case["calm_bound"]; v > 0 {
			add("no false death in "+sec(v), "0", document.Whole(r.value("false_dead")), r.value("false_dead") == 0)
		}
	}
	return t.String()
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "**no**"
}

func (b *results) alignTable() string {
	t := document.NewTable("loss", "<made equal", "<to", "runs", "heartsay's interval", "heartsay: bytes/s", "p99", "false deaths", "memberlist: bytes/s",
		"p99", "<heartsay in shares of memberlist")
	for _, r := range b.aligned() {
		other := fmt.Sprintf("%.2f of its bytes", r.value("bytes")/r.value("peer_bytes"))
		if r.aim() == "bytes" {
			other = fmt.Sprintf("%.2f of its time", r.value("ten_p99")/r.value("peer_p99"))
		}
		t.Add(r.loss(), r.aim(), r.peer(), fmt.Sprint(r.Seeds), fmt.Sprintf("%.0f ms", 1000*r.value("pace_s")), document.Whole(r.value("bytes")),
			sec(r.value("ten_p99")), document.Whole(r.value("false_dead")), document.Whole(r.value("peer_bytes")), sec(r.value("peer_p99")), other)
	}
	return t.String()
}

func (b *results) aligned() []row { return ordered(b.find("align", 0, ""), "loss", "by_bytes") }

// aim says what an alignment made equal, and peer to whom.
func (r row) aim() string {
	if r.Case["by_bytes"] == 1 {
		return "bytes"
	}
	return "detection"
}

func (r row) peer() string { return strings.TrimPrefix(r.System, heartsayAt(0).name+" to ") }

// alignFlags are the commands that give an agent the configurations of the alignments.
func (b *results) alignFlags() string {
	var lines strings.Builder
	for _, r := range b.aligned() {
		fmt.Fprintf(&lines, "heartsay agent %s # %s of %s, %s\n", heartsayAt(seconds(r.value("pace_s"))).flags(), r.aim(), r.peer(), r.lossWords())
	}
	return lines.String()
}

// commitTable says which rows were measured with which heartsay.
func (b *results) commitTable() string {
	of := map[string][]string{}
	for _, r := range b.rows {
		if !strings.HasPrefix(r.System, "heartsay") {
			continue
		}
		what := fmt.Sprintf("%s of %d", r.Scenario, r.Members)
		if !slices.Contains(of[r.Commit], what) {
			of[r.Commit] = append(of[r.Commit], what)
		}
	}
	t := document.NewTable("<commit", "<scenario and members")
	for _, c := range slices.Sorted(maps.Keys(of)) {
		t.Add(cmp.Or(c, "not told"), strings.Join(of[c], ", "))
	}
	return t.String()
}
