package api

// EventTypes returns the types that [Event] may have, in the order in which a person would explain them.
func EventTypes() []string {
	return []string{"join", "alive", "suspect", "dead", "left", "update", "forgotten", "conflict", EventReset}
}

// States returns the states that [Member] may have, from well to gone.
func States() []string {
	return []string{"alive", "suspect", "dead", "left"}
}

// Paths by which a member is reached.
const (
	PathUDP    = "udp"
	PathStream = "stream"
)
