package gossip

import (
	"encoding/binary"
	"errors"
	"math/bits"
	"slices"
)

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
type columnWriter struct {
	sorted []int64 // scratch
}

const (
	maxColumnWidth = 32
	maxColumnValue = 1 << 55 // bound of what a reader accepts
	escapeBits     = 16      // what an escape is taken to cost when the width is chosen
)

// append adds the column of the numbers to buf.
func (c *columnWriter) append(buf []byte, numbers []int64) []byte {
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
	var word uint64
	var filled int
	escape := uint64(1)<<width - 1
	for _, n := range numbers {
		word |= min(uint64(n-base), escape) << filled
		for filled += width; filled >= 8; filled -= 8 {
			buf = append(buf, byte(word))
			word >>= 8
		}
	}
	if filled > 0 {
		buf = append(buf, byte(word))
	}
	return buf
}

// choose returns the base and width that make the column shortest. For each width it looks for the base that leaves
// the fewest numbers to escape.
func (c *columnWriter) choose(numbers []int64) (base int64, width int) {
	if len(numbers) == 0 {
		return 0, 0
	}
	c.sorted = append(c.sorted[:0], numbers...)
	slices.Sort(c.sorted)
	s := c.sorted
	span := uint64(s[len(s)-1] - s[0])
	if span == 0 {
		return s[0], 0
	}
	best := -1
	for w := 1; w <= min(bits.Len64(span+1), maxColumnWidth); w++ {
		from, covered := widest(s, int64(1)<<w-2)
		cost := len(s)*w + (len(s)-covered)*(w+escapeBits)
		if best < 0 || cost < best {
			best, base, width = cost, s[from], w
		}
	}
	return base, width
}

// widest returns where in s, which is sorted, the run begins whose numbers differ by at most reach and that is the
// longest of those, and its length.
func widest(s []int64, reach int64) (from, length int) {
	begin := 0
	for end := range s {
		for s[end]-s[begin] > reach {
			begin++
		}
		if end-begin+1 > length {
			from, length = begin, end-begin+1
		}
	}
	return from, length
}

var errColumn = errors.New("column is malformed")

// readColumn reads n numbers of a column into the slice given, which it returns grown, and returns the bytes behind the
// column. It allocates no more than n numbers, and refuses n that the bytes cannot hold.
func readColumn(b []byte, n int, into []int64) (numbers []int64, rest []byte, err error) {
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
	numbers, rest = into, b[packed:]
	escape := uint64(1)<<width - 1
	for i := range n {
		v := packedAt(b[:packed], i*width, width)
		number := base + int64(v)
		if width > 0 && v == escape {
			escaped, used := binary.Varint(rest)
			if used <= 0 || !plausible(escaped) {
				return into, b, errColumn
			}
			number, rest = base+escaped, rest[used:]
		}
		numbers = append(numbers, number)
	}
	return numbers, rest, nil
}

// packedAt returns the width bits that begin at a bit of b.
func packedAt(b []byte, bit, width int) uint64 {
	if width == 0 {
		return 0
	}
	var word uint64
	at := bit / 8
	for i := 0; i < 5 && at+i < len(b); i++ {
		word |= uint64(b[at+i]) << (8 * i)
	}
	return word >> (bit % 8) & (uint64(1)<<width - 1)
}

func plausible(v int64) bool { return v > -maxColumnValue && v < maxColumnValue }
