package render

import (
	"strings"
	"testing"
	"unicode"
)

func TestEscapeLetsNothingMoveTheCursorOrTurnTheText(t *testing.T) {
	for in, want := range map[string]string{
		"web-1":               "web-1",
		"größe 大きさ ✓":         "größe 大きさ ✓",
		"a b":                 "a b",
		"\x1b[31mred":         `\x1b[31mred`,
		"two\nlines\r\t\x00":  `two\x0alines\x0d\x09\x00`,
		"\x7f\u0085\u009b31m": `\x7f\u0085\u009b31m`,
		"abc\u202etxt.exe":    `abc\u202etxt.exe`,
		"\u200b\u2066\ufeff":  `\u200b\u2066\ufeff`,
		"no\u00a0break":       `no\u00a0break`,
		"\U000e0041":          `\U000e0041`,
		"bad \xff\xc3 utf-8":  `bad \xff\xc3 utf-8`,
		"\ufffd is printable": "\ufffd is printable",
		"":                    "",
	} {
		if got := Escape(in); got != want {
			t.Errorf("escape(%q) is %q, want %q", in, got, want)
		}
	}
}

func FuzzEscape(f *testing.F) {
	f.Add("\x1b\u202e\xff")
	f.Fuzz(func(t *testing.T, s string) {
		if got := Escape(s); strings.ContainsFunc(got, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("escape(%q) is %q, which does not print as itself", s, got)
		}
	})
}
