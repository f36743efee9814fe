package bench

import (
	"regexp"
	"slices"
	"time"
)

// options say how much of a scenario is run, and where.
type options struct {
	in       Bubble
	parallel int            // runs at a time
	seeds    int            // runs of each case; 0: as many as the scenario needs
	sizes    []int          // members
	wanted   *regexp.Regexp // cases; nil: all
	results  *results       // what was measured before
}

// times returns how often a case is run of which a scenario wants n runs: a cluster of 1000 takes minutes.
func (o options) times(n int) int {
	switch {
	case o.seeds > 0:
		return o.seeds
	case slices.Max(o.sizes) >= 1000:
		return 1
	}
	return n
}

// runs returns the cases that are wanted.
func (o options) runs(cases []sized) []sized {
	if o.wanted == nil {
		return cases
	}
	return slices.DeleteFunc(cases, func(c sized) bool { return !o.wanted.MatchString(c.String()) })
}

// scenario measures some cases.
type scenario struct {
	name  string
	run   func(o options) []row
	needs []string // scenarios that it starts from
}

func scenarios() []scenario {
	return []scenario{
		{name: "crash", run: crashRows}, {name: "sweep", run: sweepRows},
		{name: "align", run: alignRows, needs: []string{"sweep", "crash"}},
		{name: "loss", run: lossRows}, {name: "block", run: blockRows}, {name: "freeze", run: freezeRows},
		{name: "bootstrap", run: bootstrapRows}, {name: "flipflop", run: flipFlopRows}, {name: "lossy", run: lossyRows},
		{name: "joins", run: joinsRows}, {name: "chitchat", run: chitchatRows},
	}
}

func systems() []system { return []system{heartsayLAN, memberlistLAN, memberlistFast} }

// sized is a system with a number of members and a case.
type sized struct {
	system  system
	members int
	row     map[string]float64
}

func (s sized) String() string {
	return row{System: s.system.String(), Members: s.members, Case: s.row}.caption()
}

// spared is the key of cases in which streams lose nothing.
const spared = "streams_spared"

func (s sized) loss() lossy { return lossy{s.row["loss"], s.row[spared] == 1} }

// matrix returns each system with each size and each case.
func matrix(all []system, sizes []int, cases ...map[string]float64) (m []sized) {
	for _, n := range sizes {
		for _, c := range cases {
			for _, s := range all {
				m = append(m, sized{s, n, c})
			}
		}
	}
	return m
}

// rows makes rows of results.
func rows[R any](scenario string, cases []sized, results [][]R, values func([]R) map[string]float64) (all []row) {
	for i, c := range cases {
		all = append(all, row{
			Scenario: scenario, System: c.system.String(), Members: c.members, Case: c.row, Seeds: len(results[i]), Values: values(results[i]),
		})
	}
	return all
}

const (
	usualSeeds = 3
	crashSeeds = 5 // one crash of one member is one draw of when it is probed
)

func crashRows(o options) []row {
	var cases []sized
	for _, n := range o.sizes {
		losses := []map[string]float64{{"loss": 0}, {"loss": 0.1}, {"loss": 0.3}, {"loss": 0.3, spared: 1}}
		if n > 500 {
			losses = losses[:1]
		}
		cases = append(cases, matrix(systems(), []int{n}, losses...)...)
	}
	cases = o.runs(cases)
	return rows("crash", cases, overSeeds(o, cases, o.times(crashSeeds), runCrashOf), crashValues)
}

func runCrashOf(in Bubble, c sized, seed uint64) crashRun {
	return runCrash(in, c.system, c.members, c.loss(), seed)
}

