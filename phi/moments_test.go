package phi

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestSummaryIsMeanAndDeviationOfThePopulation(t *testing.T) {
	for _, row := range []struct {
		about string
		m     Moments
		want  Summary
	}{
		{"no waits", Moments{}, Summary{}},
		{"one wait of 3", Moments{1, 3, 9}, Summary{3, 0}},
		{"2 and 4", Moments{2, 6, 20}, Summary{3, 1}},
		{"2 4 4 4 5 5 7 9", Moments{8, 40, 232}, Summary{5, 2}},
		{"cancellation below zero", Moments{3, 3, 3 - 1e-15}, Summary{1, 0}},
		{"negative count", Moments{-1, 3, 9}, Summary{}},
		{"NaN count", Moments{math.NaN(), 3, 9}, Summary{}},
		{"NaN sums", Moments{1, math.NaN(), math.NaN()}, Summary{}},
	} {
		if got := row.m.Summary(); got != row.want {
			t.Errorf("%s: the summary is %+v, want %+v", row.about, got, row.want)
		}
	}
}

func TestSummaryIsNeverNaNOrInfinite(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := Moments{anyFloat().Draw(t, "n"), anyFloat().Draw(t, "sum"), anyFloat().Draw(t, "sumSq")}
		s := m.Summary()
		for _, x := range []float64{s.Mean, s.StdDev} {
			if !(x >= 0 && x <= math.MaxFloat64) {
				t.Fatalf("the summary of %+v is %+v, want finite numbers ≥ 0", m, s)
			}
		}
	})
}

func TestSummarySurvivesBeingWeighted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := someSummary().Draw(t, "summary")
		n := rapid.Float64Range(0.1, 1e6).Draw(t, "n")
		got := s.Weighted(n).Summary()
		if !near(got.Mean, s.Mean, 1e-12) || !near(got.StdDev, s.StdDev, 1e-9) {
			t.Fatalf("%+v weighted with %v comes back as %+v", s, n, got)
		}
	})
	for _, n := range []float64{0, -1, math.NaN()} {
		if got := (Summary{5, 1}).Weighted(n); got != (Moments{}) {
			t.Errorf("a weight of %v gives %+v, want no moments", n, got)
		}
	}
}

func TestMomentsOfTwoGroupsAddUp(t *testing.T) {
	a := Moments{2, 6, 20}   // 2 and 4
	b := Moments{6, 34, 212} // 4 4 5 5 7 9
	if got, want := a.Plus(b), (Moments{8, 40, 232}); got != want {
		t.Errorf("the moments of both are %+v, want %+v", got, want)
	}
	// A prior moves the mean by its share: ten observations of 5 against thirty of 7.
	got := Summary{5, 1}.Weighted(10).Plus(Summary{7, 1}.Weighted(30)).Summary()
	want := Summary{6.5, math.Sqrt(1.75)}
	if !near(got.Mean, want.Mean, 1e-12) || !near(got.StdDev, want.StdDev, 1e-12) {
		t.Errorf("prior and measured together have %+v, want %+v", got, want)
	}
}
