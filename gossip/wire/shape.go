package wire

import "encoding/binary"

// A message is walked through before anything of it is decoded, so that nothing is allocated on the word of a length, or
// for elements that take a byte on the wire and two hundred in memory.
const (
	maxDepth = 8    // how deep arrays may nest; the deepest message has 5
	maxList  = 4096 // elements of a list in a message; a part of a sync has some 2000 entries
	maxInner = 128  // elements of any other array: a message, a record, its tags
)

// skip returns what follows the first msgpack value in b, and whether that value has the shape of a message's part:
// whole, of arrays, strings, bytes, numbers, booleans and nil, and within the bounds above. Depth is how many arrays
// it is in.
func skip(b []byte, depth int) (rest []byte, ok bool) {
	if len(b) == 0 || depth > maxDepth {
		return nil, false
	}
	code, b := b[0], b[1:]
	switch {
	case code < 0x80, code >= 0xe0, code == 0xc0, code == 0xc2, code == 0xc3: // small number, nil, boolean
		return b, true
	case code&0xf0 == 0x90:
		return skipArray(b, uint64(code&0xf), depth)
	case code&0xe0 == 0xa0: // short string
		return skipBytes(b, uint64(code&0x1f))
	}
	switch code {
	case 0xc4, 0xc5, 0xc6: // bytes
		return skipSized(b, 1<<(code-0xc4))
	case 0xd9, 0xda, 0xdb: // string
		return skipSized(b, 1<<(code-0xd9))
	case 0xca, 0xcb: // float
		return skipBytes(b, 4<<(code-0xca))
	case 0xcc, 0xcd, 0xce, 0xcf, 0xd0, 0xd1, 0xd2, 0xd3: // number
		return skipBytes(b, 1<<(code&3))
	case 0xdc, 0xdd:
		n, b, ok := readLength(b, 2<<(code-0xdc))
		if !ok {
			return nil, false
		}
		return skipArray(b, n, depth)
	}
	return nil, false // a map or an extension
}

func skipArray(b []byte, n uint64, depth int) (rest []byte, ok bool) {
	if n > maxInner && (depth != 1 || n > maxList) {
		return nil, false
	}
	for ok = true; n > 0 && ok; n-- {
		b, ok = skip(b, depth+1)
	}
	return b, ok
}

func skipSized(b []byte, size int) (rest []byte, ok bool) {
	n, b, ok := readLength(b, size)
	if !ok {
		return nil, false
	}
	return skipBytes(b, n)
}

func skipBytes(b []byte, n uint64) (rest []byte, ok bool) {
	if n > uint64(len(b)) {
		return nil, false
	}
	return b[n:], true
}

// readLength reads a number of 1, 2 or 4 bytes.
func readLength(b []byte, size int) (n uint64, rest []byte, ok bool) {
	if len(b) < size {
		return 0, nil, false
	}
	var word [8]byte
	copy(word[8-size:], b)
	return binary.BigEndian.Uint64(word[:]), b[size:], true
}
