package node

import (
	"context"
	"net"
	"net/netip"
	"time"

	"github.com/hashicorp/go-hclog"

	"heartsay/agent/addr"
	"heartsay/agent/internal/state"
	"heartsay/agent/seal"
)

// Parts are what a node stands on. It owns the transport and the state from its start on.
type Parts struct {
	Transport Transport
	Seal      Seal                            // wraps what is sent and opens what comes; nil: without keys
	State     State                           // nil: nothing is kept over a restart
	Resolver  addr.Resolver                   // nil: the host's
	Log       hclog.Logger                    // nil: nothing is logged
	Known     func(netip.AddrPort, time.Time) // nil, or told of addresses that showed that they belong to the cluster
	Observer  Observer                        // nil: nobody
}

// Transport carries packets and streams. Its methods are safe for concurrent use. An address of IPv4 is never written
// as one of IPv6.
type Transport interface {
	// Local returns the address that it listens on, with its real port.
	Local() netip.AddrPort
	// Send sends b as one packet. It waits for no resolver; success does not mean that b arrives.
	Send(to netip.AddrPort, b []byte) error
	// Receive returns the next packet that came, who sent it, and when it came if that is known. It waits for one. The
	// bytes are the caller's. The error says that the transport is closed.
	Receive() (b []byte, from netip.AddrPort, at time.Time, err error)
	// Dial opens a stream. It gives up when ctx ends, which always has a deadline. The caller closes the stream.
	Dial(ctx context.Context, to netip.AddrPort) (net.Conn, error)
	// Accept returns the next stream that others opened, and waits for one. The error says that the transport is
	// closed. The caller closes the stream.
	Accept() (net.Conn, error)
	// Lost returns how many packets came and were dropped because they were not received in time. It never goes back;
	// it is 0 when nobody counts.
	Lost() uint64
	// Close ends Receive and Accept.
	Close() error
}

// Observer is told what is more than a count. It must not wait.
type Observer interface {
	// LoopLag is called for each tick of the loop with how late it came.
	LoopLag(late time.Duration)
	// Sample is called with a snapshot about once a second.
	Sample(s *Snapshot)
}

// State keeps what is to survive a restart. The node uses it from one goroutine at a time.
type State interface {
	// Load returns what was saved last, or a zero Saved when nothing was. The note says to people why something that was
	// there is not used. An error says why it cannot be read, or why nothing can be saved now; saved is what could be read.
	Load() (saved Saved, note string, err error)
	// Save replaces what was saved.
	Save(Saved) error
	// Path returns where it is, for people.
	Path() string
	// Close lets others use it.
	Close() error
}

// Saved is what a node keeps over a restart, SavedMember what it keeps of a member.
type (
	Saved       = state.Saved
	SavedMember = state.Member
)

// OpenState opens the state file of a member in a folder, which it makes if there is none. The error says that another
// process has it open. What is wrong with the folder is told by Load and Save, and may be mended meanwhile.
func OpenState(dir, name, cluster string) (State, error) {
	file, err := state.Open(dir, name, cluster)
	if err != nil {
		return nil, err
	}
	return file, nil
}

// Seal is how a node wraps what it sends and opens what comes: [seal.Envelope] without a key, [seal.Sealer] with keys.
type Seal interface {
	// Overhead returns how many bytes a packet is longer than its message.
	Overhead() int
	// SealPacket returns the packet to send when payload is for the listener at an address, nil for none. The payload
	// is the callee's from then on.
	SealPacket(to netip.AddrPort, payload []byte, now time.Time) []byte
	// OpenPacket returns the message in a packet, nil when there is none in it, and the packets to answer with. It may
	// change b. Every error is an [*seal.OpenError].
	OpenPacket(b []byte, from netip.AddrPort, now time.Time) (payload []byte, answers []seal.Packet, err error)
	// OpenStream returns how to seal and open the frames of a stream, and waits for the other side until the deadline.
	OpenStream(c net.Conn, dialed bool, deadline time.Time) (seal.Framing, error)
}

var (
	_ Seal = (*seal.Envelope)(nil)
	_ Seal = (*seal.Sealer)(nil)
)
