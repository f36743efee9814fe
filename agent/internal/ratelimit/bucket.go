// Package ratelimit bounds how fast and how much one source may ask for: token buckets for packets and work, one result
// that is shared by all who ask at once; and how often a fault that lasts is told. Connections have package ports.
//
// A [Bucket], [Buckets] and a [Lasting] belong to one goroutine, or to the holder of the lock that stands above them;
// [Shared] has a lock of its own. No clock is read: the caller says what time it is.
package ratelimit

import "time"

// Bucket is a rate that may be exceeded for as much as it holds.
type Bucket struct {
	rate, most float64 // in a second; at once
	tokens     float64
	filled     time.Time
}

// NewBucket returns a full bucket: most at once, and rate a second after that.
func NewBucket(rate, most float64, now time.Time) *Bucket { return &Bucket{rate, most, most, now} }

// Take reports whether there is one left, and takes it.
func (b *Bucket) Take(now time.Time) bool {
	if since := now.Sub(b.filled).Seconds(); since > 0 {
		b.tokens, b.filled = min(b.most, b.tokens+since*b.rate), now
	}
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

// Buckets are one bucket for each source, as many as are told apart at most. [NewBuckets] makes them.
type Buckets[K comparable] struct {
	rate, most float64
	bound      int // of sources
	all        map[K]*Bucket
}

// NewBuckets returns buckets for at most so many sources, of which each is as [NewBucket] makes it.
func NewBuckets[K comparable](rate, most float64, sources int) *Buckets[K] {
	return &Buckets[K]{rate, most, sources, map[K]*Bucket{}}
}

// Find returns the bucket of a source, nil when it has none.
func (b *Buckets[K]) Find(source K) *Bucket { return b.all[source] }

// Of returns the bucket of a source, a full one when it has none. When there are too many sources, any other is
// forgotten: it begins anew with its next call.
func (b *Buckets[K]) Of(source K, now time.Time) *Bucket {
	if found := b.all[source]; found != nil {
		return found
	}
	for other := range b.all {
		if len(b.all) < b.bound {
			break
		}
		delete(b.all, other)
	}
	made := NewBucket(b.rate, b.most, now)
	b.all[source] = made
	return made
}

// Len returns how many sources have a bucket.
func (b *Buckets[K]) Len() int { return len(b.all) }
