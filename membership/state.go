package membership

import "fmt"

// State is an observer's own verdict about a member. It is never gossiped (R3).
type State uint8

const (
	Alive   State = iota // its newest heartbeat is recent
	Suspect              // silent for longer than the suspect time-out
	Dead                 // silent for longer than the dead time-out
	Left                 // its owner said that it leaves
)

var stateNames = [...]string{Alive: "alive", Suspect: "suspect", Dead: "dead", Left: "left"}

// States returns all states, in the order in which a list of members shows them.
func States() []State { return []State{Alive, Suspect, Dead, Left} }

// String returns the word for s that the CLI, the JSON and the documents use.
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return fmt.Sprintf("state(%d)", uint8(s))
}

// Present reports whether a member in this state takes part in the cluster: it is gossiped with. Suspects take part: an
// exchange is how they show that they live.
func (s State) Present() bool { return s == Alive || s == Suspect }
