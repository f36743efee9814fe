package api

import (
	"strings"
	"testing"
)

func TestCursorRefusesNonsense(t *testing.T) {
	for in, want := range map[string]string{
		"":                                 "no colon",
		"42":                               "no colon",
		":42":                              "epoch",
		"xyz:42":                           "epoch",
		"AB:42":                            "epoch",
		"ab cd:1":                          "epoch",
		strings.Repeat("a", 65) + ":1":     "epoch",
		"ab:":                              "number of an event",
		"ab:-1":                            "number of an event",
		"ab:+1":                            "number of an event",
		"ab:1.5":                           "number of an event",
		"ab:1:2":                           "number of an event",
		"ab:0x1":                           "number of an event",
		"ab:18446744073709551616":          "number of an event",
		"ab: 1":                            "number of an event",
		"ab:1\n\x1b[31m":                   "number of an event",
		"\x1b[31m:" + "1":                  "epoch",
		strings.Repeat("x", 1000) + "\x00": "no colon",
	} {
		c, err := ParseCursor(in)
		if err == nil || !c.IsZero() || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseCursor(%q) = %q, %v: it must be refused and say %q", in, c, err, want)
		} else if strings.ContainsAny(err.Error(), "\n\x1b\x00") {
			t.Errorf("ParseCursor(%q): control characters reach the error %q", in, err)
		}
	}
}
