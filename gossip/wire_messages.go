package gossip

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"heartsay/membership"
)

// The wire form of each message: structs that msgpack writes as arrays, element by element in this order.

type wireMessage interface{ message() (Message, error) }

type wireHeader struct {
	From        string
	Incarnation uint64
	Heartbeat   uint64
	To          string
}

type wireEntry struct {
	Name        string
	Incarnation uint64
	Version     uint64
	Heartbeat   uint64
	Address     []byte // 4 or 16 bytes of IP, 2 of port, big endian
	Interval    uint64 // microseconds
	Zone        string
	Build       string
	Tags        []wireTag // sorted by key
	Leaving     bool
}

type wireTag struct {
	Key   string
	Value string
}

type wireDigest struct {
	Header  wireHeader
	Clock   uint64
	Bits    uint8
	First   uint16
	Count   uint16
	Columns []byte
}

type wireDelta struct {
	Header  wireHeader
	Clock   uint64
	Bits    uint8
	Wants   []string
	Prints  []uint32
	Records []wireEntry
	Newer   []byte
	Rosters []byte
	More    bool
}

type wirePing struct {
	Header wireHeader
	Nonce  uint64
	News   []wireEntry
}

type wirePong struct {
	Header wireHeader
	Nonce  uint64
}

type wireSync struct {
	Header  wireHeader
	Join    bool
	Last    bool
	Entries []wireEntry
}

type wireRefused struct {
	Header wireHeader
	Reason uint8
	Holder string
}

func newWire(kind byte) wireMessage {
	switch kind {
	case kindDigest:
		return &wireDigest{}
	case kindDelta:
		return &wireDelta{}
	case kindPing:
		return &wirePing{}
	case kindPong:
		return &wirePong{}
	case kindSync:
		return &wireSync{}
	case kindRefused:
		return &wireRefused{}
	case kindEvidence:
		return &wireEvidence{}
	}
	return nil
}

func toWire(m Message) (kind byte, w wireMessage) {
	h := headerToWire(m.header())
	switch m := m.(type) {
	case *Digest:
		return kindDigest, &wireDigest{
			Header: h, Clock: m.Clock, Bits: m.Bits, First: m.First, Count: m.Count, Columns: m.Columns,
		}
	case *Delta:
		return kindDelta, &wireDelta{
			Header: h, Clock: m.Clock, Bits: m.Bits, Wants: m.Wants, Prints: m.Prints,
			Records: entriesToWire(m.Records), Newer: m.Newer, Rosters: m.Rosters, More: m.More,
		}
	case *Ping:
		return kindPing, &wirePing{Header: h, Nonce: m.Nonce, News: entriesToWire(m.News)}
	case *Pong:
		return kindPong, &wirePong{Header: h, Nonce: m.Nonce}
	case *Sync:
		return kindSync, &wireSync{Header: h, Join: m.Join, Last: m.Last, Entries: entriesToWire(m.Entries)}
	case *Refused:
		return kindRefused, &wireRefused{Header: h, Reason: uint8(m.Reason), Holder: m.Holder}
	case *Evidence:
		return kindEvidence, evidenceToWire(h, m)
	}
	panic(fmt.Sprintf("gossip: message %T has no wire form", m))
}

func (w *wireDigest) message() (Message, error) {
	d := &Digest{
		Header: w.Header.header(), Clock: w.Clock, Bits: w.Bits, First: w.First, Count: w.Count, Columns: w.Columns,
	}
	return d, checkBuckets(d.Clock, d.Bits, d.Count)
}

func (w *wireDelta) message() (Message, error) {
	if err := checkBuckets(w.Clock, w.Bits, 0); err != nil {
		return nil, err
	}
	records, err := entriesFromWire(w.Records)
	return &Delta{
		Header: w.Header.header(), Clock: w.Clock, Bits: w.Bits, Wants: w.Wants, Prints: w.Prints,
		Records: records, Newer: w.Newer, Rosters: w.Rosters, More: w.More,
	}, err
}

