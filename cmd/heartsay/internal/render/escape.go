package render

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Escape returns s as it can be shown on a terminal: control characters, marks that change the direction of writing,
// and all else that does not print as itself are written as \x1b, \u202e or \U000e0001. What comes from the network
// must not be able to move the cursor, recolour the screen or forge a line.
func Escape(s string) string {
	if !strings.ContainsFunc(s, Hidden) && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i, size := 0, 0; i < len(s); i += size {
		var r rune
		r, size = utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1, r < 0x80 && Hidden(r):
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case !Hidden(r):
			b.WriteRune(r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	return b.String()
}

// Hidden reports whether r does not print as a character of its own. Spaces other than the plain one do not: they
// could be mistaken for it.
func Hidden(r rune) bool { return !unicode.IsPrint(r) }
