package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// commandLine is a command line made regular: command, flags by their full names, each as --name=value, then --, then
// the arguments. The library below takes flags before arguments only.
type commandLine struct {
	command string            // "" when none is named, or an unknown one
	args    []string          // for cli.App.Run
	origins map[string]string // by flag: what set it, "--name", an environment variable or "FILE:LINE: name"
	fault   error             // of the configuration file, for the doctor
}

// given is one flag as it was given.
type given struct {
	name     string // without dashes
	value    string
	hasValue bool
	missing  bool // it takes a value, and nothing follows
}

// arrange returns args, without the program's name, as a regular command line, with flags that the environment sets
// added. Its errors are usage errors; the line's command is set as far as it is known then.
func arrange(commands []*cli.Command, args []string, getenv func(string) string) (commandLine, error) {
	flags, arguments := split(commands, args)
	line := commandLine{origins: map[string]string{}}
	help := slices.ContainsFunc(flags, isHelp)
	if len(arguments) == 0 {
		return arrangeBare(line, flags, help)
	}
	i := slices.IndexFunc(commands, func(c *cli.Command) bool { return c.Name == arguments[0] })
	if i < 0 {
		return line, usageError("there is no command %q", arguments[0])
	}
	line.command = arguments[0]
	flags, arguments = fileArgument(flags, arguments)
	line.args = []string{"heartsay", line.command}
	if help {
		line.args = append(line.args, "--help")
		return line, nil
	}
	if err := line.addFlags(commands[i], flags); err != nil {
		return line, err
	}
	if err := line.addEnv(commands[i], getenv); err != nil {
		return line, err
	}
	if err := line.addFile(commands[i]); err != nil && line.command != "doctor" {
		return line, err
	} else if err != nil {
		line.fault = err // which is what the doctor looks for
	}
	line.args = append(append(line.args, "--"), arguments[1:]...)
	return line, nil
}

// arrangeBare returns the line of a program that is called without a command.
func arrangeBare(line commandLine, flags []given, help bool) (commandLine, error) {
	line.args = []string{"heartsay"}
	switch {
	case help:
		line.args = append(line.args, "help")
	case len(flags) == 1 && (flags[0].name == "version" || flags[0].name == "v"):
		line.args = append(line.args, "version")
	case len(flags) > 0:
		return line, usageError("flag %s stands without a command", dashed(flags[0].name))
	}
	return line, nil
}

// split tells flags from arguments. Which flags take a value is known from all commands together, so that a flag may
// stand before its command; TestNoFlagTakesAValueInOneCommandOnly watches over that.
func split(commands []*cli.Command, args []string) (flags []given, arguments []string) {
	for i := 0; i < len(args); i++ {
		a := args[i]
		if a == "--" {
			return flags, append(arguments, args[i+1:]...)
		}
		if len(a) < 2 || a[0] != '-' {
			arguments = append(arguments, a)
			continue
		}
		var f given
		f.name, f.value, f.hasValue = strings.Cut(strings.TrimPrefix(a[1:], "-"), "=")
		if !f.hasValue && takesValue(commands, f.name) {
			i++
			if f.missing = i == len(args); !f.missing {
				f.value, f.hasValue = args[i], true
			}
		}
		flags = append(flags, f)
	}
	return flags, arguments
}

// addFlags adds flags that were given, and checks that they are ones of command.
func (l *commandLine) addFlags(command *cli.Command, flags []given) error {
	for _, f := range flags {
		flag := findFlag(command, f.name)
		if flag == nil {
			return usageError("flag %s is not known", dashed(f.name))
		}
		name := flag.Names()[0]
		switch {
		case f.missing:
			return usageError("flag %s needs a value", dashed(f.name))
		case l.origins[name] != "" && !repeatable(flag):
			return usageError("flag %s is given twice", dashed(name))
		case !f.hasValue:
			f.value = "true"
		}
		if err := l.add(flag, dashed(name), f.value); err != nil {
			return err
		}
	}
	return nil
}

// addEnv adds the flags of command that were not given and that the environment sets. An empty variable sets nothing.
func (l *commandLine) addEnv(command *cli.Command, getenv func(string) string) error {
	for _, flag := range command.Flags {
		for _, variable := range envNames(command.Name, flag) {
			value := getenv(variable)
			if value == "" || l.origins[flag.Names()[0]] != "" {
				continue
			}
			values := []string{value}
			if repeatable(flag) {
				values = strings.Split(value, separator(flag))
			}
			for _, v := range values {
				if err := l.add(flag, variable, v); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// add adds one flag with its value, which origin set.
func (l *commandLine) add(flag cli.Flag, origin, value string) error {
	if err := checkValue(flag, origin, value); err != nil {
		return err
	}
	l.origins[flag.Names()[0]] = origin
	l.args = append(l.args, dashed(flag.Names()[0])+"="+value)
	return nil
}

func isHelp(f given) bool { return f.name == "help" || f.name == "h" }

// dashed returns a flag's name as people write it.
func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// lineKey is where the App keeps its commandLine.
const lineKey = "line"

func (l commandLine) metadata() map[string]any { return map[string]any{lineKey: l} }

// only returns a line that gives one flag of l and no other, from nowhere that could be blamed.
func (l commandLine) only(name string) commandLine {
	one := commandLine{command: l.command, args: slices.Clone(l.args[:2])}
	for _, arg := range l.args[2:] {
		if strings.HasPrefix(arg, dashed(name)+"=") {
			one.args = append(one.args, arg)
		}
	}
	return one
}

// origin returns what set a flag, for messages: "--name", the environment variable, or the file, line and key.
func origin(c *cli.Context, name string) string {
	if line, ok := c.App.Metadata[lineKey].(commandLine); ok && line.origins[name] != "" {
		return line.origins[name]
	}
	return dashed(name)
}
