package wire

import (
	"net/netip"
	"slices"
	"time"

	"github.com/hashicorp/go-msgpack/v2/codec"

	"heartsay/membership"
)

// Entries are records of members with their heartbeats, as a message tells them.
type Entries []membership.Entry

// wireEntry is the wire form of an entry, an array like all structs of this package. A new field of a record goes to
// its end, and into the two functions below.
type wireEntry struct {
	Name        string
	Incarnation uint64
	Version     uint64
	Heartbeat   uint64
	Address     []byte // 4 or 16 bytes of IP, 2 of port, big endian
	Interval    uint64 // microseconds
	Zone        string
	Build       string
	Tags        membership.Tags // sorted by key; an empty array when there are none
	Leaving     bool
}

func entryToWire(en membership.Entry) wireEntry {
	r := en.Record
	w := wireEntry{
		Name: r.Name, Incarnation: r.Incarnation, Version: r.Version, Heartbeat: en.Heartbeat,
		Address: addressToWire(r.Address), Interval: uint64(r.Interval / time.Microsecond),
		Zone: r.Zone, Build: r.Build, Tags: r.Tags, Leaving: r.Leaving,
	}
	if w.Tags == nil {
		w.Tags = membership.Tags{}
	}
	return w
}

// entry returns what w says. An address or interval that cannot be read is left out, which no validation lets pass.
func (w *wireEntry) entry() membership.Entry {
	r := &membership.Record{
		Name: w.Name, Incarnation: w.Incarnation, Version: w.Version, Address: addressFromWire(w.Address),
		Zone: w.Zone, Build: w.Build, Leaving: w.Leaving,
	}
	if w.Interval <= uint64(membership.MaxInterval/time.Microsecond) {
		r.Interval = time.Duration(w.Interval) * time.Microsecond
	}
	if len(w.Tags) > 0 {
		r.Tags = w.Tags
	}
	return membership.Entry{Record: r, Heartbeat: w.Heartbeat}
}

// CodecEncodeSelf is for msgpack: it writes the entries as an array.
func (list Entries) CodecEncodeSelf(to *codec.Encoder) {
	w := make([]wireEntry, len(list))
	for i, en := range list {
		w[i] = entryToWire(en)
	}
	to.MustEncode(w)
}

// CodecDecodeSelf is for msgpack: it reads the entries, which are still to be validated.
func (list *Entries) CodecDecodeSelf(from *codec.Decoder) {
	var w []wireEntry
	from.MustDecode(&w)
	*list = make(Entries, len(w))
	for i := range w {
		(*list)[i] = w[i].entry()
	}
}

// validate returns what is wrong with the first record that is out of bounds, or nil.
func (list Entries) validate() error {
	for _, en := range list {
		if err := en.Record.Validate(); err != nil {
			return err
		}
	}
	return nil
}

// trim takes out the entries of the members whose name keep does not approve of.
func (list *Entries) trim(keep func(name string) bool) {
	*list = slices.DeleteFunc(*list, func(en membership.Entry) bool { return !keep(en.Record.Name) })
}

func addressToWire(a netip.AddrPort) []byte {
	b := a.Addr().AsSlice()
	return append(b, byte(a.Port()>>8), byte(a.Port()))
}

// addressFromWire returns the address that b tells, or none when b has another length than an address.
func addressFromWire(b []byte) netip.AddrPort {
	if len(b) != 6 && len(b) != 18 {
		return netip.AddrPort{}
	}
	ip, _ := netip.AddrFromSlice(b[:len(b)-2])
	port := uint16(b[len(b)-2])<<8 | uint16(b[len(b)-1])
	return netip.AddrPortFrom(ip.Unmap(), port)
}
