package agent

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"heartsay/agent/internal/safefile"
	"heartsay/api"
)

// Handler is a program that is run for each event of some types: without a shell, with the event as JSON on its
// standard input and in its environment. See docs/events.md for what it is given and promised.
type Handler struct {
	Types   []api.EventType
	Command []string // the program's absolute path and its arguments
}

// allTypes stands for all event types but reset.
const allTypes = "*"

// ParseHandler returns the handler that s writes: "dead,left=/path/to/program argument 'one argument'". The types may be
// "*", all but reset. Words are separated by spaces; quotes of either kind hold one together; nothing is expanded.
func ParseHandler(s string) (Handler, error) {
	types, rest, err := splitTypes(s, "/path/to/program")
	if err != nil {
		return Handler{}, fmt.Errorf("handler %q: %w", s, err)
	}
	words, err := splitWords(rest)
	if err != nil {
		return Handler{}, fmt.Errorf("handler %q: %w", s, err)
	}
	h := Handler{Types: types, Command: words}
	return h, h.validate()
}

// String returns the handler as [ParseHandler] reads it.
func (h Handler) String() string {
	words := make([]string, len(h.Command))
	for i, w := range h.Command {
		words[i] = quoteWord(w)
	}
	return typeList(h.Types) + "=" + strings.Join(words, " ")
}

// validate returns what is wrong with h, or nil. It looks whether the program is there.
func (h Handler) validate() error {
	if err := validateTypes(h.Types); err != nil {
		return fmt.Errorf("handler %q: %w", h, err)
	}
	if len(h.Command) == 0 {
		return fmt.Errorf("handler %q: no program is named: write %s=/path/to/program", h, typeList(h.Types))
	}
	path := h.Command[0]
	if !filepath.IsAbs(path) {
		return fmt.Errorf("handler %q: program %q is not an absolute path: write where it is", h, path)
	}
	if _, err := exec.LookPath(path); err != nil {
		if e := new(exec.Error); errors.As(err, &e) {
			err = e.Err
		}
		return fmt.Errorf("handler %q: program %s cannot be run: %w", h, path, safefile.Cause(err))
	}
	return nil
}

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
