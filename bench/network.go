package bench

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/hashicorp/memberlist"
)

// What the wire costs besides the payload, in bytes.
const (
	packetHeader  = 28     // IPv4 and UDP
	segmentHeader = 40     // IPv4 and TCP, for each segment
	segmentSize   = 1400   // payload of a segment at most
	streamSetup   = 7 * 40 // three segments to open a stream and four to close it, charged to who opens it
)

// queueLimit is how many packets wait at most at a socket that is not read. What comes when it is full is lost.
const queueLimit = 1024

// network carries packets and streams between hosts, in virtual time. One lock guards all of it; one goroutine, the
// pump, does what falls due.
type network struct {
	Latency, Jitter time.Duration // one way: at least Latency, below Latency + Jitter

	mu    sync.Mutex
	seed  uint64
	loss  lossy // on every link
	hosts []*host
	at    map[string]*host // by "ip:port"
	side  []int            // of a partition, by host; nil: none
	due   dueHeap
	order uint64
	wake  chan struct{}
	stop  chan struct{}
	done  chan struct{}
}

// newNetwork returns a network of size hosts. It must be made within the bubble, and closed there.
func newNetwork(seed uint64, size int) *network {
	n := &network{
		Latency: 500 * time.Microsecond, Jitter: time.Millisecond, seed: seed, at: map[string]*host{},
		wake: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}),
	}
	for i := range size {
		address := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte((i + 1) >> 8), byte(i + 1)}), 4327)
		h := &host{
			net: n, index: i, address: address, rng: rand.New(rand.NewPCG(seed, uint64(i)+1)),
			udp: net.UDPAddrFromAddrPort(address),
		}
		n.hosts = append(n.hosts, h)
		n.at[address.String()] = h
	}
	go n.pump()
	return n
}

func (n *network) close() {
	close(n.stop)
	<-n.done
}

// host is one address of the network. Its fields belong to the network's lock.
type host struct {
	net     *network
	index   int
	address netip.AddrPort
	udp     *net.UDPAddr
	rng     *rand.Rand // decides over what this host sends, so that hosts do not disturb one another's luck
	life    *carrier   // nil: nobody listens

	lossIn, lossOut float64       // of this host alone, besides the network's
	held            bool          // sends and receives wait (Lifeguard's block)
	heldIn          []func()      // packets that wait to be received
	heldStreams     []func()      // what streams wait to do; their windows bound it
	released        chan struct{} // closed when held ends

	Sent  traffic
	Drops int // packets lost because a queue was full
}

// traffic is what a host sent, headers and lost packets included.
type traffic struct{ Packets, Bytes, StreamBytes int64 }

func (t traffic) minus(o traffic) traffic {
	return traffic{t.Packets - o.Packets, t.Bytes - o.Bytes, t.StreamBytes - o.StreamBytes}
}

func (t traffic) plus(o traffic) traffic {
	return traffic{t.Packets + o.Packets, t.Bytes + o.Bytes, t.StreamBytes + o.StreamBytes}
}

// listen returns a carrier of the host at index.
func (n *network) listen(index int) *carrier {
	n.mu.Lock()
	defer n.mu.Unlock()
	h := n.hosts[index]
	t := &carrier{
		host: h, packets: make(chan *memberlist.Packet, queueLimit), streams: make(chan net.Conn, acceptBacklog),
		open: map[*stream]struct{}{}, down: make(chan struct{}),
	}
	h.life = t
	return t
}

// lossy is what links lose at random.
type lossy struct {
	share float64 // of packets, and of the segments of streams
	spare bool    // streams lose nothing
}

func (l lossy) ofStreams() float64 {
	if l.spare {
		return 0
	}
	return l.share
}

// lost draws whether something from one host to another is lost, where the links lose a share.
func (n *network) lost(from, to *host, share float64) bool {
	if n.cut(from, to) {
		return true
	}
	arrives := (1 - share) * (1 - from.lossOut) * (1 - to.lossIn)
	return arrives < 1 && from.rng.Float64() >= arrives
}

func (n *network) cut(from, to *host) bool {
	return n.side != nil && n.side[from.index] != n.side[to.index]
}

// delay draws how long something takes one way.
func (n *network) delay(from *host) time.Duration {
	if n.Jitter == 0 {
		return n.Latency
	}
	return n.Latency + time.Duration(from.rng.Int64N(int64(n.Jitter)))
}

// transmit puts a packet on its way. The lock is held.
func (n *network) transmit(from *host, to *host, b []byte) {
	if n.lost(from, to, n.loss.share) {
		return
	}
	n.after(n.delay(from), func() { n.arrive(from, to, b) })
}

