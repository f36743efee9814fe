package render

import (
	"fmt"
	"time"
)

// Age returns how long ago since was, in the largest unit of s, m, h, d that it fills; "" when since is not known.
// A since in the future counts as now: the clock was set back.
func Age(now, since time.Time) string {
	if since.IsZero() {
		return ""
	}
	d := max(now.Sub(since), 0)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%dm", d/time.Minute)
	case d < 24*time.Hour:
		return fmt.Sprintf("%dh", d/time.Hour)
	}
	return fmt.Sprintf("%dd", d/(24*time.Hour))
}

// Seconds returns a time in seconds with one decimal, like 0.3s.
func Seconds(d time.Duration) string { return fmt.Sprintf("%.1fs", d.Seconds()) }
