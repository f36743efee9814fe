package phi

import (
	"math"
	"testing"
)

// Exact values to 17 digits: −log10(erfc(z/√2)/2) computed with 60 digits (mpmath 1.3.0).
var normalPhi = []struct{ z, phi float64 }{
	{-20, 0},
	{-8, 2.7017288495439213e-16},
	{-5, 1.2449121373882917e-7},
	{-2, 0.0099943795341087089},
	{-1, 0.075026012957818023},
	{0, 0.3010299956639812},
	{1, 0.7995455414919705},
	{2, 1.643016080140937},
	{3, 2.8696990359293691},
	{5, 6.5426456723906545},
	{8, 15.206142551017155},
	{8.25, 16.101289826250693}, // 1−cdf is 0 from here
	{10, 23.118053405486076},
	{19.999, 88.55138806256674}, // the two ways to compute it meet at 20
	{20, 88.560095343075592},
	{20.001, 88.568803056809144},
	{37, 299.24218117860992},
	{38.5, 323.85134106847942}, // erfc is 0 from here
	{40, 349.43700645934584},
	{100, 2173.8715428690344},
	{1000, 217150.64004199439},
	{1e6, 217147240958.025},
}

func TestNormalPhiIsExactFarIntoTheTail(t *testing.T) {
	s := Summary{Mean: 64, StdDev: 2} // powers of two, so that the wait below has exactly this z
	for _, row := range normalPhi {
		wait := s.Mean + row.z*s.StdDev
		got := Normal().Phi(wait, s)
		if math.Abs(got-row.phi) > 1e-300 && !near(got, row.phi, 1e-12) && row.z > -20 {
			t.Errorf("phi at mean %+v sd is %.17g, want %.17g", row.z, got, row.phi)
		}
		if row.z == -20 && got > 1e-80 {
			t.Errorf("phi at mean −20 sd is %v, want less than 1e-80", got)
		}
	}
}

func TestNormalPhiIsTheTextbookValueAtTheMeanAndFiveDeviationsAbove(t *testing.T) {
	s := Summary{Mean: 1, StdDev: 0.25}
	if got := Normal().Phi(1, s); math.Abs(got-0.30103) > 5e-6 {
		t.Errorf("phi at the mean is %v, want log10 2 = 0.30103", got)
	}
	if got, want := Normal().Phi(2.25, s), -math.Log10(2.866515719e-7); math.Abs(got-want) > 1e-9 {
		t.Errorf("phi at mean + 5 sd is %v, want %v", got, want)
	}
}

func TestNormalTailIsContinuousWhereTheMethodChanges(t *testing.T) {
	below, at := math.Nextafter(erfcLimit, 0), float64(erfcLimit)
	if a, b := upperTail(below), upperTail(at); !near(a, b, 1e-14) {
		t.Errorf("−ln Q jumps from %v to %v at %v sd", a, b, at)
	}
	if a, b := hazard(below), hazard(at); !near(a, b, 1e-12) {
		t.Errorf("the hazard jumps from %v to %v at %v sd", a, b, at)
	}
	// The slope of −ln Q is the hazard, on both sides.
	for _, x := range []float64{0.5, 5, 19.99, 20.01, 40, 1000} {
		const h = 1e-4
		if got := (upperTail(x+h) - upperTail(x-h)) / (2 * h); !near(got, hazard(x), 1e-7) {
			t.Errorf("at %v sd −ln Q rises by %v a sd, but the hazard is %v", x, got, hazard(x))
		}
	}
}

func TestNormalTimeOutIsExact(t *testing.T) {
	// Roots of the exact function (mpmath 1.3.0, 60 digits).
	for _, row := range []struct{ phi, z float64 }{
		{1e-12, -6.9172432345935783},
		{0.001, -2.8337957382844803},
		{0.1, -0.82153160288309214},
		{1, 1.2815515655446005},
		{3, 3.0902323061678135},
		{8, 5.6120012441747887},
		{12, 7.0344838253011319},
		{16, 8.2220822161304356},
		{100, 21.273453560965324},
		{320, 38.269125052320672},
		{1e4, 214.56730107936146},
		{1e6, 2145.9620232949458},
	} {
		s := Summary{Mean: 16, StdDev: 1}
		if got := Normal().Wait(row.phi, s); !near(got, 16+row.z, 1e-12) {
			t.Errorf("phi %v is reached at %.17g, want %.17g", row.phi, got, 16+row.z)
		}
	}
	if got := Normal().Wait(math.Log10(2), Summary{Mean: 16, StdDev: 1}); !near(got, 16, 1e-12) {
		t.Errorf("phi log10 2 is reached at %v, want the mean, 16", got)
	}
}
