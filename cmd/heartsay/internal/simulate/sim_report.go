package simulate

import (
	"fmt"
	"io"
	"strconv"

	"heartsay/cmd/heartsay/internal/render"
	"heartsay/sim"
)

// writeSimReport writes a report for people.
func writeSimReport(w io.Writer, r sim.Report) error {
	type line struct{ measured, value, meaning string }
	var lines []line
	add := func(measured, value, meaning string) { lines = append(lines, line{measured, value, meaning}) }
	d := r.Detection
	add("members", strconv.Itoa(r.Members), fmt.Sprintf("seed %d, %gs of virtual time", r.Seed, r.VirtualSeconds))
	add("convergence", simSeconds(r.Convergence), "from the first start until all knew all")
	add("detection first", simSeconds(d.First), "from a crash until a healthy observer declares the member dead")
	add("detection p50", simSeconds(d.P50), "the same of half of the pairs of an observer and a crashed member")
	add("detection p99", simSeconds(d.P99), "of 99 in 100 pairs")
	add("detection max", simSeconds(d.Max), "of all pairs")
	add("detection missed", strconv.Itoa(d.Missed), "pairs in which that did not happen")
	add("false suspect", strconv.Itoa(r.FalseSuspect), "suspicions of members that were well, over all observers")
	add("false dead", strconv.Itoa(r.FalseDead), "deaths of members that were well")
	add("  at healthy", strconv.Itoa(r.FalseDeadAtHealthy), "of these, at observers that were well themselves")
	add("suspicion", simSeconds(&r.Suspicion), "for which members were falsely suspected, over all pairs")
	add("bytes", strconv.FormatFloat(r.BytesPerMemberPerSecond, 'f', 1, 64), "sent per member and second, with all headers")
	add("packets", strconv.FormatFloat(r.PacketsPerMemberPerSecond, 'f', 2, 64), "sent per member and second")
	add("distinct views", strconv.Itoa(r.DistinctViewsMax), "most sizes of views that there were at once")
	return render.Table[line]{Columns: []render.Column[line]{
		{Title: "MEASURED", Cell: func(l line) string { return l.measured }},
		{Title: "VALUE", Right: true, Cell: func(l line) string { return l.value }},
		{Title: "MEANING", Cell: func(l line) string { return l.meaning }},
	}}.Write(w, lines)
}

// simSeconds returns a time in seconds, "" when there is none.
func simSeconds(s *float64) string {
	if s == nil {
		return ""
	}
	return fmt.Sprintf("%.3fs", *s)
}
