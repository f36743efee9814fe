package handlers

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"heartsay/api"
)

// How handlers are written in flags and files: TYPES=WHAT.

// allTypes stands for all event types but reset.
const allTypes = "*"

// splitTypes returns the event types in s before its first "=", and what follows.
func splitTypes(s, example string) (types []api.EventType, rest string, err error) {
	list, rest, ok := strings.Cut(s, "=")
	if !ok || strings.Contains(list, "/") {
		return nil, "", fmt.Errorf("it does not say for which events: write dead,left=%s", example)
	}
	if list == allTypes {
		return api.DefaultEventTypes(), rest, nil
	}
	for t := range strings.SplitSeq(list, ",") {
		types = append(types, api.EventType(strings.TrimSpace(t)))
	}
	return types, rest, validateTypes(types)
}

func validateTypes(types []api.EventType) error {
	if len(types) == 0 {
		return errors.New("no event type is named")
	}
	for i, t := range types {
		if _, err := api.ParseEventType(string(t)); err != nil {
			return fmt.Errorf("%w, or %s for all but reset", err, allTypes)
		}
		if slices.Contains(types[:i], t) {
			return fmt.Errorf("event type %q is named twice", t)
		}
	}
	return nil
}

// typeList returns types with commas between.
func typeList(types []api.EventType) string {
	words := make([]string, len(types))
	for i, t := range types {
		words[i] = string(t)
	}
	return strings.Join(words, ",")
}

// splitWords returns the words of s: separated by spaces, held together by quotes of either kind.
func splitWords(s string) (words []string, err error) {
	var word strings.Builder
	var quote rune // that is open; 0: none
	begun := false
	for _, r := range s {
		switch {
		case r == quote:
			quote = 0
		case quote == 0 && (r == '\'' || r == '"'):
			quote, begun = r, true
		case quote == 0 && (r == ' ' || r == '\t'):
			if begun {
				words = append(words, word.String())
			}
			word.Reset()
			begun = false
		default:
			word.WriteRune(r)
			begun = true
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("a quote %c is opened and not closed", quote)
	}
	if begun {
		words = append(words, word.String())
	}
	return words, nil
}

// quoteWord returns w as [splitWords] reads it as one word.
func quoteWord(w string) string {
	switch {
	case w != "" && !strings.ContainsAny(w, " \t'\""):
		return w
	case !strings.Contains(w, "'"):
		return "'" + w + "'"
	}
	return `"` + strings.ReplaceAll(w, `"`, `"'"'"`) + `"`
}