// checkBuckets returns what is wrong with the bounds that bytes of buckets are read by, or nil.
func checkBuckets(clock uint64, bits uint8, count uint16) error {
	switch {
	case clock > membership.MaxCounter:
		return fmt.Errorf("clock %d is out of bounds", clock)
	case bits > maxBucketBits:
		return fmt.Errorf("2^%d buckets are too many", bits)
	case int(count) > 1<<bits:
		return fmt.Errorf("%d of 2^%d buckets are told", count, bits)
	}
	return nil
}

func (w *wirePing) message() (Message, error) {
	news, err := entriesFromWire(w.News)
	return &Ping{Header: w.Header.header(), Nonce: w.Nonce, News: news}, err
}

func (w *wirePong) message() (Message, error) {
	return &Pong{Header: w.Header.header(), Nonce: w.Nonce}, nil
}

func (w *wireSync) message() (Message, error) {
	entries, err := entriesFromWire(w.Entries)
	return &Sync{Header: w.Header.header(), Join: w.Join, Last: w.Last, Entries: entries}, err
}

func (w *wireRefused) message() (Message, error) {
	if _, err := netip.ParseAddrPort(w.Holder); err != nil && w.Holder != "" {
		return nil, errors.New("holder is no address") // people will read it: nothing else gets through
	}
	return &Refused{Header: w.Header.header(), Reason: RefusalReason(w.Reason), Holder: w.Holder}, nil
}

func headerToWire(h *Header) wireHeader {
	return wireHeader(*h)
}

func (w wireHeader) header() Header {
	return Header(w)
}

func entriesToWire(entries []membership.Entry) []wireEntry {
	w := make([]wireEntry, len(entries))
	for i, en := range entries {
		r := en.Record
		w[i] = wireEntry{
			Name: r.Name, Incarnation: r.Incarnation, Version: r.Version, Heartbeat: en.Heartbeat,
			Address: addressToWire(r.Address), Interval: uint64(r.Interval / time.Microsecond),
			Zone: r.Zone, Build: r.Build, Tags: tagsToWire(r.Tags), Leaving: r.Leaving,
		}
	}
	return w
}

func entriesFromWire(w []wireEntry) ([]membership.Entry, error) {
	entries := make([]membership.Entry, len(w))
	for i := range w {
		r, err := w[i].record()
		if err != nil {
			return nil, err
		}
		entries[i] = membership.Entry{Record: r, Heartbeat: w[i].Heartbeat}
	}
	return entries, nil
}

func (w *wireEntry) record() (*membership.Record, error) {
	address, err := addressFromWire(w.Address)
	if err != nil {
		return nil, err
	}
	if w.Interval > uint64(membership.MaxInterval/time.Microsecond) {
		return nil, fmt.Errorf("interval %d µs is out of bounds", w.Interval)
	}
	var tags membership.Tags
	for _, t := range w.Tags {
		tags = append(tags, membership.Tag{Key: t.Key, Value: t.Value})
	}
	r := &membership.Record{
		Name: w.Name, Incarnation: w.Incarnation, Version: w.Version, Address: address,
		Interval: time.Duration(w.Interval) * time.Microsecond, Zone: w.Zone, Build: w.Build, Tags: tags, Leaving: w.Leaving,
	}
	return r, r.Validate()
}

func tagsToWire(tags membership.Tags) []wireTag {
	w := make([]wireTag, len(tags))
	for i, t := range tags {
		w[i] = wireTag{Key: t.Key, Value: t.Value}
	}
	return w
}

func addressToWire(a netip.AddrPort) []byte {
	b := a.Addr().AsSlice()
	return append(b, byte(a.Port()>>8), byte(a.Port()))
}

func addressFromWire(b []byte) (netip.AddrPort, error) {
	if len(b) != 6 && len(b) != 18 {
		return netip.AddrPort{}, fmt.Errorf("address of %d bytes", len(b))
	}
	ip, _ := netip.AddrFromSlice(b[:len(b)-2])
	port := uint16(b[len(b)-2])<<8 | uint16(b[len(b)-1])
	return netip.AddrPortFrom(ip.Unmap(), port), nil
}
