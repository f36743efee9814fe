package torture

import (
	"slices"

	"heartsay/sim"
)

// Shrink returns the smallest case that it finds that still breaks a promise, and how it breaks it. It leaves out faults one
// at a time, then members of faults, then pauses, then the loss of the network, and plays dozens of cases. The error is nil
// when t breaks no promise.
func (t Case) Shrink() (Case, error) {
	_, broken := t.Run()
	if broken == nil {
		return t, nil
	}
	for smaller := true; smaller; {
		smaller = false
		for candidate := range t.smaller {
			if _, err := candidate.Run(); err != nil {
				t, broken, smaller = candidate, err, true
				break
			}
		}
	}
	return t, broken
}

// smaller yields what is one step smaller than t, the largest steps first.
func (t Case) smaller(yield func(Case) bool) {
	with := func(faults []sim.Fault) bool {
		c := t
		c.Faults = faults
		return yield(c)
	}
	for i, f := range t.Faults {
		if t.needs(f) {
			continue
		}
		if !with(slices.Delete(slices.Clone(t.Faults), i, i+1)) {
			return
		}
	}
	for i, f := range t.Faults {
		if t.needs(f) {
			continue
		}
		for _, g := range smallerFaults(f) {
			faults := slices.Clone(t.Faults)
			faults[i] = g
			if !with(faults) {
				return
			}
		}
	}
	if c := t; t.Network.Loss > 0 {
		c.Network.Loss = 0
		yield(c)
	}
}

// needs reports whether t makes no sense without f: with one crash less there are more members than a list has room for.
func (t Case) needs(f sim.Fault) bool { return f.Kind == sim.Crash && t.Gossip.MaxMembers < t.Members }

// smallerFaults returns what f is with one member less, and without a pause.
func smallerFaults(f sim.Fault) (all []sim.Fault) {
	if len(f.Members) > 1 {
		for k := range f.Members {
			g := f
			g.Members = slices.Delete(slices.Clone(f.Members), k, k+1)
			all = append(all, g)
		}
	}
	if len(f.To) > 1 || len(f.To) == 1 && f.Kind == sim.Partition {
		for k := range f.To {
			g := f
			g.To = slices.Delete(slices.Clone(f.To), k, k+1)
			all = append(all, g)
		}
	}
	if f.Pause > 0 {
		g := f
		g.Pause, g.Until = 0, 0
		all = append(all, g)
	}
	if f.Count > 1 {
		g := f
		g.Count = f.Count / 2
		all = append(all, g)
	}
	return all
}
