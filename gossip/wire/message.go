package wire

import (
	"errors"
	"fmt"
	"net/netip"

	"heartsay/membership"
)

// Message is one of [*Digest], [*Delta], [*Ping], [*Pong], [*Evidence], [*Sync] and [*Refused].
type Message interface {
	// Head returns the header, which the caller may change.
	Head() *Header
	// Kind returns which of the seven it is.
	Kind() Kind
	// Request reports whether its receiver owes an answer in a packet.
	Request() bool
	// Answer reports whether it answers a request of its receiver.
	Answer() bool
	// SentAt returns the sender's wall clock in Unix milliseconds, or 0 for a message that does not tell it.
	SentAt() uint64
	// Ends reports whether it is the last message of its sender on its stream.
	Ends() bool
	// Records returns the records that it tells. The message owns the list.
	Records() []membership.Entry
	// Trim takes out of it the records of the members whose name keep does not approve of.
	Trim(keep func(name string) bool)

	// validate returns what is wrong with what was decoded, apart from its records, or nil.
	validate() error
	// entries returns the list of its records, or nil when it has none.
	entries() *Entries
}

// Kind tells messages apart. It is the second byte of the wire form.
type Kind byte

const (
	KindDigest   Kind = 1
	KindDelta    Kind = 2
	KindPing     Kind = 3
	KindPong     Kind = 4
	KindSync     Kind = 5
	KindRefused  Kind = 6
	KindEvidence Kind = 7
)

var kindWords = [...]string{
	KindDigest: "digest", KindDelta: "delta", KindPing: "ping", KindPong: "pong", KindSync: "sync", KindRefused: "refused",
	KindEvidence: "evidence",
}

// String returns the word for the kind, as metrics and traces have it.
func (k Kind) String() string {
	if int(k) < len(kindWords) && kindWords[k] != "" {
		return kindWords[k]
	}
	return fmt.Sprintf("kind %d", byte(k))
}

// InPackets reports whether messages of the kind travel in packets where packets pass. The others need a stream.
func (k Kind) InPackets() bool { return k != KindSync }

// newMessage returns an empty message of the kind, or nil when there is no such kind.
func newMessage(k Kind) Message {
	switch k {
	case KindDigest:
		return new(Digest)
	case KindDelta:
		return new(Delta)
	case KindPing:
		return new(Ping)
	case KindPong:
		return new(Pong)
	case KindSync:
		return new(Sync)
	case KindRefused:
		return new(Refused)
	case KindEvidence:
		return new(Evidence)
	}
	return nil
}

// The structs below are the wire form: msgpack writes each as an array, element by element in the order of the fields. A
// new field goes to the end of its struct, where an older agent skips it (R16).

// Header opens every message. It is news of its sender at first hand. Its methods are the answers that most kinds of
// message give.
type Header struct {
	From        string // name of the sender
	Incarnation uint64 // of the sender
	Heartbeat   uint64 // of the sender
	To          string // name of the member it is meant for; "" when only an address is known
}

func (h *Header) Head() *Header { return h }

func (h *Header) Request() bool { return false }

func (h *Header) Answer() bool { return false }

func (h *Header) SentAt() uint64 { return 0 }

func (h *Header) Ends() bool { return true }

func (h *Header) Records() []membership.Entry { return nil }

func (h *Header) Trim(func(name string) bool) {}

func (h *Header) validate() error { return nil }

func (h *Header) entries() *Entries { return nil }

// Digest is the request of an exchange (R5): all that the sender knows, bucket by bucket, in Columns (exchange_digest.go). A view
// that fits one packet is sent whole; a larger one takes turns (R17).
type Digest struct {
	Header  `codec:"Header"`
	Clock   uint64 // of the sender, Unix milliseconds; lags count from it
	Bits    uint8  // there are 2^Bits buckets
	First   uint16 // number of the first one in Columns
	Count   uint16 // how many are in Columns, from First on; after the last comes number 0
	Columns []byte
}

func (d *Digest) Kind() Kind { return KindDigest }

func (d *Digest) Request() bool { return true }

func (d *Digest) SentAt() uint64 { return d.Clock }

func (d *Digest) validate() error { return checkBuckets(d.Clock, d.Bits, d.Count) }

// Delta is the reply to a digest, and the way in which news travels (R12).
type Delta struct {
	Header       `codec:"Header"`
	Clock        uint64   // of the sender, Unix milliseconds; lags count from it; 0: news, which nobody asked for
	Bits         uint8    // there are 2^Bits buckets, as in the digest
	Wants        []string // members whose record the sender lacks, by name
	Fingerprints []uint32 // the same by the fingerprint of the record
	Entries      Entries  // records that the receiver asked for or evidently lacks, or news
	Updates      []byte   // heartbeats that are higher than the receiver's (exchange_updates.go)
	Listings     []byte   // buckets that the two sides list differently (exchange_listings.go)
	More         bool     // there are records that did not fit: ask for them on a stream
}

