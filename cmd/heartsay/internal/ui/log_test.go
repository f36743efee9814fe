package ui

import (
	"fmt"
	"testing"

	"heartsay/api"
)

func stateEvent(kind api.EventType, name string) api.Event {
	return api.Event{Epoch: "e", Type: kind, Member: api.Member{Name: name, State: api.State(kind)}, Reason: "because"}
}

func resetEvent(epoch string, members ...api.Member) api.Event {
	return api.Event{Epoch: epoch, Type: api.EventReset, Reason: "events were lost", Members: members}
}

func TestTheFirstResetIsTheStartAndLaterOnesAreGaps(t *testing.T) {
	var l eventLog
	l.add(1, resetEvent("e", aMember("a", "alive", 0), aMember("b", "alive", 0), aMember("c", "alive", 0)))
	l.add(2, stateEvent("dead", "c"))
	l.add(3, resetEvent("e", aMember("a", "dead", 0), aMember("c", "dead", 0), aMember("d", "alive", 0)))
	l.add(4, resetEvent("e", aMember("a", "dead", 0), aMember("c", "dead", 0), aMember("d", "alive", 0)))
	l.add(5, resetEvent("f", aMember("a", "suspect", 0)))
	for i, want := range []logLine{
		{Type: "reset", Reason: "watching from here on; the view has 3 members"},
		{Type: "dead", Name: "c", Reason: "because"},
		{Type: "reset", Gap: true, Reason: "events were lost; the view has 3 members, now a dead, b gone, d alive"},
		{Type: "reset", Gap: true, Reason: "events were lost; the view has 3 members, all in the state they were in"},
		{Type: "reset", Gap: true, Reason: "the agent was restarted; the view has 1 member, now a suspect, c gone, d gone"},
	} {
		if l.lines[i].logLine != want {
			t.Errorf("line %d is %+v, want %+v", i, l.lines[i].logLine, want)
		}
	}
}

func TestGapNamesTheWorstAndCountsTheRest(t *testing.T) {
	var l eventLog
	l.add(1, resetEvent("e"))
	var members []api.Member
	for i := range 20 {
		members = append(members, aMember(fmt.Sprintf("m%02d", i), "alive", 0))
	}
	members[17].State = "dead"
	l.add(2, resetEvent("e", members...))
	const want = "events were lost; the view has 20 members, now m17 dead, m00 alive, m01 alive, m02 alive, m03 alive and 15 more"
	if got := l.lines[1].Reason; got != want {
		t.Errorf("the gap reads %q, want %q", got, want)
	}
}

func TestForgottenMemberAndAConflictAreNoChangeOfStateInAGap(t *testing.T) {
	var l eventLog
	l.add(1, resetEvent("e", aMember("a", "alive", 0), aMember("b", "dead", 0)))
	l.add(2, stateEvent("forgotten", "b"))
	l.add(3, stateEvent("conflict", "a"))
	l.add(4, resetEvent("e", aMember("a", "alive", 0)))
	if got := l.lines[3].Reason; got != "events were lost; the view has 1 member, all in the state they were in" {
		t.Errorf("the gap reads %q, want that nothing changed", got)
	}
}

func TestTheLogKeepsTheNewestLinesAndTellsEachOnce(t *testing.T) {
	board := boardOf()
	var place boardReader
	read(board, &place)
	for i := range maxLines + 10 {
		board.event(stateEvent("join", fmt.Sprint("m", i)))
	}
	f := read(board, &place)
	if len(f.Lines) != maxLines || f.Lines[0].Name != "m10" || f.Lines[maxLines-1].Name != fmt.Sprint("m", maxLines+9) {
		t.Errorf("a page gets %d lines from %+v on, want the newest %d", len(f.Lines), f.Lines[0], maxLines)
	}
	board.event(stateEvent("dead", "x"))
	if f := read(board, &place); len(f.Lines) != 1 || f.Lines[0].Name != "x" {
		t.Errorf("then it gets %+v, want x alone", f.Lines)
	}
}
