package render

import (
	"fmt"
	"strings"

	"github.com/mattn/go-runewidth"
)

// Pad returns text with spaces up to a width in cells.
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

// Shorten returns the beginning of s, which takes most cells of a terminal at most, with an ellipsis in place of the
// rest. It cuts between characters as people see them: marks stay with the character that they belong to.
func Shorten(s string, most int) string { return runewidth.Truncate(s, most, "…") }

func OrDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// Width returns how many cells of a terminal text takes: two for wide characters and emoji, none for marks that combine
// with the character before them.
func Width(text string) int { return runewidth.StringWidth(text) }

// OrList returns words with commas and an "or".
func OrList(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
