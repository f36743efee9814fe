package main

import (
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"heartsay/api"
	"heartsay/cmd/heartsay/internal/render"
)

// maxTagsWidth is how many cells of its tags a member gets in the plain table, so that one member with many does
// not push the last column off the screen.
const maxTagsWidth = 40

// memberRow is a member as the table shows it.
type memberRow struct {
	api.Member
	self bool // it is the agent that answers
	wide bool // there is room for all
	now  time.Time
}

// memberColumn is one column of the table of members. Every format that is a table, and the one that is watched, shows
// it.
type memberColumn struct {
	render.Column[memberRow]
	wide bool // only with -o wide
}

// memberColumns are all columns, in their order. A new one is a line here.
var memberColumns = []memberColumn{
	{Column: render.Column[memberRow]{Title: "NAME", Cell: memberRow.name}},
	{Column: render.Column[memberRow]{Title: "STATE", Cell: memberRow.state, Colour: memberRow.stateColour}},
	{Column: render.Column[memberRow]{Title: "PHI", Right: true, Cell: func(m memberRow) string { return strconv.FormatFloat(m.Phi, 'f', 1, 64) }}},
	{Column: render.Column[memberRow]{Title: "SILENCE", Right: true, Cell: func(m memberRow) string { return render.Seconds(m.Silence) }}},
	{Column: render.Column[memberRow]{Title: "TIMEOUT", Right: true, Cell: func(m memberRow) string { return m.timeout(m.Timeout) }}},
	{Column: render.Column[memberRow]{Title: "ADDRESS", Cell: func(m memberRow) string { return m.Address }}},
	{Column: render.Column[memberRow]{Title: "TAGS", Cell: memberRow.tags}},
	{Column: render.Column[memberRow]{Title: "AGE", Right: true, Cell: func(m memberRow) string { return render.Age(m.now, m.Since) }}},
	{wide: true, Column: render.Column[memberRow]{Title: "ZONE", Cell: func(m memberRow) string { return m.Zone }}},
	{wide: true, Column: render.Column[memberRow]{Title: "INCARNATION", Right: true, Cell: func(m memberRow) string { return strconv.FormatUint(m.Incarnation, 10) }}},
	{wide: true, Column: render.Column[memberRow]{Title: "HEARTBEAT", Right: true, Cell: func(m memberRow) string { return strconv.FormatUint(m.Heartbeat, 10) }}},
	{wide: true, Column: render.Column[memberRow]{Title: "SUSPECT-AFTER", Right: true, Cell: func(m memberRow) string { return m.timeout(m.SuspectTimeout) }}},
	{wide: true, Column: render.Column[memberRow]{Title: "BUILD", Cell: func(m memberRow) string { return m.Build }}},
	{wide: true, Column: render.Column[memberRow]{Title: "PATH", Cell: func(m memberRow) string { return m.Path }}},
}

// writeTable writes view as a table in colours of palette, with more columns and whole tags if wide.
func writeTable(w io.Writer, palette render.Palette, view api.Members, wide bool, now time.Time) error {
	t := render.Table[memberRow]{Palette: palette}
	for _, c := range memberColumns {
		if wide || !c.wide {
			t.Columns = append(t.Columns, c.Column)
		}
	}
	rows := make([]memberRow, len(view.Members))
	for i, m := range view.Members {
		rows[i] = memberRow{Member: m, self: m.Name == view.Self, wide: wide, now: now}
	}
	return t.Write(w, rows)
}

func (m memberRow) name() string {
	if m.self {
		return m.Name + "*"
	}
	return m.Name
}

func (m memberRow) state() string { return string(m.State) }

func (m memberRow) stateColour() string { return string(m.State.Colour()) }

// timeout returns a time-out in seconds, "" for none: nobody waits for oneself or for those who left.
func (m memberRow) timeout(d time.Duration) string {
	if d <= 0 || m.State == api.Left {
		return ""
	}
	return render.Seconds(d)
}

func (m memberRow) tags() string {
	if m.wide {
		return tagList(m.Tags)
	}
	return render.Shorten(render.Escape(tagList(m.Tags)), maxTagsWidth) // what is escaped is longer
}

// tagList returns tags as k=v, sorted by key, with commas between.
func tagList(tags map[string]string) string {
	list := make([]string, 0, len(tags))
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, key+"="+tags[key])
	}
	return strings.Join(list, ",")
}