func crashValues(runs []crashRun) map[string]float64 {
	v, one, ten := map[string]float64{}, detection{}, detection{}
	for _, r := range runs {
		one, ten = one.plus(r.One), ten.plus(r.Ten)
		v["bytes"] += r.Cost.Bytes / float64(len(runs))
		v["stream_bytes"] += r.Cost.StreamBytes / float64(len(runs))
		v["packets"] += r.Cost.Packets / float64(len(runs))
		v["false_dead"] += float64(r.FalseDead)
		v["false_suspect"] += float64(r.FalseSuspect)
	}
	for name, d := range map[string]detection{"one": one, "ten": ten} {
		v[name+"_first"], v[name+"_p50"] = quantile(d.Times, 0), quantile(d.Times, 0.5)
		v[name+"_p99"], v[name+"_max"] = quantile(d.Times, 0.99), quantile(d.Times, 1)
		v[name+"_missed"] = float64(d.Missed)
		v[name+"_suspect_p99"] = quantile(d.Suspects, 0.99)
	}
	return v
}

func lossRows(o options) []row {
	cases := o.runs(matrix(systems(), []int{128}, map[string]float64{"loss": 0.3}, map[string]float64{"loss": 0.3, spared: 1}))
	results := overSeeds(o, cases, o.times(usualSeeds), func(in Bubble, c sized, seed uint64) lossRun {
		return runLoss(in, c.system, c.members, c.loss(), 10*time.Minute, seed)
	})
	return rows("loss", cases, results, func(runs []lossRun) map[string]float64 {
		v := map[string]float64{}
		for _, r := range runs {
			v["false_dead"] += float64(r.FalseDead)
			v["false_suspect"] += float64(r.FalseSuspect)
			v["dead_at_end"] += float64(r.DeadAtEnd)
		}
		return v
	})
}

func gridCases(all []system) (cases []sized) {
	for _, g := range blockGrid() {
		cases = append(cases, matrix(all, []int{g.Members}, map[string]float64{
			"blocked": float64(g.Blocked), "block_s": g.Block.Seconds(), "open_s": g.Open.Seconds(),
		})...)
	}
	return cases
}

func (s sized) blockCase() blockCase {
	return blockCase{
		s.members, int(s.row["blocked"]), time.Duration(s.row["block_s"] * float64(time.Second)),
		time.Duration(s.row["open_s"] * float64(time.Second)),
	}
}

func blockRows(o options) []row {
	cases := o.runs(gridCases(systems()))
	results := overSeeds(o, cases, o.times(usualSeeds), func(in Bubble, c sized, seed uint64) mistakes {
		return runBlock(in, c.system, c.blockCase(), seed)
	})
	return rows("block", cases, results, mistakeValues)
}

func freezeRows(o options) []row {
	cases := o.runs(gridCases([]system{heartsayLAN}))
	results := overSeeds(o, cases, o.times(usualSeeds), func(_ Bubble, c sized, seed uint64) mistakes {
		return runFreeze(c.blockCase(), seed)
	})
	return rows("freeze", cases, results, mistakeValues)
}

func mistakeValues(runs []mistakes) map[string]float64 {
	var m mistakes
	for _, r := range runs {
		m = m.plus(r)
	}
	return m.values()
}

func (m mistakes) values() map[string]float64 {
	return map[string]float64{
		"at_healthy": float64(m.AtHealthy), "while_blocked": float64(m.WhileBlocked), "after_wake": float64(m.AfterWake),
		"still_dead": float64(m.StillDead), "dead_at_end": float64(m.DeadAtEnd),
		"suspect_at_healthy": float64(m.SuspectHealth), "afflicted_dead": float64(m.Blocked),
	}
}

func bootstrapRows(o options) []row {
	cases := o.runs(matrix(systems(), o.sizes, nil))
	results := overSeeds(o, cases, o.times(usualSeeds), func(in Bubble, c sized, seed uint64) bootstrapRun {
		return runBootstrap(in, c.system, c.members, seed)
	})
	return rows("bootstrap", cases, results, func(runs []bootstrapRun) map[string]float64 {
		v := map[string]float64{}
		for _, r := range runs {
			n := float64(len(runs))
			v["all_mean"] += r.All.Seconds() / n
			v["most_mean"] += r.Most.Seconds() / n
			v["all_max"] = max(v["all_max"], r.All.Seconds())
			v["bytes"] += r.Bytes / n
			v["unfinished"] += float64(btoi(!r.Done))
			v["false_dead"] += float64(r.FalseDead)
		}
		return v
	})
}

