package torture

import (
	"fmt"
	"runtime"
	"strings"
	"time"

	"heartsay/sim"
)

// Case is a scenario, and then a quiet time in which what is promised once faults stop has to come true. Its Faults
// are over when For has passed, but for those without an end: these last through the quiet time too. See [NewTorture].
//
// While it runs, a member tries a seed every half minute, every five seconds while it knows nobody, as an agent does;
// the seeds are the names of the members of the core, wherever these live.
type Case struct {
	sim.Scenario
	Core int // so many members, from the first on, suffer nothing that has no end; at least 2

	// tamper, if set, is called for each fault that is over: a test breaks something there that has to be found out.
	tamper func(r *sim.Run, f sim.Fault)
}

// Rounds is within how many rounds of contact all views are equal, and how many more than the time-out shown it may take
// until a silent member is dead. With packets lost for good it is twice that.
const Rounds = 10

// How often a member tries a seed, and while it knows nobody.
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
			return fmt.Errorf("%s at %s lasts until %s: all is to be over at %s, or last for ever", f.Kind, f.At, last, t.For)
		}
		for _, i := range f.Members {
			if i < t.Core && endless(f) {
				return fmt.Errorf("%s at %s strikes member %d of the core for ever", f.Kind, f.At, i)
			}
		}
	}
	return nil
}

// endless reports whether what f does to its members lasts for ever.
func endless(f sim.Fault) bool {
	switch f.Kind {
	case sim.Restart, sim.Clock, sim.Join, sim.Forget:
		return false
	}
	return f.For == 0
}

// Times is how a cluster came to itself when the faults had stopped.
type Times struct {
	Contact time.Duration // from then until all healthy members had heard of each other, through others or not
	Equal   time.Duration // from contact until their views were equal; 0: at once
	Gone    time.Duration // from contact until nobody who does not run was shown as present
}

// Run does to a cluster what t says. The error says what is wrong with t, or is a [*Broken] when a promise was broken, or
// something panicked: nothing may make an engine do that.
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

// panicked returns where the panic that is being recovered from began: the innermost functions outside of the runtime,
// with their lines, and without what differs from run to run.
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
