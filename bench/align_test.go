package bench

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"
)

// heartsayAt is heartsay at an interval, with all times in seconds scaled with it.
func heartsayAt(interval time.Duration) heartsaySystem {
	return heartsaySystem{name: "heartsay scaled", interval: interval}
}

// memberlistAt is memberlist at a probe interval, with half of it as probe timeout, as its default has.
func memberlistAt(probe time.Duration) memberlistSystem {
	return memberlistSystem{name: "memberlist scaled", probe: probe}
}

const alignMembers = 128

// sweepRows measures detection and bytes over a range of paces, for the first plot. Where links lose, they spare
// streams: that is the kinder case for memberlist.
func sweepRows(t *testing.T, o options) []row {
	var cases []sized
	for _, loss := range []float64{0, 0.3} {
		for _, ms := range []float64{62.5, 125, 250, 500, 1000, 2000, 4000} {
			d := time.Duration(ms * float64(time.Millisecond))
			c := map[string]float64{"loss": loss, spared: float64(btoi(loss > 0)), "pace_s": d.Seconds()}
			cases = append(cases, sized{heartsayAt(d), alignMembers, c})
			if ms >= 250 || loss == 0 && ms >= 125 {
				cases = append(cases, sized{memberlistAt(d), alignMembers, c})
			}
		}
	}
	cases = o.runs(cases)
	return rows("sweep", cases, overSeeds(t, cases, o.seeds, sized.String, runCrashOf), crashValues)
}

// alignRows tunes heartsay's interval until it sends as many bytes as memberlist, and until its 99th percentile of
// detection is memberlist's. Ten crashes weigh more than one, so they are what is compared.
func alignRows(t *testing.T, o options) (all []row) {
	if o.wanted != nil && !o.wanted.MatchString(heartsayAt(0).String()) {
		return nil
	}
	for _, loss := range []float64{0, 0.3} {
		curve := with(o.board.find("sweep", alignMembers, "heartsay scaled"), "loss", loss)
		if len(curve) < 2 {
			t.Fatal("run the scenario sweep first: the search starts from it")
		}
		for _, aim := range []string{"bytes", "ten_p99"} {
			for _, peer := range []system{memberlistLAN, memberlistFast} {
				targets := with(with(o.board.find("crash", alignMembers, peer.String()), "loss", loss), spared, float64(btoi(loss > 0)))
				if len(targets) != 1 {
					t.Fatal("run the scenario crash first: it gives the targets")
				}
				t.Run(fmt.Sprintf("%s=%s/loss=%g", aim, peer, loss), func(t *testing.T) {
					r := align(t, o, loss, aim, targets[0].value(aim), curve)
					r.System = heartsayAt(0).name + " to " + peer.String()
					r.Case["by_bytes"] = float64(btoi(aim == "bytes"))
					r.Values["target"] = targets[0].value(aim)
					r.Values["peer_bytes"], r.Values["peer_p99"] = targets[0].value("bytes"), targets[0].value("ten_p99")
					all = append(all, r)
				})
			}
		}
	}
	return all
}

// alignedWithin is how near the aim has to come to the target.
const alignedWithin = 0.05

// align returns the measurement at the interval at which the aim meets the target, or comes nearest to it.
func align(t *testing.T, o options, loss float64, aim string, target float64, curve []row) row {
	type point struct{ pace, value float64 }
	var known []point
	for _, r := range curve {
		known = append(known, point{r.Case["pace_s"], r.value(aim)})
	}
	var best row
	for range 4 {
		slices.SortFunc(known, func(a, b point) int { return cmp.Compare(a.pace, b.pace) })
		i := 0 // the segment of the curve in which the target lies, or the last one before it
		for i < len(known)-2 && (known[i].value < target) == (known[i+1].value < target) {
			i++
		}
		a, b := known[i], known[i+1]
		slope := math.Log(b.pace/a.pace) / math.Log(b.value/a.value)
		pace := a.pace * math.Exp(slope*math.Log(target/a.value))
		pace = math.Round(min(max(pace, 0.01), 20)*1000) / 1000
		c := sized{heartsayAt(time.Duration(pace * float64(time.Second))), alignMembers,
			map[string]float64{"loss": loss, spared: float64(btoi(loss > 0))}}
		r := rows("align", []sized{c}, overSeeds(t, []sized{c}, max(o.seeds, crashSeeds), sized.String, runCrashOf), crashValues)[0]
		r.Values["pace_s"] = pace
		if best.Values == nil || math.Abs(math.Log(r.value(aim)/target)) < math.Abs(math.Log(best.value(aim)/target)) {
			best = r
		}
		if math.Abs(r.value(aim)/target-1) <= alignedWithin {
			break
		}
		known = append(known, point{pace, r.value(aim)})
	}
	return best
}
