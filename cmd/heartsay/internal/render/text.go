package render

import (
	"fmt"
	"strings"
	"unicode"
)

// Pad returns text with spaces up to a width.
func Pad(text string, to int) string {
	return text + strings.Repeat(" ", max(to-Width(text), 0))
}

// Plural returns n and the word for it.
func Plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

// Shorten returns the first characters of s, most at most, with an ellipsis in place of the rest.
func Shorten(s string, most int) string {
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	return string(runes[:most-1]) + "…"
}

func OrDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// Width returns how many columns of a terminal text takes, as far as that can be known: marks that combine with the
// character before them take none, wide East Asian characters two.
func Width(text string) int {
	n := 0
	for _, r := range text {
		switch {
		case unicode.In(r, unicode.Mn, unicode.Me):
		case r >= 0x1100 && unicode.In(r, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana):
			n += 2
		default:
			n++
		}
	}
	return n
}

// OrList returns words with commas and an "or".
func OrList(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
