// Package torture composes faults at random, plays them to a virtual cluster of package sim, and checks what is promised
// once they stop. [Compose] draws a [Case] from a seed; [Case.Run] plays it; [Case.Shrink] finds the smallest case that still
// breaks a promise, whose [Case.String] is a script for testdata/torture that [Parse] reads.
//
//	compose.go         draws faults
//	torture.go         plays a case
//	recovery.go        checks what has to come true, with contact.go, goodbyes.go, duplicate_name.go and health.go
//	shrink.go          makes a case smaller
//	script.go          writes and reads it
package torture

import (
	"fmt"
	"runtime"
	"strings"
	"time"

	"heartsay/sim"
)

// Case is a scenario and then a quiet time, in which all that is promised once faults stop has to come true. Its Faults
// are over when For has passed, except those without an end, which last through the quiet time too. See [Compose].
//
// While it runs, a member tries a seed every half minute, or every five seconds while it knows no other, as an agent does.
// The seeds are the members of the core, by name, wherever they run.
type Case struct {
	sim.Scenario
	Core int // the first members, that suffer no fault without an end; at least 2

	// tamper, if set, is called for each fault that is over: a test breaks a promise there, which has to be found.
	tamper func(r *sim.Run, f sim.Fault)
}

// Rounds is the number of rounds from contact within which all views become equal, and the number of rounds beyond the
// time-out shown within which a silent member is declared dead. With lasting loss it is twice that, and with the loss of a
// member's own on top four times.
const Rounds = 10

// How often a member tries a seed, and how often while it knows no other.
const (
	lookAgain     = 30 * time.Second
	lookWhenAlone = 5 * time.Second
)

// Validate returns all that is wrong with t, joined, or nil.
func (t Case) Validate() error {
	if err := t.Scenario.Validate(); err != nil {
		return err
	}
	if t.Core < 2 || t.Core > t.Members {
		return fmt.Errorf("the core has %d of %d members: at least 2 are needed", t.Core, t.Members)
	}
	for _, f := range t.Faults {
		last := max(f.At+f.For, f.Until+f.For)
		if last > t.For {
			return fmt.Errorf("%s at %s lasts until %s: all has to be over at %s, or last for ever", f.Kind, f.At, last, t.For)
		}
		for _, i := range f.Members {
			if i < t.Core && endless(f) {
				return fmt.Errorf("%s at %s strikes member %d of the core for ever", f.Kind, f.At, i)
			}
		}
	}
	return nil
}

// endless reports whether what f does to its members has no end.
func endless(f sim.Fault) bool {
	switch f.Kind {
	case sim.Restart, sim.Clock, sim.Join, sim.Forget:
		return false
	}
	return f.For == 0
}

// Times are how long a cluster took to recover once the faults had stopped.
type Times struct {
	Contact time.Duration // from then until all healthy members were in contact, directly or through others
	Equal   time.Duration // from contact until their views were equal; 0: at once
	Gone    time.Duration // from contact until no member was shown as present that does not run
}

// Run plays the case. The error says what is wrong with it, or is a [*sim.Broken] when a promise was broken or an engine
// panicked, which nothing may make it do.
func (t Case) Run() (rec Times, err error) {
	if err := t.Validate(); err != nil {
		return Times{}, err
	}
	r := sim.NewRun(t.Scenario)
	defer func() {
		if p := recover(); p != nil {
			err = &sim.Broken{Seed: t.Seed, At: r.Cluster.Now(), What: fmt.Sprintf("panic: %v, at %s", p, panicked())}
		}
	}()
	a := newRecovery(r, t.Core)
	r.Hooks = sim.Hooks{Event: a.event, Message: a.message, SecondStarted: a.secondStarts, SecondStops: a.secondStops}
	if t.tamper != nil {
		r.Hooks.FaultOver = func(f sim.Fault) { t.tamper(r, f) }
	}
	r.Every(lookWhenAlone, a.trySeeds)
	r.Every(t.Interval/2, a.checkAlways)
	r.Cluster.OnYield = a.checkEnd
	if _, err := r.Play(); err != nil {
		return Times{}, err
	}
	a.waitForAll()
	if r.Broken != nil {
		return Times{}, r.Broken
	}
	return a.times(), nil
}

// panicked returns where the panic began that is being recovered: the innermost functions outside of the runtime, with
// their lines, without anything that differs from run to run.
func panicked() string {
	const depth = 4
	callers := make([]uintptr, 64)
	frames := runtime.CallersFrames(callers[:runtime.Callers(3, callers)]) // without Callers, panicked and the one that recovers
	var where []string
	for more := true; more && len(where) < depth; {
		var f runtime.Frame
		if f, more = frames.Next(); !strings.HasPrefix(f.Function, "runtime.") {
			where = append(where, fmt.Sprintf("%s:%d", f.Function, f.Line))
		}
	}
	return strings.Join(where, " < ")
}
