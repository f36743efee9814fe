package agent

import "sync/atomic"

// wireDrops counts what a [Wire] refused. The names of the reasons are those of the JSON and the metrics.
type wireDrops struct {
	packetQueue  atomic.Uint64 // packet_queue: the oldest packets of a full queue
	packetSize   atomic.Uint64 // packet_size: larger than the limit
	packetEmpty  atomic.Uint64 // packet_empty: a datagram of 0 bytes
	packetSource atomic.Uint64 // packet_source: from what is no address to answer to
	streamLimit  atomic.Uint64 // stream_limit: no place was free
	streamSource atomic.Uint64 // stream_source: IPv6 at an IPv4 address
}

func (d *wireDrops) snapshot() map[string]uint64 {
	return map[string]uint64{
		"packet_queue":  d.packetQueue.Load(),
		"packet_size":   d.packetSize.Load(),
		"packet_empty":  d.packetEmpty.Load(),
		"packet_source": d.packetSource.Load(),
		"stream_limit":  d.streamLimit.Load(),
		"stream_source": d.streamSource.Load(),
	}
}
