package agent

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestCursorReadsBackAsItWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.UnixMilli(rapid.Int64().Draw(t, "now"))
		epoch, seq := NewEpoch(now, rapid.Uint64().Draw(t, "random")), rapid.Uint64().Draw(t, "seq")
		gotEpoch, gotSeq, err := ParseCursor(FormatCursor(epoch, seq))
		if err != nil || gotEpoch != epoch || gotSeq != seq {
			t.Fatalf("cursor %s:%d reads back as %s:%d, %v", epoch, seq, gotEpoch, gotSeq, err)
		}
	})
}

func TestEpochsOfTwoLivesDifferAndSortByTime(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	first, second := NewEpoch(start, 1), NewEpoch(start, 2)
	later := NewEpoch(start.Add(time.Millisecond), 0)
	if first == second {
		t.Errorf("two starts within one millisecond have the same epoch %s", first)
	}
	if later <= first || later <= second {
		t.Errorf("epochs %s and %s do not sort before the later %s", first, second, later)
	}
	if got := NewEpoch(time.Unix(-5, 0), 1); got != "00000000000000000001" {
		t.Errorf("before 1970 the epoch is %s", got)
	}
}

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
		epoch, seq, err := ParseCursor(in)
		if err == nil || epoch != "" || seq != 0 || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseCursor(%q) = %q, %d, %v: it must be refused and say %q", in, epoch, seq, err, want)
		} else if strings.ContainsAny(err.Error(), "\n\x1b\x00") {
			t.Errorf("ParseCursor(%q): control characters reach the error %q", in, err)
		}
	}
}
