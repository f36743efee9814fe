package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"

	"heartsay/cmd/heartsay/internal/cli"
)

// configFlag returns the flag that names the configuration file.
func configFlag() cli.Flag {
	return cli.Text("config", "none", "take settings that neither flags nor the environment set from the TOML file `FILE`")
}

// AddFile adds the flags of a line that neither it nor the environment sets and that the configuration file does, if its
// command reads one. All that is wrong in the file comes back together, each with its line.
func AddFile(l *cli.Line) error {
	command := l.Command()
	if _, reads := command.Find("config"); !reads || !l.IsSet("config") {
		return nil
	}
	path := l.String("config")
	all, err := readConfigFile(path)
	if err != nil && len(all) == 0 {
		return err
	}
	faults := []error{err}
	for _, s := range all {
		origin := fmt.Sprintf("%s:%d: %s", path, s.line, s.key)
		flag, known := fileFlag(command, s.key)
		if !known {
			faults = append(faults, atLine(s.line, cli.UsageError("%s is not known%s", origin, guessKey(command, s.key))))
			continue
		}
		values, err := s.flagValues(flag, path)
		if err == nil && l.IsSet(s.key) {
			err = flag.Check(origin, values...) // wrong is wrong, even where it is not asked for
		} else if err == nil {
			err = l.Set(flag, origin, values...)
		}
		faults = append(faults, atLine(s.line, err))
	}
	return byLine(faults...)
}

// notInFile are the flags that make no sense in a configuration file.
var notInFile = []string{"config", "output", "help"}

// fileFlag returns the flag of command that a key of the file sets. Only whole names are keys.
func fileFlag(command *cli.Command, key string) (cli.Flag, bool) {
	f, known := command.Find(key)
	return f, known && f.Name == key && !slices.Contains(notInFile, key)
}

// guessKey returns a hint at the key that was probably meant by an unknown one, or where to find all.
func guessKey(command *cli.Command, key string) string {
	guess := strings.ReplaceAll(strings.ToLower(key), "_", "-")
	for _, name := range []string{guess, strings.TrimSuffix(guess, "s"), guess + "s"} {
		if _, known := fileFlag(command, name); known {
			return fmt.Sprintf(": is %s meant?", name)
		}
	}
	return ": the keys are the agent's flags, see heartsay agent --help"
}

// flagValues returns the values that s gives to a flag, as the command line would write them. The error says which kind
// of value was expected.
func (s setting) flagValues(flag cli.Flag, path string) ([]string, error) {
	if flag.Kind == cli.KindList {
		return s.listValues(path)
	}
	wanted := "write a string in quotes"
	fits := s.kind == unstable.String
	switch flag.Kind {
	case cli.KindBool:
		fits, wanted = s.kind == unstable.Bool, "write true or false, without quotes"
	case cli.KindInt:
		fits, wanted = s.kind == unstable.Integer, "write a whole number, without quotes"
	case cli.KindNumber:
		fits, wanted = s.kind == unstable.Float || s.kind == unstable.Integer, "write a number, without quotes"
	case cli.KindDuration:
		wanted = `write a duration with its unit in quotes, like "250ms"`
	}
	if !fits {
		return nil, cli.UsageError("%s:%d: %s is %s: %s", path, s.line, s.key, kindName(s.kind), wanted)
	}
	if s.kind == unstable.Integer || s.kind == unstable.Float {
		return []string{plainNumber(s.kind, s.text)}, nil
	}
	return []string{s.text}, nil
}

// listValues returns the values of a flag that may be given more than once: an array of strings, or a table, each of
// whose entries stands for KEY=VALUE.
func (s setting) listValues(path string) (values []string, err error) {
	if s.kind != unstable.Array && s.kind != unstable.InlineTable {
		return nil, cli.UsageError(`%s:%d: %s is %s: write a list of strings, like ["…"]`, path, s.line, s.key, kindName(s.kind))
	}
	for _, v := range s.values {
		if v.kind != unstable.String {
			return nil, cli.UsageError("%s:%d: %s holds %s: write strings in quotes", path, v.line, s.key, kindName(v.kind))
		}
		if s.kind == unstable.InlineTable {
			v.text = v.key + "=" + v.text
		}
		values = append(values, v.text)
	}
	return values, nil
}

// kindName returns what a TOML value is, for people.
func kindName(k unstable.Kind) string {
	switch k {
	case unstable.String:
		return "a string"
	case unstable.Bool:
		return "true or false"
	case unstable.Integer:
		return "a whole number"
	case unstable.Float:
		return "a number"
	case unstable.Array:
		return "a list"
	case unstable.InlineTable:
		return "a table"
	}
	return "a date or time"
}

// lineError is an error with the line of the configuration file that is to blame.
type lineError struct {
	line int
	err  error
}

func (e *lineError) Error() string { return e.err.Error() }
func (e *lineError) Unwrap() error { return e.err }

// atLine returns err, unless that is nil, with its line.
func atLine(line int, err error) error {
	if err == nil {
		return nil
	}
	return &lineError{line, err}
}

// byLine joins errors in the order of their lines, those without one first; nil when there are none.
func byLine(faults ...error) error {
	var flat []error
	for _, err := range faults {
		if joined, ok := err.(interface{ Unwrap() []error }); ok {
			flat = append(flat, joined.Unwrap()...)
		} else if err != nil {
			flat = append(flat, err)
		}
	}
	slices.SortStableFunc(flat, func(a, b error) int { return cmp.Compare(lineOf(a), lineOf(b)) })
	return errors.Join(flat...)
}

func lineOf(err error) int {
	var at *lineError
	if errors.As(err, &at) {
		return at.line
	}
	return 0
}
