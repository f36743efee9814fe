package main

import (
	"fmt"
	"io"
	"strconv"

	"heartsay/sim"
)

// writeSimReport writes a report for people.
func writeSimReport(w io.Writer, r sim.Report) error {
	t := &table{columns: []column{{title: "MEASURED"}, {title: "VALUE", right: true}, {title: "MEANING"}}}
	d := r.Detection
	t.add("members", strconv.Itoa(r.Members), fmt.Sprintf("seed %d, %gs of virtual time", r.Seed, r.VirtualSeconds))
	t.add("convergence", simSeconds(r.Convergence), "from the first start until all knew all")
	t.add("detection first", simSeconds(d.First), "from a crash until a healthy observer declares the member dead")
	t.add("detection p50", simSeconds(d.P50), "the same of half of the pairs of an observer and a crashed member")
	t.add("detection p99", simSeconds(d.P99), "of 99 in 100 pairs")
	t.add("detection max", simSeconds(d.Max), "of all pairs")
	t.add("detection missed", strconv.Itoa(d.Missed), "pairs in which that did not happen")
	t.add("false suspect", strconv.Itoa(r.FalseSuspect), "suspicions of members that were well, over all observers")
	t.add("false dead", strconv.Itoa(r.FalseDead), "deaths of members that were well")
	t.add("  at healthy", strconv.Itoa(r.FalseDeadAtHealthy), "of these, at observers that were well themselves")
	t.add("suspicion", simSeconds(&r.Suspicion), "for which members were falsely suspected, over all pairs")
	t.add("bytes", strconv.FormatFloat(r.BytesPerMemberPerSecond, 'f', 1, 64), "sent per member and second, with all headers")
	t.add("packets", strconv.FormatFloat(r.PacketsPerMemberPerSecond, 'f', 2, 64), "sent per member and second")
	t.add("distinct views", strconv.Itoa(r.DistinctViewsMax), "most sizes of views that there were at once")
	return t.write(w)
}

// simSeconds returns a time in seconds, "" when there is none.
func simSeconds(s *float64) string {
	if s == nil {
		return ""
	}
	return fmt.Sprintf("%.3fs", *s)
}
