package sim

import (
	"math"
	"slices"
	"time"
)

// Report is what a run showed. Times are in seconds of virtual time; nothing in it depends on the computer. What false
// means and who is healthy is said in health.go: a verdict is false when its subject ran, was not frozen, blocked or
// cut off, nor had been until a moment ago, and no partition stood between the two.
type Report struct {
	Members        int      `json:"members"`
	Seed           uint64   `json:"seed"`
	VirtualSeconds float64  `json:"virtual_seconds"`     // warm-up and all
	Convergence    *float64 `json:"convergence_seconds"` // from the first start until all knew all; null: never, or a settled cluster

	Detection Detection `json:"detection"`

	FalseSuspect       int     `json:"false_suspect"`
	FalseDead          int     `json:"false_dead"`                  // at all observers
	FalseDeadAtHealthy int     `json:"false_dead_healthy_observer"` // of those, at observers that were healthy themselves
	Suspicion          float64 `json:"suspicion_seconds"`           // for which members were falsely suspected, over all pairs

	// What a running member sent after the warm-up, on average, with all headers down to IP.
	BytesPerMemberPerSecond   float64 `json:"bytes_per_member_per_second"`
	PacketsPerMemberPerSecond float64 `json:"packets_per_member_per_second"`

	DistinctViewsMax int `json:"distinct_views_max"` // most different sizes of views in one second after the warm-up
}

// Detection is how long it took from crashes until observers declared the subjects dead, over all pairs of an observer
// that was healthy all the time and a crashed subject. Times are null when there was no such pair.
type Detection struct {
	First  *float64 `json:"first"`
	P50    *float64 `json:"p50"`
	P99    *float64 `json:"p99"`
	Max    *float64 `json:"max"`
	Missed int      `json:"missed"` // pairs in which the crash was not detected before the end, without subjects that returned
}

func (r *Run) report() Report {
	l, now := r.ledger, r.Cluster.Now()
	missed := l.missed(now, r.runs)
	rep := Report{
		Members: r.Members, Seed: r.Seed, VirtualSeconds: seconds(now), Detection: newDetection(l.detections, missed),
		FalseSuspect: l.falseSuspect, FalseDead: l.falseDead, FalseDeadAtHealthy: l.falseDeadAtHealthy,
		Suspicion: seconds(l.suspicion), DistinctViewsMax: l.distinctViews,
	}
	if !r.Settled && (l.knewAll || r.Members == 1) {
		rep.Convergence = new(seconds(l.allKnown))
	}
	if n := float64(r.traffic.memberSeconds); n > 0 {
		rep.BytesPerMemberPerSecond = round(float64(r.traffic.bytes)/n, 1)
		rep.PacketsPerMemberPerSecond = round(float64(r.traffic.packets)/n, 2)
	}
	return rep
}

func newDetection(times []time.Duration, missed int) Detection {
	d := Detection{Missed: missed}
	if len(times) == 0 {
		return d
	}
	times = slices.Sorted(slices.Values(times))
	d.First, d.Max = new(seconds(times[0])), new(seconds(times[len(times)-1]))
	d.P50, d.P99 = new(seconds(quantile(times, 0.5))), new(seconds(quantile(times, 0.99)))
	return d
}

// quantile returns the least of the sorted times that a share of at least p of them does not exceed.
func quantile(sorted []time.Duration, p float64) time.Duration {
	i := int(math.Ceil(p*float64(len(sorted)))) - 1
	return sorted[max(i, 0)]
}

// seconds returns d in seconds, to the millisecond.
func seconds(d time.Duration) float64 { return round(d.Seconds(), 3) }

func round(x float64, digits int) float64 {
	scale := math.Pow10(digits)
	return math.Round(x*scale) / scale
}
