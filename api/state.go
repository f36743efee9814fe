package api

import (
	"fmt"
	"slices"
	"strings"
)

// State is what the agent that answers thinks of a member. It is one of [States] when an agent of this version says it;
// a later one may have more.
type State string

// States of a member.
const (
	Alive   State = "alive"   // its newest heartbeat is recent
	Suspect State = "suspect" // its silence has passed Member.SuspectTimeout
	Dead    State = "dead"    // its silence has passed Member.Timeout, or its host says that it is gone
	Left    State = "left"    // it left on purpose
)

// States returns the states that a [Member] may have, from well to gone.
func States() []State { return []State{Alive, Suspect, Dead, Left} }

// ParseState returns the state that word names. The error says which states there are.
func ParseState(word string) (State, error) {
	s := State(word)
	if !slices.Contains(States(), s) {
		return "", fmt.Errorf("state %q is not known: choose of %s", word, join(States()))
	}
	return s, nil
}

// Present reports whether a member in this state takes part in its cluster: it is alive, or suspect and still asked.
func (s State) Present() bool { return s == Alive || s == Suspect }

// Event returns the type of the event that tells that a member took this state. The word is the same.
func (s State) Event() EventType { return EventType(s) }

// Colour returns the colour in which to show this state: that of its event.
func (s State) Colour() Colour { return s.Event().Colour() }

// join returns words with spaces between.
func join[T ~string](words []T) string {
	list := make([]string, len(words))
	for i, w := range words {
		list[i] = string(w)
	}
	return strings.Join(list, " ")
}