func (d *Delta) Kind() Kind { return KindDelta }

func (d *Delta) Answer() bool { return d.Clock != 0 }

func (d *Delta) SentAt() uint64 { return d.Clock }

func (d *Delta) Records() []membership.Entry { return d.Entries }

func (d *Delta) Trim(keep func(name string) bool) { d.Entries.trim(keep) }

func (d *Delta) validate() error { return checkBuckets(d.Clock, d.Bits, 0) }

func (d *Delta) entries() *Entries { return &d.Entries }

// Empty reports whether the delta says nothing but its header.
func (d *Delta) Empty() bool {
	return len(d.Wants)+len(d.Fingerprints)+len(d.Entries)+len(d.Updates)+len(d.Listings) == 0 && !d.More
}

// Ping asks a member directly whether it is there. With a nonce of 0 it is a probe of a member under
// suspicion. It may bring news, so that the answer acknowledges it.
type Ping struct {
	Header `codec:"Header"`
	Nonce  uint64
	News   Entries
}

func (p *Ping) Kind() Kind { return KindPing }

func (p *Ping) Request() bool { return true }

func (p *Ping) Records() []membership.Entry { return p.News }

func (p *Ping) Trim(keep func(name string) bool) { p.News.trim(keep) }

func (p *Ping) entries() *Entries { return &p.News }

// Pong answers a ping.
type Pong struct {
	Header `codec:"Header"`
	Nonce  uint64
}

func (p *Pong) Kind() Kind { return KindPong }

func (p *Pong) Answer() bool { return true }

// Evidence tells which members the sender and others have probed without a reply, which have shown that they live, and which an
// operator wants to be forgotten. It is no verdict: the receiver probes for itself, and forgets what it holds dead itself.
type Evidence struct {
	Header      `codec:"Header"`
	Suspicions  []Suspicion
	Refutations []Refutation
	Forgets     []Forget
}

func (v *Evidence) Kind() Kind { return KindEvidence }

// Suspicion is what accusations there are of one member.
type Suspicion struct {
	Name        string
	Incarnation uint64
	Accusations []Accusation
}

// Accusation says that the accuser has probed a member without a reply since that heartbeat of it was due. A higher one refutes
// it.
type Accusation struct {
	Accuser   string
	Heartbeat uint64
}

// Refutation is a heartbeat of a member that others suspect.
type Refutation struct {
	Name        string
	Incarnation uint64
	Heartbeat   uint64
}

// Forget asks those who hold a member dead or left to remove it from their lists, as an operator wants. It is no verdict: who holds
// the member alive, or knows a higher heartbeat, leaves it as it is.
type Forget struct {
	Name        string
	Incarnation uint64
	Heartbeat   uint64 // the one that was due when the operator asked
}

// Sync is a part of a full exchange on a stream, which both sides do. The parts end with the one that says Last.
type Sync struct {
	Header  `codec:"Header"`
	Join    bool // the sender asks to be let in under its name (R14)
	Last    bool
	Entries Entries
}

func (s *Sync) Kind() Kind { return KindSync }

func (s *Sync) Ends() bool { return s.Last }

func (s *Sync) Records() []membership.Entry { return s.Entries }

func (s *Sync) Trim(keep func(name string) bool) { s.Entries.trim(keep) }

func (s *Sync) entries() *Entries { return &s.Entries }

// Refused says no to somebody who asked to join, or who sent a digest although it cannot be a member. It takes the place of the
// answer.
type Refused struct {
	Header `codec:"Header"`
	Reason RefusalReason
	Holder string // address of the live member that holds the name, when that is the reason
}

func (r *Refused) Kind() Kind { return KindRefused }

func (r *Refused) Answer() bool { return true }

func (r *Refused) validate() error {
	if _, err := netip.ParseAddrPort(r.Holder); err != nil && r.Holder != "" {
		return errors.New("holder is no address") // people will read it: nothing else gets through
	}
	return nil
}

// RefusalReason is why somebody cannot be a member. A later version may have more.
type RefusalReason uint8

const (
	NameTaken  RefusalReason = 1 // a live member at another address answers to the name
	ClockAhead RefusalReason = 2 // the incarnation or heartbeat lies further ahead than the receiver's clock allows (R15)
	ListFull   RefusalReason = 3 // the receiver's list is full of present members (R15)
)

// MaxBucketBits bounds the number of buckets that a reader believes in: there are 2^12 at most.
const MaxBucketBits = 12

// checkBuckets returns what is wrong with the bounds that bytes of buckets are read by, or nil.
func checkBuckets(clock uint64, bits uint8, count uint16) error {
	switch {
	case clock > membership.MaxCounter:
		return fmt.Errorf("clock %d is out of bounds", clock)
	case bits > MaxBucketBits:
		return fmt.Errorf("2^%d buckets are too many", bits)
	case int(count) > 1<<bits:
		return fmt.Errorf("%d of 2^%d buckets are listed", count, bits)
	}
	return nil
}
