package api

import (
	"fmt"
	"strconv"
	"strings"
)

// maxEpochLength bounds what [ParseCursor] takes, in bytes.
const maxEpochLength = 64

// ParseCursor returns the epoch and the number of the event that s names, like "019a2b3c4d5e6f708192:42". Whether
// there is such an event is not for it to say.
func ParseCursor(s string) (epoch string, seq uint64, err error) {
	epoch, digits, found := strings.Cut(s, ":")
	switch {
	case !found:
		return "", 0, fmt.Errorf("cursor %q has no colon: write EPOCH:SEQ, both as an event shows them", s)
	case epoch == "" || len(epoch) > maxEpochLength || strings.Trim(epoch, "0123456789abcdef") != "":
		return "", 0, fmt.Errorf("cursor %q: epoch %q is not 1 to %d of 0-9 a-f", s, epoch, maxEpochLength)
	}
	seq, err = strconv.ParseUint(digits, 10, 64)
	if err != nil {
		return "", 0, fmt.Errorf("cursor %q: %q is not the number of an event", s, digits)
	}
	return epoch, seq, nil
}

// FormatCursor returns what [ParseCursor] reads.
func FormatCursor(epoch string, seq uint64) string { return epoch + ":" + strconv.FormatUint(seq, 10) }
