package membership

import "time"

// View is an immutable copy of what the observer knows and thinks of one member at one moment.
type View struct {
	Record       *Record
	Heartbeat    uint64
	State        State
	Since        time.Time     // when the member took this state in this view
	Phi          float64       // suspicion at this moment: −log10 P(such a silence is normal); 0 for oneself and the left
	Silence      time.Duration // age of the newest heartbeat: time since its owner bumped it, as far as can be known
	SuspectAfter time.Duration // silence at which the member becomes suspect
	DeadAfter    time.Duration // silence at which the member becomes dead
	Direct       time.Time     // when a message of the member itself last reached the observer; zero if never
}
