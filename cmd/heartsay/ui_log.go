package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"heartsay/api"
)

// maxLines is how many events a page shows.
const maxLines = 300

// eventLog is the newest events as lines. It follows the states that they tell, so that after a gap it can say what
// must have happened in it.
type eventLog struct {
	lines  []numberedLine // oldest first
	states map[string]string
	epoch  string // of the newest event, "" before the first
}

type numberedLine struct {
	uiLine
	at uint64 // version of the board
}

func newEventLog() eventLog { return eventLog{states: map[string]string{}} }

// add adds an event.
func (l *eventLog) add(at uint64, e api.Event) {
	line := uiLine{Time: unixMilli(e.Time), Type: e.Type, Name: e.Member.Name, Reason: e.Reason}
	switch e.Type {
	case api.EventReset:
		line.Name, line.Gap = "", l.epoch != ""
		line.Reason = l.reset(e)
	case "forgotten":
		delete(l.states, e.Member.Name)
	case "conflict": // about a name, and no change of a state
	default:
		l.states[e.Member.Name] = e.Member.State
	}
	l.epoch = e.Epoch
	l.lines = append(l.lines, numberedLine{line, at})
	if len(l.lines) > maxLines {
		l.lines = slices.Delete(l.lines, 0, len(l.lines)-maxLines)
	}
}

// reset takes over the view of a reset and returns in words what it says.
func (l *eventLog) reset(e api.Event) string {
	before := l.states
	l.states = make(map[string]string, len(e.Members))
	for _, m := range e.Members {
		l.states[m.Name] = m.State
	}
	view := "the view has " + plural(len(e.Members), "member")
	switch l.epoch {
	case "":
		return "watching from here on; " + view
	case e.Epoch:
		return fmt.Sprintf("%s; %s, %s", e.Reason, view, missed(before, l.states))
	}
	return fmt.Sprintf("the agent was restarted; %s, %s", view, missed(before, l.states))
}

// maxMissed is how many changes a line names.
const maxMissed = 5

// missed returns in words how two views differ, what is worst first.
func missed(before, after map[string]string) string {
	type change struct{ name, state string }
	var changes []change
	for name, state := range after {
		if before[name] != state {
			changes = append(changes, change{name, state})
		}
	}
	for name := range before {
		if _, ok := after[name]; !ok {
			changes = append(changes, change{name, "gone"})
		}
	}
	if len(changes) == 0 {
		return "all in the state they were in"
	}
	rank := []string{"dead", "suspect", "left", "gone", "alive"}
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
func (l *eventLog) after(version uint64) []uiLine {
	var lines []uiLine
	for _, line := range l.lines {
		if line.at > version {
			lines = append(lines, line.uiLine)
		}
	}
	return lines
}
