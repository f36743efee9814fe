package main

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"
)

// findFlag returns the flag of command that has this name, or nil.
func findFlag(command *cli.Command, name string) cli.Flag {
	for _, f := range command.Flags {
		if slices.Contains(f.Names(), name) {
			return f
		}
	}
	return nil
}

// takesValue reports whether a flag of this name takes a value, in whichever command.
func takesValue(commands []*cli.Command, name string) bool {
	for _, c := range commands {
		if f := findFlag(c, name); f != nil {
			_, isBool := f.(*cli.BoolFlag)
			return !isBool
		}
	}
	return false
}

// repeatable reports whether f may be given more than once.
func repeatable(f cli.Flag) bool {
	_, ok := f.(*cli.StringSliceFlag)
	return ok
}

// separator returns what separates the values of a repeatable flag in its environment variable.
func separator(f cli.Flag) string {
	if name := f.Names()[0]; name == "on-event" || name == "webhook" {
		return "\n" // their values hold commas
	}
	return ","
}

// checkValue returns a usage error when value is not of the kind that f takes. origin says what set it.
func checkValue(f cli.Flag, origin, value string) error {
	switch f.(type) {
	case *cli.BoolFlag:
		if _, err := strconv.ParseBool(value); err != nil {
			return usageError("%s %q: write true or false", origin, value)
		}
	case *cli.IntFlag:
		if _, err := strconv.ParseInt(value, 10, strconv.IntSize); err != nil {
			return usageError("%s %q: write a whole number", origin, value)
		}
	case *cli.Float64Flag:
		if n, err := strconv.ParseFloat(value, 64); err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
			return usageError("%s %q: write a number", origin, value)
		}
	case *cli.DurationFlag:
		if _, err := time.ParseDuration(value); err != nil {
			return usageError("%s %q: write a duration with its unit, like 250ms, 5s or 2m", origin, value)
		}
	}
	return nil
}

// envNames returns the environment variables that set a flag of a command; the first that is set counts. The flags of
// the agent and those that mean the same everywhere are HEARTSAY_FLAG. The others are HEARTSAY_COMMAND_FLAG: the
// HEARTSAY_NAME that names an agent must not also filter what "members" lists on that host.
func envNames(command string, f cli.Flag) []string {
	name := f.Names()[0]
	short, long := "HEARTSAY_"+upper(name), "HEARTSAY_"+upper(command)+"_"+upper(name)
	switch {
	case name == "output":
		return []string{long, short}
	case name == "api", name == "token-file", slices.Contains(agentCommands, command):
		return []string{short}
	}
	return []string{long}
}

// agentCommands are the commands that take all flags of the agent, and mean the same by them.
var agentCommands = []string{"agent", "config", "doctor"}

func upper(name string) string { return strings.ToUpper(strings.ReplaceAll(name, "-", "_")) }

// describeEnv adds to the help of each flag of command the environment variable that sets it. The library's own way to
// read the environment is not used: it would take an empty variable for a value and a comma for a part of one.
func describeEnv(command *cli.Command) {
	for _, f := range command.Flags {
		note := " [$" + strings.Join(envNames(command.Name, f), ", $") + "]"
		switch f := f.(type) {
		case *cli.StringFlag:
			f.Usage += note
		case *cli.StringSliceFlag:
			f.Usage += note
		case *cli.BoolFlag:
			f.Usage += note
			f.DisableDefaultText = true
		case *cli.IntFlag:
			f.Usage += note
		case *cli.Float64Flag:
			f.Usage += note
		case *cli.DurationFlag:
			f.Usage += note
		}
	}
}

// timeLimit returns what --timeout says, 0 without it.
func timeLimit(c *cli.Context) (time.Duration, error) {
	limit := c.Duration("timeout")
	if limit < 0 {
		return 0, usageError("%s %s: a time-out cannot be negative", origin(c, "timeout"), limit)
	}
	return limit, nil
}

// oneOf returns a usage error when value, given for a flag, is not one of choices.
func oneOf[T ~string](c *cli.Context, flag string, value T, choices []T) error {
	if slices.Contains(choices, value) {
		return nil
	}
	return usageError("%s %q is not known here: choose one of %s", origin(c, flag), value, strings.Join(wordsOf(choices), ", "))
}

// wordsOf returns states, types of events and the like as plain words.
func wordsOf[T ~string](of []T) []string {
	words := make([]string, len(of))
	for i, w := range of {
		words[i] = string(w)
	}
	return words
}
