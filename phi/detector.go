package phi

import (
	"fmt"
	"slices"
	"strings"
)

// Detector is the way in which a [Model] turns waits into suspicion. The zero value is the default, [Measured].
type Detector struct{ family Family }

// Measured returns the default: the curve that the model fits to the waits it has seen.
func Measured() Detector { return Detector{} }

// Fitted returns the detector that takes the waits for those of a textbook family, with the mean and the standard
// deviation that were seen.
func Fitted(f Family) Detector { return Detector{family: f} }

// detectors are all there are, by name.
var detectors = []Detector{Fitted(Exponential()), Fitted(Logistic()), Measured(), Fitted(Normal())}

// Name returns the word by which [ByName] finds the detector.
func (d Detector) Name() string {
	if d.family == nil {
		return "measured"
	}
	return d.family.Name()
}

// ByName returns the detector called name: "exponential", "logistic", "measured" or "normal". For another name it
// returns an error that lists these.
func ByName(name string) (Detector, error) {
	for _, d := range detectors {
		if d.Name() == name {
			return d, nil
		}
	}
	return Detector{}, fmt.Errorf("detector %q is not known: choose one of %s", name, strings.Join(Names(), ", "))
}

// Names returns the names that [ByName] takes, sorted. The caller owns the slice.
func Names() []string {
	names := make([]string, len(detectors))
	for i, d := range detectors {
		names[i] = d.Name()
	}
	slices.Sort(names)
	return names
}
