package api

import (
	"fmt"
	"slices"
)

// EventType says what an [Event] tells. It is one of [EventTypes] when an agent of this version says it; a later one
// may have more.
type EventType string

// Types of events. All but EventReset are about one member.
const (
	EventJoin      EventType = "join"      // a member was learned of, or came back after it had left
	EventAlive     EventType = "alive"     // a suspect or dead member is heard of again, or a member began a new life
	EventSuspect   EventType = "suspect"   // a member passed its suspect time-out
	EventDead      EventType = "dead"      // a member was declared dead
	EventLeft      EventType = "left"      // a member left on purpose
	EventUpdate    EventType = "update"    // a member changed its address, zone, build or tags
	EventForgotten EventType = "forgotten" // a member was removed from the list
	EventConflict  EventType = "conflict"  // two live agents claim one name
	// EventReset says: what you knew is void, Event.Members is the view now. A reader gets it first when it asks for a
	// snapshot, and whenever it fell so far behind that events were lost.
	EventReset EventType = "reset"
)

// Level says how loud a log tells of an event. The words are those that loggers use.
type Level string

// Levels of events.
const (
	LevelInfo Level = "info"
	LevelWarn Level = "warn" // somebody should look
)

// Colour is the colour in which to show a word, "" for none. The program that shows it decides what that looks like.
type Colour string

// Colours of states and events.
const (
	Green  Colour = "green"  // well
	Yellow Colour = "yellow" // in doubt
	Red    Colour = "red"    // failed
	Grey   Colour = "grey"   // gone on purpose
)

// eventTypes is all there is to know about the types of events, in the order in which a person would explain them. A
// new type is a constant above and a row here.
var eventTypes = []struct {
	word    EventType
	level   Level
	handled bool // by handlers that do not name types
	colour  Colour
	apply   func(*View, Event) // what it does to a view that has begun
}{
	{EventJoin, LevelInfo, true, Green, (*View).put},
	{EventAlive, LevelInfo, true, Green, (*View).put},
	{EventSuspect, LevelInfo, true, Yellow, (*View).put},
	{EventDead, LevelWarn, true, Red, (*View).put},
	{EventLeft, LevelInfo, true, Grey, (*View).put},
	{EventUpdate, LevelInfo, true, "", (*View).put},
	{EventForgotten, LevelInfo, true, Grey, (*View).remove},
	{EventConflict, LevelWarn, true, Red, (*View).keep},
	{EventReset, LevelInfo, false, "", (*View).replace},
}

// EventTypes returns the types that an [Event] may have, in the order in which a person would explain them.
func EventTypes() []EventType {
	all := make([]EventType, len(eventTypes))
	for i, row := range eventTypes {
		all[i] = row.word
	}
	return all
}

// DefaultEventTypes returns the types of which a handler is told that is for all events: all but [EventReset].
func DefaultEventTypes() []EventType {
	return slices.DeleteFunc(EventTypes(), func(t EventType) bool { return !eventTypes[t.row()].handled })
}

// ParseEventType returns the type that word names. The error says which types there are.
func ParseEventType(word string) (EventType, error) {
	t := EventType(word)
	if t.row() < 0 {
		return "", fmt.Errorf("event type %q is not known: choose of %s", word, join(EventTypes()))
	}
	return t, nil
}

// Level returns how loud a log tells of such an event; [LevelInfo] for a type that is not known.
func (t EventType) Level() Level {
	if i := t.row(); i >= 0 {
		return eventTypes[i].level
	}
	return LevelInfo
}

// Colour returns the colour in which to show the type, "" for none.
func (t EventType) Colour() Colour {
	if i := t.row(); i >= 0 {
		return eventTypes[i].colour
	}
	return ""
}

// row returns the index of t in eventTypes, -1 when it is not there.
func (t EventType) row() int {
	for i := range eventTypes {
		if eventTypes[i].word == t {
			return i
		}
	}
	return -1
}
