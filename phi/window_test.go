package phi

import (
	"math"
	"testing"
	"unsafe"

	"pgregory.net/rapid"
)

func TestR7AMemberTakesAtMost256BytesOfHistory(t *testing.T) {
	if got := unsafe.Sizeof(Window{}); got > 256 {
		t.Errorf("a window takes %d bytes, want at most 256", got)
	}
	if got := unsafe.Sizeof(Window{}); got != 184 {
		t.Errorf("a window takes %d bytes, but its comment says 184", got)
	}
	var w Window
	if n := testing.AllocsPerRun(1000, func() { w.Add(1.5); sink = w.Moments().Sum }); n != 0 {
		t.Errorf("Add and Moments allocate %v times a call, want none", n)
	}
}

// quantized is the wait as the window's comment says it is kept.
func quantized(wait float64) float64 {
	switch {
	case !(wait > 0):
		return 0
	case wait > 524288:
		return 524288
	}
	return math.Round(wait*1024) / 1024
}

func TestWindowMomentsAreThoseOfTheLast40Waits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// Not anyFloat: squares of 2^29 ticks exceed what the float64 of the naive sum below holds exactly.
		wait := rapid.OneOf(rapid.Float64Range(0, 20), rapid.Float64Range(-1, 1000), rapid.Just(math.NaN()))
		waits := rapid.SliceOfN(wait, 0, 200).Draw(t, "waits")
		var w Window
		for _, x := range waits {
			w.Add(x)
		}
		last := waits[max(0, len(waits)-40):]
		if w.Len() != len(last) {
			t.Fatalf("after %d waits the window holds %d, want %d", len(waits), w.Len(), len(last))
		}
		want := Moments{N: float64(len(last))}
		for _, x := range last {
			want.Sum += quantized(x)
			want.SumSq += quantized(x) * quantized(x)
		}
		if got := w.Moments(); got != want {
			t.Fatalf("the moments are %+v, want exactly %+v", got, want)
		}
		mean, squares := want.Summary().Mean, 0.0
		for _, x := range last {
			squares += (quantized(x) - mean) * (quantized(x) - mean)
		}
		if len(last) == 0 {
			return
		}
		sd := math.Sqrt(squares / float64(len(last)))
		if got := w.Moments().Summary().StdDev; math.Abs(got-sd) > 1e-7*(mean+1) {
			t.Fatalf("the deviation is %v, want %v as computed in two passes", got, sd)
		}
	})
}

func TestWindowForgets(t *testing.T) {
	var w Window
	for range 100 {
		w.Add(1e9) // saturates
	}
	for range windowSize {
		w.Add(1.5)
	}
	if got, want := w.Moments(), (Moments{40, 60, 90}); got != want {
		t.Errorf("after 40 waits of 1.5 the moments are %+v, want %+v, with no trace of those before", got, want)
	}
}

func TestWindowDoesNotDrift(t *testing.T) {
	var w Window
	for i := range 1_000_000 {
		w.Add(float64(i%1009) * 0.1)
	}
	for range windowSize {
		w.Add(0.5)
	}
	if got, want := w.Moments(), (Moments{40, 20, 10}); got != want {
		t.Errorf("after a million other waits 40 of 0.5 have moments %+v, want exactly %+v", got, want)
	}
}

func TestWindowFullOfTheLongestWaitsDoesNotOverflow(t *testing.T) {
	var w Window
	for range 3 * windowSize {
		w.Add(math.Inf(1))
	}
	if got, want := w.Moments(), (Moments{40, 40 * maxWait, 40. * maxWait * maxWait}); got != want {
		t.Errorf("the moments are %+v, want %+v", got, want)
	}
	if got, want := w.Moments().Summary(), (Summary{Mean: maxWait}); got != want {
		t.Errorf("the summary is %+v, want %+v", got, want)
	}
}

func TestWindowTakesAWaitThatMakesNoSenseForNone(t *testing.T) {
	var w Window
	for _, wait := range []float64{-1, math.Inf(-1), math.NaN()} {
		w.Add(wait)
	}
	if got, want := w.Moments(), (Moments{N: 3}); got != want {
		t.Errorf("the moments are %+v, want %+v", got, want)
	}
}

func TestWindowResetForgetsAll(t *testing.T) {
	var w Window
	for range 50 {
		w.Add(3)
	}
	w.Reset()
	if w.Len() != 0 || w.Moments() != (Moments{}) {
		t.Errorf("after Reset the window holds %d waits with %+v, want none", w.Len(), w.Moments())
	}
	w.Add(2)
	if got, want := w.Moments(), (Moments{1, 2, 4}); got != want {
		t.Errorf("after Reset and one wait of 2 the moments are %+v, want %+v", got, want)
	}
}
