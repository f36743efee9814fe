// Package wire holds the messages of the protocol and turns them into bytes and back.
//
// A message is two bytes, its version and its kind, and one msgpack value behind them:
//
//	byte 0   version, see [Version]
//	byte 1   kind, see [Kind]
//	rest     an array: the fields of the message's struct, in the order in which they are declared
//
// Structs are arrays throughout and never maps: the place of an element is its name. The first element of every message
// is its [Header]. Numbers are msgpack's shortest unsigned form, names are strings, everything that this package or
// package gossip packs by itself is bytes. An entry of a member is the struct wireEntry: its address is 4 or 16 bytes of
// IP and 2 bytes of port, big endian, and its interval is in microseconds. Lists of numbers that are nearly alike are
// columns, see [ColumnWriter].
//
// A later version only appends elements, to any array that is a struct. Who reads skips what it does not know, and takes
// an element that is missing for its zero value. Versions one apart understand each other (R16).
//
// What comes from outside is not trusted. [Codec.Decode] walks through the bytes before it allocates anything, bounds
// depth, lengths and lists, refuses bytes that trail, and validates every record.
//
// testdata/wire of the repository holds a golden message of each kind. docs/protocol.md says what the messages are for.
package wire
