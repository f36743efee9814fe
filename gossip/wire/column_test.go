package wire

import (
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestColumnIsExactForAnyNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.OneOf(rapid.Int64Range(0, 12), rapid.Int64Range(-1000, 1000), rapid.Int64Range(-1<<53, 1<<53))
		numbers := rapid.SliceOfN(number, 0, 100).Draw(t, "numbers")
		var c ColumnWriter
		b := c.Append([]byte{0xaa}, numbers)
		got, rest, err := ReadColumn(append(b[1:], 1, 2, 3), len(numbers), nil)
		if err != nil || !slices.Equal(got, numbers) || len(rest) != 3 {
			t.Fatalf("read %v with %d bytes left and %v, wrote %v", got, len(rest), err, numbers)
		}
	})
}

func TestColumnOfHeartbeatsTakesThreeBitsEach(t *testing.T) {
	numbers := lags(64)
	var c ColumnWriter
	if b := c.Append(nil, numbers); len(b)*8 > 64*4 {
		t.Errorf("64 heartbeats that lag 1 to 7 behind take %d bits, more than 4 each", len(b)*8)
	}
	numbers[7], numbers[20] = -14400, 3_000_000 // two clocks that are off
	if b := c.Append(nil, numbers); len(b)*8 > 64*5 {
		t.Errorf("with two clocks off they take %d bits, more than 5 each", len(b)*8)
	}
}

// TestHostileColumnsAreRefused: too short, or with numbers out of bounds.
func TestHostileColumnsAreRefused(t *testing.T) {
	var c ColumnWriter
	b := c.Append(nil, append(lags(64), 1<<40))
	for cut := range b {
		if _, _, err := ReadColumn(b[:cut], 65, nil); err == nil {
			t.Errorf("a column cut to %d of %d bytes was read", cut, len(b))
		}
	}
	if _, _, err := ReadColumn(b, 1<<30, nil); err == nil {
		t.Error("a column was read as one of 2^30 numbers")
	}
	if _, _, err := ReadColumn([]byte{33, 0, 0, 0}, 1, nil); err == nil {
		t.Error("a column of width 33 was read")
	}
}

func FuzzReadColumn(f *testing.F) {
	var c ColumnWriter
	f.Add(c.Append(nil, lags(64)), 64)
	f.Add(c.Append(nil, []int64{1, 1, 1}), 3)
	f.Fuzz(func(t *testing.T, b []byte, n int) {
		if n < 0 || n > 1<<12 {
			return
		}
		numbers, rest, err := ReadColumn(b, n, nil)
		if err != nil {
			return
		}
		if len(numbers) != n || len(rest) > len(b) {
			t.Fatalf("read %d numbers of %d, %d bytes left of %d", len(numbers), n, len(rest), len(b))
		}
	})
}

func lags(n int) []int64 {
	rng := rand.New(rand.NewPCG(1, 2))
	numbers := make([]int64, n)
	for i := range numbers {
		numbers[i] = 1 + rng.Int64N(7)
	}
	return numbers
}

func BenchmarkColumnWrite(b *testing.B) {
	var c ColumnWriter
	numbers, buf := lags(64), make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		buf = c.Append(buf[:0], numbers)
	}
	b.ReportMetric(float64(len(buf)*8)/64, "bits/number")
}

func BenchmarkColumnRead(b *testing.B) {
	var c ColumnWriter
	buf := c.Append(nil, lags(64))
	numbers := make([]int64, 0, 64)
	b.ReportAllocs()
	for b.Loop() {
		numbers, _, _ = ReadColumn(buf, 64, numbers[:0])
	}
}
