package process

import (
	"fmt"
	"strconv"
	"strings"
)

// head keeps the beginning of what is written to it and counts the rest.
type head struct {
	kept []byte
	more int
}

func (h *head) Write(b []byte) (int, error) {
	n := min(len(b), outputKept-len(h.kept))
	h.kept = append(h.kept, b[:n]...)
	h.more += len(b) - n
	return len(b), nil
}

// String returns what was kept, quoted, so that a program cannot forge log lines.
func (h *head) String() string {
	s := strconv.QuoteToGraphic(strings.TrimRight(string(h.kept), "\n"))
	if h.more > 0 {
		s += fmt.Sprintf(" and %d bytes more", h.more)
	}
	return s
}