// large leaves out the sizes that have no ten members to afflict.
func (o options) large() (sizes []int) {
	for _, n := range o.sizes {
		if n >= 100 {
			sizes = append(sizes, n)
		}
	}
	return sizes
}

func flipFlopRows(o options) []row {
	cases := o.runs(matrix(systems(), o.large(), nil))
	results := overSeeds(o, cases, o.times(usualSeeds), func(in Bubble, c sized, seed uint64) oneWayRun {
		return runFlipFlop(in, c.system, c.members, seed)
	})
	return rows("flipflop", cases, results, oneWayValues)
}

func lossyRows(o options) []row {
	cases := o.runs(matrix(systems(), o.large(), map[string]float64{"in": 0.8, "out": 0}, map[string]float64{"in": 0, "out": 0.8}))
	results := overSeeds(o, cases, o.times(usualSeeds), func(in Bubble, c sized, seed uint64) oneWayRun {
		return runLossy(in, c.system, c.members, c.row["in"], c.row["out"], seed)
	})
	return rows("lossy", cases, results, oneWayValues)
}

func oneWayValues(runs []oneWayRun) map[string]float64 {
	var m mistakes
	extra := map[string]float64{}
	for _, r := range runs {
		m = m.plus(r.mistakes)
		extra["returns"] += float64(r.Returns)
		extra["views_max"] = max(extra["views_max"], float64(r.ViewsMax))
		extra["views_mean"] += r.ViewsMean / float64(len(runs))
		extra["gone_at_end"] += float64(r.GoneAtEnd)
		extra["split_at_end"] += float64(r.SplitAtEnd)
	}
	v := m.values()
	for name, value := range extra {
		v[name] = value
	}
	return v
}

func joinsRows(o options) []row {
	cases := o.runs(matrix(systems(), []int{17}, map[string]float64{"loss": 0.1}))
	results := overSeeds(o, cases, o.times(usualSeeds), func(in Bubble, c sized, seed uint64) joinsRun {
		return runJoins(in, c.system, seed)
	})
	return rows("joins", cases, results, func(runs []joinsRun) map[string]float64 {
		var all []time.Duration
		v := map[string]float64{}
		for _, r := range runs {
			all = append(all, r.Known...)
			v["missed"] += float64(r.Missed)
			v["false_dead"] += float64(r.FalseDead)
		}
		v["known_p50"], v["known_p99"], v["known_max"] = quantile(all, 0.5), quantile(all, 0.99), quantile(all, 1)
		return v
	})
}

func chitchatRows(o options) []row {
	if o.wanted != nil && !o.wanted.MatchString(chitchatSystem.String()) {
		return nil
	}
	results := overSeeds(o, chitchatCases, o.times(usualSeeds), runChitchat)
	var all []row
	for i, c := range chitchatCases {
		v := map[string]float64{}
		for _, r := range results[i] {
			v["bytes"] = max(v["bytes"], r.Bytes)
			v["death"] = max(v["death"], r.Death.Seconds())
			v["missed"] += float64(r.Missed)
			v["false_dead"] += float64(r.FalseDead)
		}
		bounds := map[string]float64{
			"loss": c.Loss, "death_bound": c.Death.Seconds(), "calm_bound": c.Calm.Seconds(), "bytes_bound": c.Bytes,
		}
		all = append(all, row{
			Scenario: "chitchat", System: chitchatSystem.String(), Members: c.Members, Case: bounds, Seeds: len(results[i]), Values: v,
		})
	}
	return all
}
