package transport

import "sync/atomic"

// drops counts what a [Transport] refused, but for streams without a place: stream_limit, no place was free, and
// stream_share, its source had as many places as one may have. The names of the reasons are those of the JSON and the metrics.
type drops struct {
	packetQueue  atomic.Uint64 // packet_queue: the oldest packets of a full queue
	packetKernel atomic.Uint64 // packet_kernel: dropped by the system, because they were not read in time
	packetSize   atomic.Uint64 // packet_size: larger than the limit
	packetEmpty  atomic.Uint64 // packet_empty: a datagram of 0 bytes
	packetSource atomic.Uint64 // packet_source: from what is no address to answer to
	packetFormat atomic.Uint64 // packet_format: it does not begin like an envelope
	packetDenied atomic.Uint64 // packet_denied: from outside of the networks that are listened to
	packetRate   atomic.Uint64 // packet_rate: more than one address, or all unknown ones together, may send
	streamDenied atomic.Uint64 // stream_denied: from outside of the networks that are listened to
	streamSource atomic.Uint64 // stream_source: IPv6 at an IPv4 address
}

func (d *drops) snapshot() map[string]uint64 {
	return map[string]uint64{
		"packet_queue":  d.packetQueue.Load(),
		"packet_kernel": d.packetKernel.Load(),
		"packet_size":   d.packetSize.Load(),
		"packet_empty":  d.packetEmpty.Load(),
		"packet_source": d.packetSource.Load(),
		"packet_format": d.packetFormat.Load(),
		"packet_denied": d.packetDenied.Load(),
		"packet_rate":   d.packetRate.Load(),
		"stream_denied": d.streamDenied.Load(),
		"stream_source": d.streamSource.Load(),
	}
}
