package membership

import "fmt"

// EventType says what changed in the local view.
type EventType uint8

const (
	EventJoin      EventType = iota // a member was learned of, or came back after it had left
	EventAlive                      // a suspect or dead member is heard of again, or a member began a new life
	EventSuspect                    // a member passed its suspect time-out
	EventDead                       // a member passed its dead time-out
	EventLeft                       // a member's owner left
	EventUpdate                     // a member's owner changed its record
	EventForgotten                  // a member was removed from the list
	EventConflict                   // two live agents claim one name
)

var eventNames = [...]string{
	EventJoin: "join", EventAlive: "alive", EventSuspect: "suspect", EventDead: "dead", EventLeft: "left",
	EventUpdate: "update", EventForgotten: "forgotten", EventConflict: "conflict",
}

// String returns the word for t that the CLI, the JSON and the documents use.
func (t EventType) String() string {
	if int(t) < len(eventNames) {
		return eventNames[t]
	}
	return fmt.Sprintf("event(%d)", uint8(t))
}

// Event is one change of the local view. Member is how the view shows the member just after the change.
type Event struct {
	Type   EventType
	Member View
	Reason string // for people: why, in a few words; may be ""
}
