package ui

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"heartsay/api"
	"heartsay/cmd/heartsay/internal/render"
)

// maxLines is how many events a page shows.
const maxLines = 300

// eventLog is the newest events as lines. It follows the states that they tell, so that after a gap it can say what
// must have happened in it.
type eventLog struct {
	lines []numberedLine // oldest first
	view  api.View
	epoch string // of the newest event, "" before the first
}

type numberedLine struct {
	logLine
	at uint64 // version of the board
}

// add adds an event.
func (l *eventLog) add(at uint64, e api.Event) {
	line := logLine{Time: unixMilli(e.Time), Type: e.Type, Name: e.Member.Name, Reason: e.Reason}
	if e.Type == api.EventReset {
		line.Name, line.Gap = "", l.epoch != ""
		line.Reason = l.describeReset(e)
	}
	l.view.Apply(e)
	l.epoch = e.Epoch
	l.lines = append(l.lines, numberedLine{line, at})
	if len(l.lines) > maxLines {
		l.lines = slices.Delete(l.lines, 0, len(l.lines)-maxLines)
	}
}

// describeReset returns in words what a reset says that is not applied yet.
func (l *eventLog) describeReset(e api.Event) string {
	view := "the view has " + render.Plural(len(e.Members), "member")
	switch l.epoch {
	case "":
		return "watching from here on; " + view
	case e.Epoch:
		return fmt.Sprintf("%s; %s, %s", e.Reason, view, missed(&l.view, e.Members))
	}
	return fmt.Sprintf("the agent was restarted; %s, %s", view, missed(&l.view, e.Members))
}

// maxMissed is how many changes a line names.
const maxMissed = 5

// missed returns in words how members differ from those before, what is worst first.
func missed(before *api.View, after []api.Member) string {
	type change struct{ name, state string }
	var changes []change
	for _, e := range before.Changes(after) {
		was, _ := before.Member(e.Member.Name)
		switch {
		case e.Type == api.EventForgotten:
			changes = append(changes, change{e.Member.Name, "gone"})
		case was.State != e.Member.State:
			changes = append(changes, change{e.Member.Name, string(e.Member.State)})
		}
	}
	if len(changes) == 0 {
		return "all in the state they were in"
	}
	rank := []string{string(api.Dead), string(api.Suspect), string(api.Left), "gone", string(api.Alive)}
	slices.SortFunc(changes, func(a, b change) int {
		return cmp.Or(cmp.Compare(slices.Index(rank, a.state), slices.Index(rank, b.state)), cmp.Compare(a.name, b.name))
	})
	var words []string
	for _, c := range changes[:min(len(changes), maxMissed)] {
		words = append(words, c.name+" "+c.state)
	}
	text := "now " + strings.Join(words, ", ")
	if more := len(changes) - len(words); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// after returns the lines that came after a version.
func (l *eventLog) after(version uint64) []logLine {
	var lines []logLine
	for _, line := range l.lines {
		if line.at > version {
			lines = append(lines, line.logLine)
		}
	}
	return lines
}
