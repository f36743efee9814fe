package gossip

import "math/bits"

// bitmap names members of a bucket by their places, least significant bit first.
type bitmap []byte

// clear returns an empty bitmap of n places, in the memory of b if that is enough.
func (b bitmap) clear(n int) bitmap {
	size := (n + 7) / 8
	if cap(b) < size {
		return make(bitmap, size)
	}
	b = b[:size]
	clear(b)
	return b
}

func (b bitmap) set(i int)      { b[i/8] |= 1 << (i % 8) }
func (b bitmap) has(i int) bool { return b[i/8]>>(i%8)&1 == 1 }

// ones counts those that are named among the first n places.
func (b bitmap) ones(n int) (count int) {
	for _, eight := range b[:n/8] {
		count += bits.OnesCount8(eight)
	}
	if n%8 > 0 {
		count += bits.OnesCount8(b[n/8] & (1<<(n%8) - 1))
	}
	return count
}
