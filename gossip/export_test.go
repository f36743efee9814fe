package gossip

import (
	"encoding/binary"

	"heartsay/gossip/wire"
)

// MembersOf returns how many members the digest lists; -1 when its columns are malformed.
func MembersOf(d *wire.Digest) (n int) {
	var x exchange
	columns := d.Columns
	for range d.Count {
		m, _, rest, ok := x.readBucket(columns)
		if !ok {
			return -1
		}
		n, columns = n+m.members, rest
	}
	return n
}

// HeartbeatsOf returns how many heartbeats the delta tells by column, and how many members its listings name.
func HeartbeatsOf(d *wire.Delta) (newer, listed int) {
	var x exchange
	for b := d.Updates; len(b) > 0; {
		_, used := binary.Uvarint(b)
		m, rest, ok := readFingerprint(b[used:])
		size := (m.members + 7) / 8
		if !ok || len(rest) < size {
			return -1, -1
		}
		n := bitmap(rest).ones(m.members)
		_, b, _ = wire.ReadColumn(rest[size:], n, nil)
		newer += n
	}
	for b := d.Listings; len(b) > 0; {
		_, _, lags, rest, ok := x.readListing(b, int(d.Bits))
		if !ok {
			return -1, -1
		}
		listed, b = listed+len(lags), rest
	}
	return newer, listed
}

// LagsOf returns what the columns of the digest tell, a list for each bucket.
func LagsOf(d *wire.Digest) (told [][]int64) {
	var x exchange
	columns := d.Columns
	for range d.Count {
		_, lags, rest, ok := x.readBucket(columns)
		if !ok {
			return nil
		}
		told, columns = append(told, append([]int64(nil), lags...)), rest
	}
	return told
}

// ListingBucketsOf returns the numbers of the buckets that the listings of the delta are of.
func ListingBucketsOf(d *wire.Delta) (numbers []int) {
	var x exchange
	for b := d.Listings; len(b) > 0; {
		number, _, _, rest, ok := x.readListing(b, int(d.Bits))
		if !ok {
			return nil
		}
		numbers, b = append(numbers, number), rest
	}
	return numbers
}
