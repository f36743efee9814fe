package seal

import "encoding/binary"

// sealedHeader is the header of an envelope that came.
type sealedHeader struct {
	class   Class
	key     KeyID
	boot    uint64
	counter uint64
	to      uint32
}

// parseSealed returns the header of b, when it begins like something sealed of one of the classes.
func parseSealed(b []byte, classes ...Class) (h sealedHeader, err error) {
	if len(b) < minEnvelope {
		return h, errShort
	}
	for _, c := range classes {
		if err = checkOpening(b, c); err == nil {
			break
		}
	}
	switch {
	case err != nil:
		return h, err
	case binary.BigEndian.Uint32(b[4:]) == 0:
		return h, errPlain
	case len(b) < Overhead:
		return h, errShort
	}
	return sealedHeader{
		class: Class(b[3]), key: KeyID(binary.BigEndian.Uint32(b[4:])), boot: binary.BigEndian.Uint64(b[8:]),
		counter: binary.BigEndian.Uint64(b[16:]), to: binary.BigEndian.Uint32(b[24:]),
	}, nil
}
