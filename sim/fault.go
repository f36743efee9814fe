package sim

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Kind is what a fault does.
type Kind uint8

const (
	Crash         Kind = iota // stops members without a goodbye, for good
	Restart                   // crashes members and starts them again after For, in a new life
	Leave                     // lets members leave as SIGTERM does
	Freeze                    // stops members as SIGSTOP does for For
	Block                     // holds all that members send and are sent for For, while their timers run
	Loss                      // loses In of the packets to members and Out of those from them
	Cut                       // cuts the links from members To others, one way
	Partition                 // cuts Members off from To, and both from the rest
	Duplicate                 // delivers Share of the packets a second time
	Reorder                   // delays packets by up to Delay, so that they overtake each other
	Clock                     // restarts members with clocks that are wrong by Offset; after For with right ones
	Join                      // starts Count new members, at random moments within For
	Forget                    // lets To forget Members by force, as a mistaken operator does
	DuplicateName             // starts a second agent under the name of each member, elsewhere, which joins; stops it after For
)

var kindNames = [...]string{
	Crash: "crash", Restart: "restart", Leave: "leave", Freeze: "freeze", Block: "block", Loss: "loss", Cut: "cut",
	Partition: "partition", Duplicate: "duplicate", Reorder: "reorder", Clock: "clock", Join: "join",
	Forget: "forget", DuplicateName: "duplicate-name",
}

// String returns the word for k.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// KindByName returns the kind that a word stands for. It reports false when there is none.
func KindByName(word string) (Kind, bool) {
	k := slices.Index(kindNames[:], word)
	return Kind(max(k, 0)), k >= 0
}

// Fault is one thing that goes wrong. It begins at At and is over after For; a For of 0 means until the end of the run.
// With a Pause it comes back that long after it was over, again and again: flip-flop is a loss or a cut with a pause.
// Faults of one kind on the same members, or of one kind on the whole network, must not overlap.
type Fault struct {
	Kind    Kind
	At      time.Duration // since the end of the warm-up
	For     time.Duration
	Pause   time.Duration // 0: it does not come back
	Until   time.Duration // since the end of the warm-up: it does not begin again then or later; 0: end of the run
	Members []int         // numbers of the members, from 0; nil: all

	To        []int         // of Cut, Forget: nil means all others; of Partition: a further side, may be nil
	In, Out   float64       // of Loss, 0 to 1
	Share     float64       // of Duplicate, 0 to 1
	Delay     time.Duration // of Reorder
	Offset    time.Duration // of Clock
	Count     int           // of Join
	Elsewhere bool          // of Restart: the new life has a new address
}

// validate returns all that is wrong with f in a cluster of that many members, joined, or nil.
func (f Fault) validate(members int) error {
	var faults []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf("%s at %s: %s", f.Kind, f.At, fmt.Sprintf(format, args...)))
		}
	}
	check(int(f.Kind) < len(kindNames), "there is no such fault")
	check(f.At >= 0 && f.For >= 0 && f.Pause >= 0, "no time may be negative")
	check(f.Pause == 0 || f.For > 0, "what comes back has to last for some time")
	check(share(f.In) && share(f.Out) && share(f.Share), "a share is from 0 to 1")
	check(f.Kind != Reorder || f.Delay > 0, "the delay is missing")
	check(f.Kind != DuplicateName || f.For > 0, "a second agent has to be stopped at the end")
	check(f.Kind != Join || f.Count > 0, "the count is missing")
	for _, i := range append(append([]int{}, f.Members...), f.To...) {
		check(i >= 0 && i < members, "there is no member %d", i)
	}
	return errors.Join(faults...)
}

func share(x float64) bool { return x >= 0 && x <= 1 }

// impairs reports whether a member that f strikes is unhealthy while f lasts, so that neither the verdicts on it nor its own
// verdicts count as mistakes.
func (f Fault) impairs() bool {
	switch f.Kind {
	case Freeze, Block:
		return true
	case Loss:
		return f.In == 1 || f.Out == 1
	case Cut:
		return len(f.To) == 0
	}
	return false
}