// arrive hands a packet to the member that listens at its address. The lock is held.
func (n *network) arrive(from, to *host, b []byte) {
	switch {
	case to.life == nil:
	case to.held:
		to.hold(func() { n.arrive(from, to, b) })
	default:
		select {
		case to.life.packets <- &memberlist.Packet{Buf: b, From: from.udp, Timestamp: time.Now()}:
		default:
			to.Drops++
		}
	}
}

// hold keeps the arrival of a packet until the host is released, if there is room.
func (h *host) hold(arrival func()) {
	if len(h.heldIn) >= queueLimit {
		h.Drops++
		return
	}
	h.heldIn = append(h.heldIn, arrival)
}

// after lets the pump do f in d. The lock is held now and will be then.
func (n *network) after(d time.Duration, f func()) {
	n.order++
	e := dueEvent{time.Now().Add(d), n.order, f}
	first := len(n.due) == 0 || e.at.Before(n.due[0].at)
	heap.Push(&n.due, e)
	if first {
		select {
		case n.wake <- struct{}{}:
		default:
		}
	}
}

// pump does what falls due, until the network is closed.
func (n *network) pump() {
	defer close(n.done)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		n.mu.Lock()
		now := time.Now()
		for len(n.due) > 0 && !n.due[0].at.After(now) {
			heap.Pop(&n.due).(dueEvent).do()
		}
		wait := time.Hour
		if len(n.due) > 0 {
			wait = n.due[0].at.Sub(now)
		}
		n.mu.Unlock()
		timer.Reset(wait)
		select {
		case <-timer.C:
		case <-n.wake:
		case <-n.stop:
			return
		}
	}
}

// dueEvent is something to do at a time. Of those of one time the one asked for first comes first.
type dueEvent struct {
	at    time.Time
	order uint64
	do    func()
}

type dueHeap []dueEvent

func (q dueHeap) Len() int { return len(q) }
func (q dueHeap) Less(i, j int) bool {
	return q[i].at.Before(q[j].at) || q[i].at.Equal(q[j].at) && q[i].order < q[j].order
}
func (q dueHeap) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *dueHeap) Push(e any)   { *q = append(*q, e.(dueEvent)) }
func (q *dueHeap) Pop() any {
	old := *q
	e := old[len(old)-1]
	old[len(old)-1] = dueEvent{}
	*q = old[:len(old)-1]
	return e
}

// carrier is one life of a process at a host.
type carrier struct {
	host    *host
	packets chan *memberlist.Packet
	streams chan net.Conn
	open    map[*stream]struct{} // its ends of streams, of the network's lock
	down    chan struct{}
	once    sync.Once
}

var _ memberlist.NodeAwareTransport = (*carrier)(nil)

func (t *carrier) PacketCh() <-chan *memberlist.Packet { return t.packets }
func (t *carrier) StreamCh() <-chan net.Conn           { return t.streams }

func (t *carrier) FinalAdvertiseAddr(string, int) (net.IP, int, error) {
	return net.IP(t.host.address.Addr().AsSlice()), int(t.host.address.Port()), nil
}

func (t *carrier) WriteToAddress(b []byte, to memberlist.Address) (time.Time, error) {
	return t.WriteTo(b, to.Addr)
}

func (t *carrier) DialAddressTimeout(to memberlist.Address, d time.Duration) (net.Conn, error) {
	return t.DialTimeout(to.Addr, d)
}

// WriteTo sends a packet. It waits while the host is held.
func (t *carrier) WriteTo(b []byte, address string) (time.Time, error) {
	if err := t.waitForRelease(nil); err != nil {
		return time.Now(), err
	}
	now, h, n := time.Now(), t.host, t.host.net
	n.mu.Lock()
	defer n.mu.Unlock()
	if h.life != t {
		return now, net.ErrClosed
	}
	to := n.at[address]
	if to == nil {
		return now, fmt.Errorf("there is no host %s", address)
	}
	h.Sent.Packets++
	h.Sent.Bytes += int64(len(b) + packetHeader)
	n.transmit(h, to, append([]byte(nil), b...))
	return now, nil
}

// Shutdown ends the process's life on the network: nothing reaches it any more, and its streams end.
func (t *carrier) Shutdown() error {
	t.once.Do(func() {
		n := t.host.net
		n.mu.Lock()
		defer n.mu.Unlock()
		if t.host.life == t {
			t.host.life = nil
			t.host.heldIn, t.host.heldStreams = nil, nil
		}
		close(t.down)
		for s := range t.open {
			s.reset()
		}
	})
	return nil
}

// total returns what all hosts sent so far.
func (n *network) total() traffic {
	n.mu.Lock()
	defer n.mu.Unlock()
	var sum traffic
	for _, h := range n.hosts {
		sum = sum.plus(h.Sent)
	}
	return sum
}

// drops returns how many packets were lost because a queue was full.
func (n *network) drops() (sum int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, h := range n.hosts {
		sum += h.Drops
	}
	return sum
}
