package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"heartsay/cmd/heartsay/internal/render"
)

// Command returns the command that the line names; nil when it names none.
func (l *Line) Command() *Command {
	if len(l.Path) == 0 {
		return nil
	}
	return l.Path[len(l.Path)-1]
}

// Name returns the program and the command in words, "heartsay keys gen".
func (l *Line) Name() string {
	words := []string{l.Program.Name}
	for _, c := range l.Path {
		words = append(words, c.Name)
	}
	return strings.Join(words, " ")
}

// Arg returns the i-th argument, from 0; "" when there are not as many.
func (l *Line) Arg(i int) string {
	if i >= len(l.Args) {
		return ""
	}
	return l.Args[i]
}

// Split returns the arguments before the first "--" of the line and those after it, and whether there is one.
func (l *Line) Split() (before, after []string, dashed bool) {
	if l.Dash < 0 {
		return l.Args, nil, false
	}
	return slices.Clip(l.Args[:l.Dash]), l.Args[l.Dash:], true
}

// IsSet reports whether the line, the environment or the source sets a flag.
func (l *Line) IsSet(name string) bool { return l.origins[name] != "" }

// Origin returns what set a flag, for messages: "--name", the environment variable, or the file, line and key.
func (l *Line) Origin(name string) string {
	if origin := l.origins[name]; origin != "" {
		return origin
	}
	return dashed(name)
}

// String returns the value of a flag as a line writes it, its default when nothing sets it. The command must have the flag:
// to ask for another one is a mistake in the program.
func (l *Line) String(name string) string {
	f := l.set.Lookup(name)
	if f == nil {
		panic(l.Name() + " has no flag " + name)
	}
	return f.Value.String()
}

// Strings returns the values of a flag of the kind List.
func (l *Line) Strings(name string) []string { return slices.Clone(*l.values.Generic(name).(*texts)) }

// As returns words as states, types of events or the like.
func As[T ~string](words []string) []T {
	all := make([]T, len(words))
	for i, w := range words {
		all[i] = T(w)
	}
	return all
}

// Bool returns the value of a flag of the kind Bool.
func (l *Line) Bool(name string) bool { return l.values.Bool(name) }

// Int returns the value of a flag of the kind Int.
func (l *Line) Int(name string) int { return l.values.Int(name) }

// Number returns the value of a flag of the kind Number.
func (l *Line) Number(name string) float64 { return l.values.Float64(name) }

// Duration returns the value of a flag of the kind Duration.
func (l *Line) Duration(name string) time.Duration { return l.values.Duration(name) }

// Value returns the value of a flag of the command, of the Go type for its kind.
func (l *Line) Value(f Flag) any {
	switch f.Kind {
	case KindBool:
		return l.Bool(f.Name)
	case KindInt:
		return l.Int(f.Name)
	case KindNumber:
		return l.Number(f.Name)
	case KindDuration:
		return l.Duration(f.Name)
	case KindList:
		return l.Strings(f.Name)
	}
	return l.String(f.Name)
}

// TimeLimit returns what --timeout says, 0 without it.
func (l *Line) TimeLimit() (time.Duration, error) {
	limit := l.Duration("timeout")
	if limit < 0 {
		return 0, UsageError("%s %s: a time-out cannot be negative", l.Origin("timeout"), limit)
	}
	return limit, nil
}

// Println writes one line of data.
func (c *Call) Println(format string, args ...any) error {
	_, err := fmt.Fprintf(c.Out, format+"\n", args...)
	return err
}

// Note writes one line for people, which is not data, behind the name of the command. What it quotes is escaped.
func (c *Call) Note(format string, args ...any) {
	fmt.Fprintf(c.Err, "%s: %s\n", c.Name(), render.Escape(fmt.Sprintf(format, args...)))
}
