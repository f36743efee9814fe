package wire

import (
	"encoding/binary"
	"errors"
	"math/bits"
	"slices"
)

// ColumnWriter writes columns. The zero value is ready to use; it is for one goroutine.
//
// A column is a list of whole numbers that are nearly alike: how far the heartbeats of a bucket's members lag behind
// what the sender's clock lets expect. It is written as
//
//	width    1 byte, 0 to 32
//	base     zigzag varint
//	numbers  width bits each, least significant first, padded to a whole byte: number − base
//	escapes  a zigzag varint of number − base for each number whose bits are all ones, in order; only for width > 0
//
// so that a few members whose clocks are off cost a few bytes and not a bit for everybody. Base and width are chosen
// to make the whole shortest. The encoding is exact for any numbers within ±2⁵⁴.
type ColumnWriter struct {
	sorted []int64 // scratch
	runs   []run   // scratch
	counts [maxCounted]uint32
}

const (
	maxColumnWidth = 32
	maxColumnValue = 1 << 55 // bound of what a reader accepts
	escapeBits     = 16      // what an escape is taken to cost when the width is chosen
	maxCounted     = 256     // values within which numbers are counted rather than sorted
)

// Append adds the column of the numbers to buf.
func (c *ColumnWriter) Append(buf []byte, numbers []int64) []byte {
	base, width := c.choose(numbers)
	buf = append(buf, byte(width))
	buf = binary.AppendVarint(buf, base)
	buf = appendPacked(buf, numbers, base, width)
	if width == 0 {
		return buf
	}
	escape := uint64(1)<<width - 1
	for _, n := range numbers {
		if uint64(n-base) >= escape {
			buf = binary.AppendVarint(buf, n-base)
		}
	}
	return buf
}

func appendPacked(buf []byte, numbers []int64, base int64, width int) []byte {
	if width == 0 {
		return buf
	}
	at, size := len(buf), (len(numbers)*width+7)/8
	buf = slices.Grow(buf, size+4)[:at+size+4] // whole words, of which the last may stand over
	var word, filled uint64
	escape := uint64(1)<<width - 1
	for _, n := range numbers {
		word |= min(uint64(n-base), escape) << (filled & 63)
		if filled += uint64(width); filled >= 32 {
			binary.LittleEndian.PutUint32(buf[at:], uint32(word))
			at, word, filled = at+4, word>>32, filled-32
		}
	}
	binary.LittleEndian.PutUint32(buf[at:], uint32(word))
	return buf[:at+int(filled+7)/8]
}

// run is how often a value occurs.
type run struct {
	value int64
	count int
}

// choose returns the base and width that make the column shortest. For each width it looks for the base that leaves
// the fewest numbers to escape.
func (c *ColumnWriter) choose(numbers []int64) (base int64, width int) {
	if len(numbers) == 0 {
		return 0, 0
	}
	least, most := numbers[0], numbers[0]
	for _, n := range numbers {
		least, most = min(least, n), max(most, n)
	}
	span := uint64(most - least)
	if span == 0 {
		return least, 0
	}
	if span < maxCounted {
		c.countRuns(numbers, least, int(span)+1)
	} else {
		c.sortRuns(numbers)
	}
	best := -1
	for w := 1; w <= min(bits.Len64(span+1), maxColumnWidth); w++ {
		if best >= 0 && len(numbers)*w >= best {
			break // no wider column can be shorter
		}
		from, covered := widest(c.runs, int64(1)<<w-2)
		cost := len(numbers)*w + (len(numbers)-covered)*(w+escapeBits)
		if best < 0 || cost < best {
			best, base, width = cost, from, w
		}
	}
	return base, width
}

// countRuns makes the runs of numbers that all lie among so many values from the least on.
func (c *ColumnWriter) countRuns(numbers []int64, least int64, values int) {
	counts := c.counts[:values]
	clear(counts)
	for _, n := range numbers {
		counts[n-least]++
	}
	c.runs = c.runs[:0]
	for v, k := range counts {
		if k > 0 {
			c.runs = append(c.runs, run{least + int64(v), int(k)})
		}
	}
}

// sortRuns makes the runs of any numbers.
func (c *ColumnWriter) sortRuns(numbers []int64) {
	c.sorted = append(c.sorted[:0], numbers...)
	slices.Sort(c.sorted)
	c.runs = c.runs[:0]
	for i, n := range c.sorted {
		if i == 0 || n != c.sorted[i-1] {
			c.runs = append(c.runs, run{value: n})
		}
		c.runs[len(c.runs)-1].count++
	}
}

// widest returns the value from which on most numbers lie within reach, and how many do.
func widest(runs []run, reach int64) (from int64, most int) {
	begin, covered := 0, 0
	for _, end := range runs {
		covered += end.count
		for ; end.value-runs[begin].value > reach; begin++ {
			covered -= runs[begin].count
		}
		if covered > most {
			from, most = runs[begin].value, covered
		}
	}
	return from, most
}

var errColumn = errors.New("column is malformed")

// ReadColumn reads n numbers of a column into the slice given, which it returns grown, and returns the bytes behind the
// column. It allocates no more than n numbers, and refuses n that the bytes cannot hold.
func ReadColumn(b []byte, n int, into []int64) (numbers []int64, rest []byte, err error) {
	if len(b) < 2 || b[0] > maxColumnWidth {
		return into, b, errColumn
	}
	width := int(b[0])
	base, used := binary.Varint(b[1:])
	if used <= 0 || !plausible(base) {
		return into, b, errColumn
	}
	b = b[1+used:]
	packed := (n*width + 7) / 8
	if len(b) < packed {
		return into, b, errColumn
	}
	rest = b[packed:]
	numbers = slices.Grow(into, n)[:len(into)+n]
	escape := uint64(1)<<width - 1
	read := numbers[len(into):]
	for i := range read {
		bit := uint(i * width)
		v := word(b, int(bit/8)) >> (bit % 8) & escape // 7 + 32 bits at most
		number := base + int64(v)
		if v == escape && width > 0 {
			escaped, used := binary.Varint(rest)
			if used <= 0 || !plausible(escaped) {
				return into, b, errColumn
			}
			number, rest = base+escaped, rest[used:]
		}
		read[i] = number
	}
	return numbers, rest, nil
}

// word returns the eight bytes from a place on; what is missing at the end is 0.
func word(b []byte, at int) uint64 {
	if at+8 <= len(b) {
		return binary.LittleEndian.Uint64(b[at:])
	}
	var last [8]byte
	copy(last[:], b[min(at, len(b)):])
	return binary.LittleEndian.Uint64(last[:])
}

func plausible(v int64) bool { return v > -maxColumnValue && v < maxColumnValue }
