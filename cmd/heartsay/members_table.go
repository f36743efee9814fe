package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"heartsay/api"
)

// maxTagsWidth is how many characters of its tags a member gets in the plain table, so that one member with many does
// not push the last column off the screen.
const maxTagsWidth = 40

// membersTable returns view as a table, with more columns and whole tags if wide.
func membersTable(view api.Members, wide bool, now time.Time) *table {
	t := &table{columns: []column{
		{title: "NAME"}, {title: "STATE", coloured: true}, {title: "PHI", right: true}, {title: "SILENCE", right: true},
		{title: "TIMEOUT", right: true}, {title: "ADDRESS"}, {title: "TAGS"}, {title: "AGE", right: true},
	}}
	if wide {
		t.columns = append(t.columns, column{title: "ZONE"}, column{title: "INCARNATION", right: true},
			column{title: "HEARTBEAT", right: true}, column{title: "SUSPECT-AFTER", right: true}, column{title: "BUILD"}, column{title: "PATH"})
	}
	for _, m := range view.Members {
		name, tags := m.Name, tagList(m.Tags)
		if m.Name == view.Self {
			name += "*"
		}
		if !wide {
			tags = shorten(tags, maxTagsWidth)
		}
		if m.State == api.Left {
			m.Timeout, m.SuspectTimeout = 0, 0
		}
		row := []string{name, string(m.State), strconv.FormatFloat(m.Phi, 'f', 1, 64), seconds(m.Silence),
			timeout(m.Timeout), m.Address, tags, age(now, m.Since)}
		if wide {
			row = append(row, m.Zone, strconv.FormatUint(m.Incarnation, 10), strconv.FormatUint(m.Heartbeat, 10),
				timeout(m.SuspectTimeout), m.Build, m.Path)
		}
		t.add(row...)
	}
	return t
}

// tagList returns tags as k=v, sorted by key, with commas between.
func tagList(tags map[string]string) string {
	list := make([]string, 0, len(tags))
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, key+"="+tags[key])
	}
	return strings.Join(list, ",")
}

// shorten returns the first characters of s, most at most, with an ellipsis in place of the rest.
func shorten(s string, most int) string {
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	return string(runes[:most-1]) + "…"
}

// seconds returns a time in seconds with one decimal, like 0.3s.
func seconds(d time.Duration) string { return fmt.Sprintf("%.1fs", d.Seconds()) }

// timeout returns a time-out in seconds, "" for none: nobody waits for oneself or for those who left.
func timeout(d time.Duration) string {
	if d <= 0 {
		return ""
	}
	return seconds(d)
}

// age returns how long ago since was, in the largest unit of s, m, h, d that it fills; "" when since is not known.
// A since in the future counts as now: the clock was set back.
func age(now, since time.Time) string {
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
