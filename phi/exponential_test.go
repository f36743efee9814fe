package phi

import (
	"math"
	"testing"
)

func TestExponentialPhiIsTheWaitInMeansByLn10(t *testing.T) {
	s := Summary{Mean: 1.5, StdDev: 99}
	for _, row := range []struct{ means, phi float64 }{
		{0, 0},
		{math.Ln10, 1},
		{1, 0.43429448190325182},
		{8, 3.4743558552260146}, // what chitchat calls 8
		{18.420680743952367, 8},
		{1000, 434.29448190325182},
	} {
		if got := Exponential().Phi(row.means*s.Mean, s); !near(got, row.phi, 1e-14) {
			t.Errorf("phi at %v means is %v, want %v", row.means, got, row.phi)
		}
		if got := Exponential().Wait(row.phi, s); !near(got, row.means*s.Mean, 1e-14) {
			t.Errorf("phi %v is reached at %v, want %v means = %v", row.phi, got, row.means, row.means*s.Mean)
		}
	}
}

func TestExponentialPhiIgnoresTheDeviation(t *testing.T) {
	f := Exponential()
	if a, b := f.Phi(7, Summary{Mean: 2}), f.Phi(7, Summary{Mean: 2, StdDev: 5}); a != b {
		t.Errorf("phi is %v without and %v with a deviation, want the same", a, b)
	}
}

func TestExponentialPhiWithoutAMeanIsLargeAndFinite(t *testing.T) {
	if got := Exponential().Phi(1, Summary{}); !near(got, 1e6/math.Ln10, 1e-12) {
		t.Errorf("phi of a wait of 1 at mean 0 is %v, want that at the least mean, 1e-6", got)
	}
}
