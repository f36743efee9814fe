package cli

import (
	"errors"
	"flag"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"
)

// The library runs the table: it finds the command, holds the values of flags with their types, and writes the help. What it
// has no way for stands before it, in line.go: flags anywhere on the line, an environment in which an empty variable sets
// nothing, a file, and what set each flag.

// app returns the program as the library knows it. The command that is named calls run. With nil it has --help in place of that:
// the library has one flag for it that all programs share, so two lines that run side by side must not both write it.
func (p *Program) app(out io.Writer, run cli.ActionFunc) *cli.App {
	return &cli.App{
		Name: p.Name, Usage: p.Usage, UsageText: p.UsageText, Description: p.Description, Writer: out, ErrWriter: io.Discard,
		Commands: libraryCommands(nil, p.Commands, run), Action: run,
		HideHelp: run != nil, HideHelpCommand: true, HideVersion: true,
		ExitErrHandler: func(*cli.Context, error) {}, // errors come back from Run; nothing exits but main
	}
}

// libraryCommands returns commands, which belong to top unless they are of the first level themselves.
func libraryCommands(top *Command, commands []*Command, run cli.ActionFunc) (all []*cli.Command) {
	for _, c := range commands {
		first := top
		if first == nil {
			first = c
		}
		one := &cli.Command{
			Name: c.Name, Usage: c.Usage, UsageText: c.UsageText, Description: c.Description, Hidden: c.Hidden,
			Subcommands: libraryCommands(first, c.Commands, run), Action: run,
			HideHelp: run != nil, HideHelpCommand: true, // or a member called "help" could not be named
		}
		for _, f := range c.Flags {
			one.Flags = append(one.Flags, helpRow{f.library(), f, EnvNames(first, f)})
		}
		all = append(all, one)
	}
	return all
}

// library returns f as the library's flag of its kind, with its default.
func (f Flag) library() cli.Flag {
	switch f.Kind {
	case KindBool:
		return &cli.BoolFlag{Name: f.Name}
	case KindInt:
		n, _ := strconv.Atoi(f.Default)
		return &cli.IntFlag{Name: f.Name, Value: n}
	case KindNumber:
		n, _ := strconv.ParseFloat(f.Default, 64)
		return &cli.Float64Flag{Name: f.Name, Value: n}
	case KindDuration:
		d, _ := time.ParseDuration(f.Default)
		return &cli.DurationFlag{Name: f.Name, Value: d}
	case KindList:
		return &cli.GenericFlag{Name: f.Name, Value: new(texts)}
	}
	return &cli.StringFlag{Name: f.Name, Value: f.Default}
}

// texts are the values of a flag of the kind List, in their order. The library's own kind would split them at commas, which a
// tag's value may hold.
type texts []string

// Set adds one value.
func (t *texts) Set(v string) error { *t = append(*t, v); return nil }

// String returns the values for people.
func (t *texts) String() string { return strings.Join(*t, ", ") }

// newValues returns the values of flags, which are their defaults at first, with the library's way to read them.
func newValues(flags []Flag) (*flag.FlagSet, *cli.Context) {
	set := flag.NewFlagSet("", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	for _, f := range flags {
		_ = f.library().Apply(set) // it reads no environment, so nothing can be wrong
	}
	return set, cli.NewContext(nil, set, nil)
}

// Check returns a usage error when one of values is not of the kind that f takes. origin says what set it.
func (f Flag) Check(origin string, values ...string) error {
	set, read := newValues([]Flag{f})
	for _, v := range values {
		err := set.Set(f.Name, v)
		if n := read.Float64(f.Name); err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
			if f.Kind.exceeded(v) {
				return UsageError("%s %q: the number is too large", origin, v)
			}
			return UsageError("%s %q: write %s", origin, v, f.Kind.words())
		}
		if len(f.Choices) > 0 && f.choice(v) == "" {
			again := ""
			if strings.Contains(v, ",") && origin == dashed(f.Name) && f.Kind == KindList {
				again = "; for several, give " + origin + " once for each"
			}
			return UsageError("%s %q is not known here: choose one of %s%s", origin, v, strings.Join(f.Choices, ", "), again)
		}
	}
	return nil
}

// exceeded reports whether v is written as the kind wants it, and only its number is too large to be held.
func (k Kind) exceeded(v string) bool {
	var err error
	switch k {
	case KindInt:
		_, err = strconv.ParseInt(v, 0, 0)
	case KindNumber:
		_, err = strconv.ParseFloat(v, 64)
	case KindDuration:
		_, err = time.ParseDuration(digits.ReplaceAllString(v, "1"))
		return err == nil
	}
	return errors.Is(err, strconv.ErrRange)
}

var digits = regexp.MustCompile(`[0-9]+`)

// words returns what a value of the kind is, for people.
func (k Kind) words() string {
	switch k {
	case KindBool:
		return "true or false"
	case KindInt:
		return "a whole number"
	case KindNumber:
		return "a number"
	case KindDuration:
		return "a duration with its unit, like 250ms, 5s or 2m"
	}
	return "text"
}

// helpRow is a flag as the help shows it: how it is written, what it does, what else sets it, what holds without it.
type helpRow struct {
	cli.Flag
	of  Flag
	env []string
}

// String returns the two columns of the row.
func (r helpRow) String() string { return r.of.form() + "\t" + r.of.explained(r.env) }

// IsVisible reports that the help shows the flag.
func (r helpRow) IsVisible() bool { return true }
