package bench

import (
	"cmp"
	"math"
	"slices"
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

// seconds returns a time of whole milliseconds.
func seconds(s float64) time.Duration {
	return time.Duration(s * float64(time.Second)).Round(time.Millisecond)
}

// sweepRows measures detection and bytes over a range of paces, for the first plot. Where links lose, they spare
// streams: that is the kinder case for memberlist.
func sweepRows(o options) []row {
	var cases []sized
	for _, loss := range []float64{0, 0.3} {
		for _, ms := range []float64{125, 250, 500, 1000, 2000, 4000} {
			d := time.Duration(ms * float64(time.Millisecond))
			c := map[string]float64{"loss": loss, spared: float64(btoi(loss > 0)), "pace_s": d.Seconds()}
			cases = append(cases, sized{heartsayAt(d), alignMembers, c})
			if ms >= 250 || loss == 0 && ms >= 125 {
				cases = append(cases, sized{memberlistAt(d), alignMembers, c})
			}
		}
	}
	cases = o.runs(cases)
	return rows("sweep", cases, overSeeds(o, cases, o.times(usualSeeds), runCrashOf), crashValues)
}

// alignment is what is made equal, and to whom.
type alignment struct {
	loss float64
	aim  string // the value that is to meet the peer's
	peer memberlistSystem
}

func alignments() (all []alignment) {
	for _, loss := range []float64{0, 0.3} {
		for _, aim := range []string{"bytes", "ten_p99"} {
			for _, peer := range []memberlistSystem{memberlistLAN, memberlistFast} {
				all = append(all, alignment{loss, aim, peer})
			}
		}
	}
	return all
}

// network is the case of an alignment without its aim.
func (a alignment) network() map[string]float64 {
	return map[string]float64{"loss": a.loss, spared: float64(btoi(a.loss > 0))}
}

// of names the measurement of an alignment.
func (a alignment) of(r row) row {
	r.Scenario, r.System, r.Members, r.Case = "align", heartsayAt(0).name+" to "+a.peer.String(), alignMembers, a.network()
	r.Case["by_bytes"] = float64(btoi(a.aim == "bytes"))
	return r
}

// alignRows tunes heartsay's interval until it sends as many bytes as memberlist, and until its 99th percentile of
// detection is memberlist's. Ten crashes weigh more than one, so they are what is compared.
func alignRows(o options) (all []row) {
	for _, a := range alignments() {
		caption := a.of(row{}).caption()
		if o.wanted != nil && !o.wanted.MatchString(caption) {
			continue
		}
		curve := with(o.results.find("sweep", alignMembers, "heartsay scaled"), "loss", a.loss)
		peer, ok := o.results.crash(alignMembers, a.peer.String(), lossy{a.loss, a.loss > 0})
		if len(curve) < 2 || !ok {
			continue // the search starts from the curve and aims at the peer
		}
		r := a.of(a.search(o, peer.value(a.aim), curve))
		r.Values["peer_bytes"], r.Values["peer_p99"] = peer.value("bytes"), peer.value("ten_p99")
		all = append(all, r)
	}
	return all
}

// alignedWithin is how near the aim has to come to the target.
const alignedWithin = 0.05

// search returns the measurement at the interval at which the aim meets the target, or comes nearest to it.
func (a alignment) search(o options, target float64, curve []row) row {
	type point struct{ pace, value float64 }
	var known []point
	for _, r := range curve {
		known = append(known, point{r.Case["pace_s"], r.value(a.aim)})
	}
	var best row
	for range 4 {
		slices.SortFunc(known, func(a, b point) int { return cmp.Compare(a.pace, b.pace) })
		i := 0 // the segment of the curve in which the target lies, or the last one before it
		for i < len(known)-2 && (known[i].value < target) == (known[i+1].value < target) {
			i++
		}
		from, to := known[i], known[i+1]
		slope := math.Log(to.pace/from.pace) / math.Log(to.value/from.value)
		pace := from.pace * math.Exp(slope*math.Log(target/from.value))
		pace = math.Round(min(max(pace, 0.01), 20)*1000) / 1000
		c := sized{heartsayAt(seconds(pace)), alignMembers, a.network()}
		r := rows("align", []sized{c}, overSeeds(o, []sized{c}, o.times(usualSeeds), runCrashOf), crashValues)[0]
		r.Values["pace_s"] = pace
		if best.Values == nil || math.Abs(math.Log(r.value(a.aim)/target)) < math.Abs(math.Log(best.value(a.aim)/target)) {
			best = r
		}
		if math.Abs(r.value(a.aim)/target-1) <= alignedWithin {
			break
		}
		known = append(known, point{pace, r.value(a.aim)})
	}
	return best
}
