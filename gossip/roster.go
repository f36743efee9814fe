package gossip

import (
	"encoding/binary"

	"heartsay/gossip/wire"
	"heartsay/membership"
)

// A delta's Rosters settle buckets that the two sides list differently. For each: the number of the bucket and how many
// members it has as varints, the prints of their records in 4 bytes each, and a column of their lags. Whoever gets a
// roster takes the heartbeats of the records it has as well, asks by print for those it lacks, and gives those that
// the roster lacks.

// mismatch notes a bucket that the two sides list differently.
func (r *reply) mismatch(number int) { r.mismatches = append(r.mismatches, number) }

// rosters writes as many rosters as fit. Those that do not are counted, and another exchange starts with them.
func (r *reply) rosters() {
	e, n := r.engine, len(r.mismatches)
	for i := range n {
		number := r.mismatches[(e.turn+i)%n]
		b, _ := e.bucket(number, int(r.delta.Bits))
		buf := binary.AppendUvarint(e.scratch.buf[:0], uint64(number))
		buf = binary.AppendUvarint(buf, uint64(len(b)))
		for _, m := range b {
			buf = binary.BigEndian.AppendUint32(buf, m.Fingerprint)
		}
		if len(b) > 0 {
			buf = e.scratch.column.Append(buf, e.lags(b, r.delta.Clock))
		}
		e.scratch.buf = buf
		if !r.part(&r.delta.Listings, buf, len(b)) {
			r.delta.More = r.delta.More || i == 0 // a roster larger than a packet: the views are of another size
			e.turn += i
			e.drops[Deferred] += uint64(n - i - 1)
			return
		}
	}
}

// applyRosters settles the buckets that differ, and returns how many records the peer has that this member lacks.
func (e *Engine) applyRosters(d *wire.Delta, answer *reply) (missing int) {
	for b := d.Listings; len(b) > 0; {
		number, prints, lags, rest, ok := e.readRoster(b, int(d.Bits))
		if !ok {
			e.drop(DropInvalid)
			break
		}
		known := e.byPrint(number, int(d.Bits))
		for i := range lags {
			print := binary.BigEndian.Uint32(prints[4*i:])
			if m, ok := known[print]; ok {
				e.mergeHeartbeat(m, e.scratch.expect.at(m.Record, d.Clock, lags[i]))
				delete(known, print)
				continue
			}
			missing++
			answer.wantPrint(print)
		}
		e.giveRest(known, number, int(d.Bits), answer)
		b = rest
	}
	return missing
}

// byPrint returns all that this member knows of a bucket, listed or not, by print. The map is valid until the next call.
func (e *Engine) byPrint(number, bits int) map[uint32]*membership.Member {
	known := e.scratch.known
	if known == nil {
		known = map[uint32]*membership.Member{}
		e.scratch.known = known
	}
	clear(known)
	if bucketOf(e.self.hash, bits) == number {
		known[e.self.print] = e.ownRow()
	}
	for _, m := range e.table.Bucket(number, bits).Members {
		known[m.Fingerprint] = m
	}
	return known
}

// giveRest gives the records of a bucket that the peer's roster does not have: the peer lacks them, or has an older or
// newer one. Those whom it may have forgotten for good reasons are left out.
func (e *Engine) giveRest(known map[uint32]*membership.Member, number, bits int, answer *reply) {
	b, _ := e.bucket(number, bits)
	for _, m := range b {
		if _, left := known[m.Fingerprint]; left && e.introduced(m) {
			answer.record(m.Entry)
		}
	}
}

// readRoster reads one roster. The lags are valid until the next call.
func (e *Engine) readRoster(b []byte, bits int) (number int, prints []byte, lags []int64, rest []byte, ok bool) {
	v, used := binary.Uvarint(b)
	if used <= 0 || v >= 1<<bits {
		return 0, nil, nil, nil, false
	}
	b = b[used:]
	n, used := binary.Uvarint(b)
	if used <= 0 || n > maxBucket || uint64(len(b)-used) < 4*n {
		return 0, nil, nil, nil, false
	}
	prints, rest = b[used:used+4*int(n)], b[used+4*int(n):]
	if n == 0 {
		return int(v), nil, nil, rest, true
	}
	lags, rest, err := wire.ReadColumn(rest, int(n), e.scratch.read[:0])
	e.scratch.read = lags[:0]
	return int(v), prints, lags, rest, err == nil
}
