package gossip

import (
	"encoding/binary"

	"heartsay/gossip/wire"
	"heartsay/membership"
)

// A delta's Listings settle buckets that the two sides list differently. For each: the number of the bucket and how many
// members it has as varints, the fingerprints of their records in 4 bytes each, and a column of their lags. A member that gets
// a listing takes the heartbeats of the records it has as well, asks by fingerprint for those it lacks, and gives those that
// the listing lacks.

// list writes as many listings as fit. Those that do not are counted, and another exchange starts with them.
func (r *reply) list() {
	x, n := r.exchange, len(r.differ)
	for i := range n {
		number := r.differ[(x.turn+i)%n]
		rows, _ := x.bucket(number, int(r.delta.Bits))
		buf := binary.AppendUvarint(x.scratch.buf[:0], uint64(number))
		buf = binary.AppendUvarint(buf, uint64(len(rows)))
		for _, m := range rows {
			buf = binary.BigEndian.AppendUint32(buf, m.Fingerprint)
		}
		if len(rows) > 0 {
			buf = x.scratch.column.Append(buf, x.lags(rows, r.delta.Clock))
		}
		x.scratch.buf = buf
		if !r.part(&r.delta.Listings, buf, len(rows)) {
			r.delta.More = r.delta.More || i == 0 // a listing larger than a packet: the views are of another size
			x.turn += i
			x.outbox.drops[Deferred] += uint64(n - i - 1)
			return
		}
	}
}

// applyListings settles the buckets that differ, and returns how many records the peer has that this member lacks.
func (x *exchange) applyListings(d *wire.Delta, r *reply) (missing int) {
	x.scratch.told = once{}
	for b := d.Listings; len(b) > 0; {
		number, fingerprints, lags, rest, ok := x.readListing(b, int(d.Bits))
		if !ok {
			x.outbox.drop(DropInvalid)
			break
		}
		known := x.byFingerprint(number, int(d.Bits))
		for i := range lags {
			f := binary.BigEndian.Uint32(fingerprints[4*i:])
			if m, ok := known[f]; ok {
				x.arrivals.mergeHeartbeat(m, x.scratch.expect.at(m.Record, d.Clock, lags[i]))
				delete(known, f)
				continue
			}
			missing++
			r.wantFingerprint(f)
		}
		x.giveRest(known, number, int(d.Bits), r)
		b = rest
	}
	return missing
}

// byFingerprint returns all that this member knows of a bucket, listed or not, by the fingerprint of the record. The map is
// valid until the next call.
func (x *exchange) byFingerprint(number, bits int) map[uint32]*membership.Member {
	known := x.scratch.known
	if known == nil {
		known = map[uint32]*membership.Member{}
		x.scratch.known = known
	}
	clear(known)
	if bucketOf(x.self.hash, bits) == number {
		known[x.self.fingerprint] = x.ownRow()
	}
	for _, m := range x.table.Bucket(number, bits).Members {
		if !m.Remembered {
			known[m.Fingerprint] = m
		}
	}
	return known
}

// giveRest gives the records of a bucket that the peer's listing does not have: the peer lacks them, or has an older or
// newer one. Those whom it may have forgotten for good reasons are left out.
func (x *exchange) giveRest(known map[uint32]*membership.Member, number, bits int, r *reply) {
	rows, _ := x.bucket(number, bits)
	for _, m := range rows {
		if _, rest := known[m.Fingerprint]; rest {
			r.give(m)
		}
	}
}

// readListing reads one listing. The lags are valid until the next call.
func (x *exchange) readListing(b []byte, bits int) (number int, fingerprints []byte, lags []int64, rest []byte, ok bool) {
	v, used := binary.Uvarint(b)
	if used <= 0 || v >= 1<<bits || !x.scratch.told.take(v) {
		return 0, nil, nil, nil, false
	}
	b = b[used:]
	n, used := binary.Uvarint(b)
	if used <= 0 || n > maxBucket || uint64(len(b)-used) < 4*n {
		return 0, nil, nil, nil, false
	}
	fingerprints, rest = b[used:used+4*int(n)], b[used+4*int(n):]
	if n == 0 {
		return int(v), nil, nil, rest, true
	}
	lags, rest, err := wire.ReadColumn(rest, int(n), x.scratch.read[:0])
	x.scratch.read = lags[:0]
	return int(v), fingerprints, lags, rest, err == nil
}
