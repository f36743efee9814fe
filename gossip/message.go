package gossip

import "heartsay/membership"

// Message is one of [*Digest], [*Delta], [*Ping], [*Pong], [*Evidence], [*Sync] and [*Refused].
type Message interface{ header() *Header }

// Header opens every message. It is news of its sender at first hand.
type Header struct {
	From        string // name of the sender
	Incarnation uint64 // of the sender
	Heartbeat   uint64 // of the sender
	To          string // name of the member it is meant for; "" when only an address is known
}

func (h *Header) header() *Header { return h }

// HeaderOf returns the header of a message.
func HeaderOf(m Message) Header { return *m.header() }

// counts reports whether v can be a counter of a member.
func counts(v uint64) bool { return v > 0 && v <= membership.MaxCounter }

// Digest is the request of an exchange (R5): all that the sender knows, bucket by bucket, in Columns (digest.go). A view
// that fits one packet is sent whole; a larger one takes turns (R17).
type Digest struct {
	Header
	Clock   uint64 // of the sender, Unix milliseconds; lags count from it
	Bits    uint8  // there are 2^Bits buckets
	First   uint16 // number of the first one told here
	Count   uint16 // how many follow on it, after the last comes number 0
	Columns []byte
}

// Delta is the reply to a digest, and the way in which news travels (R12).
type Delta struct {
	Header
	Clock   uint64             // of the sender, Unix milliseconds; lags count from it
	Bits    uint8              // there are 2^Bits buckets, as in the digest
	Wants   []string           // members whose record the sender lacks, by name
	Prints  []uint32           // the same by the print of the record
	Records []membership.Entry // records that the receiver asked for or evidently lacks, or news
	Newer   []byte             // heartbeats that are higher than the receiver's (newer.go)
	Rosters []byte             // buckets that the two sides list differently (roster.go)
	More    bool               // there are records that did not fit: ask for them on a stream
}

// Ping asks a member directly whether it is there. With a nonce of 0 it asks because the member is in doubt. It may bring news, so that the answer confirms it was heard.
type Ping struct {
	Header
	Nonce uint64
	News  []membership.Entry
}

// Pong answers a ping.
type Pong struct {
	Header
	Nonce uint64
}

// Evidence tells which members the sender and others have asked in vain, and which have shown that they live. It is no
// verdict: the receiver asks for itself.
type Evidence struct {
	Header
	Doubts []Doubt
	Signs  []Sign
}

// Doubt is what opinions there are about one member.
type Doubt struct {
	Name        string
	Incarnation uint64
	Opinions    []Opinion
}

// Opinion says that a witness has asked a member in vain since that heartbeat of it was due. A higher one refutes it.
type Opinion struct {
	Witness   string
	Heartbeat uint64
}

// Sign is a heartbeat of a member that others doubt.
type Sign struct {
	Name        string
	Incarnation uint64
	Heartbeat   uint64
}

// Sync is a part of a full exchange on a stream, which both sides do. The parts end with the one that says Last.
type Sync struct {
	Header
	Join    bool // the sender asks to be let in under its name (R14)
	Last    bool
	Entries []membership.Entry
}

// Refused says no to somebody who asked to join, in words for people.
type Refused struct {
	Header
	Reason RefusalReason
	Holder string // address of the live member that holds the name, when that is the reason
}

// RefusalReason is why somebody may not join.
type RefusalReason uint8

// NameTaken says that a live member at another address answers to the name.
const NameTaken RefusalReason = 1
