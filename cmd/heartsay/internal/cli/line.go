package cli

import (
	"flag"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// Line is a command line that was understood: its command, what set each of its flags to what, and its arguments.
type Line struct {
	Program *Program
	Path    []*Command // the command and the groups around it, outermost first; empty: none is named
	Args    []string   // without the words of Path
	Dash    int        // how many of Args stand before the first "--"; -1: there is none
	Fault   error      // of the source, for a command that Examines
	Getenv  func(string) string

	args    []string // all of it, as it was given
	help    bool     // is asked for
	set     *flag.FlagSet
	values  *cli.Context      // the same, read with types
	origins map[string]string // by flag: what set it, "--name", an environment variable or "FILE:LINE: name"
}

// given is one flag as it was given.
type given struct {
	name     string // without dashes
	written  string // with them, as it stands on the line
	value    string
	hasValue bool
	missing  bool // it takes a value, and nothing follows
}

// Parse understands args, a line without the program's name. Flags may stand anywhere before a "--". What the line does
// not set is set by the environment, and then by the program's source. Its errors are usage errors, as far as the
// source's are; the line's Path is set as far as it is known then.
func (p *Program) Parse(args []string, getenv func(string) string) (*Line, error) {
	l := p.newLine(args, getenv)
	flags, arguments, dash := p.split(args)
	l.help = slices.ContainsFunc(flags, func(f given) bool { return f.name == "help" || f.name == "h" })
	if len(arguments) == 0 {
		return l, l.bare(flags)
	}
	if err := l.choose(arguments, dash); err != nil || l.help {
		if g, found := p.unknown(flags); found && len(l.Path) == 0 {
			return l, UsageError("flag %s is not known", g.written) // and what follows is perhaps its value
		}
		return l, err
	}
	if flag := l.Command().Takes.Flag; flag != "" && len(l.Args) == 1 {
		flags = append(flags, given{name: flag, value: l.Args[0], hasValue: true})
		l.Args = nil
	}
	if err := l.addFlags(flags); err != nil {
		return l, err
	}
	if err := l.addEnv(); err != nil {
		return l, err
	}
	return l, l.addSource()
}

// Again understands the same line anew: its source may say something else now.
func (l *Line) Again() (*Line, error) { return l.Program.Parse(l.args, l.Getenv) }

// Unfinished understands args as the beginning of a line that is still being written, as far as it makes sense. It
// returns nil when it names no command that there is, and the flag that waits for its value, "" for none.
func (p *Program) Unfinished(args []string, getenv func(string) string) (l *Line, waiting string) {
	l = p.newLine(args, getenv)
	flags, arguments, dash := p.split(args)
	if n := len(flags); n > 0 && flags[n-1].missing {
		waiting = flags[n-1].name
	}
	l.help = true // a group needs no command in it yet
	if err := l.choose(arguments, dash); err != nil {
		return nil, ""
	}
	if len(l.Path) == 0 {
		return l, waiting
	}
	for _, g := range flags {
		if f, known := l.Command().Find(g.name); known && !g.missing {
			_ = l.Set(f, dashed(f.Name), g.value)
		}
	}
	_ = l.addEnv()
	return l, waiting
}

// named returns the command that args name, or nil.
func (p *Program) named(args []string) *Command {
	l := p.newLine(args, nil)
	_, arguments, dash := p.split(args)
	if err := l.choose(arguments, dash); err != nil || len(l.Path) == 0 {
		return nil
	}
	return l.Command()
}

// newLine returns a line of which nothing is understood yet.
func (p *Program) newLine(args []string, getenv func(string) string) *Line {
	return &Line{Program: p, Dash: -1, Getenv: getenv, args: args, origins: map[string]string{}}
}

// split tells flags from arguments, and says how many arguments stand before the first "--", -1 when there is none.
// Which flags take a value is known from all commands together, so that a flag may stand before its command;
// TestNoFlagTakesAValueInOneCommandOnly watches over that.
func (p *Program) split(args []string) (flags []given, arguments []string, dash int) {
	takesValue := map[string]bool{}
	p.Each(func(_, c *Command) {
		for _, f := range c.Flags {
			takesValue[f.Name], takesValue[f.Short] = f.Kind != KindBool, f.Kind != KindBool
		}
	})
	for i := 0; i < len(args); i++ {
		a := args[i]
		if a == "--" {
			return flags, append(arguments, args[i+1:]...), len(arguments)
		}
		if len(a) < 2 || a[0] != '-' {
			arguments = append(arguments, a)
			continue
		}
		var f given
		f.written, f.value, f.hasValue = strings.Cut(a, "=")
		f.name = strings.TrimPrefix(f.written[1:], "-")
		if !f.hasValue && takesValue[f.name] {
			i++
			if f.missing = i == len(args); !f.missing {
				f.value, f.hasValue = args[i], true
			}
		}
		flags = append(flags, f)
	}
	return flags, arguments, -1
}

// bare understands a line without a command.
func (l *Line) bare(flags []given) error {
	version := findCommand(l.Program.Commands, "version")
	switch {
	case l.help:
		return nil
	case version != nil && slices.ContainsFunc(flags, asksVersion):
		l.Path = []*Command{version}
		l.set, l.values = newValues(version.Flags)
		return l.addFlags(slices.DeleteFunc(slices.Clone(flags), asksVersion))
	case len(flags) > 0:
		return UsageError("flag %s stands without a command", dashed(flags[0].name))
	}
	return UsageError("no command is given")
}

// asksVersion reports whether a flag is another way to write the command version.
func asksVersion(g given) bool { return g.name == "version" || g.name == "v" }

// choose takes the words of the command from the arguments, of which dash stood before a "--".
func (l *Line) choose(arguments []string, dash int) error {
	commands := l.Program.Commands
	for len(arguments) > 0 && len(commands) > 0 {
		c := findCommand(commands, arguments[0])
		switch {
		case c == nil && len(l.Path) == 0:
			return UsageError("there is no command %q", arguments[0])
		case c == nil:
			return UsageError("%q is not known here: write %s", arguments[0], names(commands))
		}
		l.Path, arguments, commands = append(l.Path, c), arguments[1:], c.Commands
	}
	if l.Args = arguments; dash >= 0 {
		l.Dash = max(0, dash-len(l.Path))
	}
	if len(l.Path) > 0 {
		l.set, l.values = newValues(l.Command().Flags)
	}
	if len(l.Path) > 0 && l.Command().Action == nil && !l.help {
		return UsageError("a command is missing: write %s", names(commands))
	}
	return nil
}

// addFlags adds flags that were given, and checks that they are ones of the command.
func (l *Line) addFlags(flags []given) error {
	for _, g := range flags {
		f, known := l.Command().Find(g.name)
		switch {
		case !known:
			return UsageError("flag %s is not known%s", g.written, l.glued(g))
		case g.missing:
			return UsageError("flag %s needs a value", dashed(g.name))
		case l.IsSet(f.Name) && f.Kind != KindList:
			return UsageError("flag %s is given twice", dashed(f.Name))
		case !g.hasValue:
			g.value = "true"
		}
		if err := l.Set(f, dashed(f.Name), g.value); err != nil {
			return err
		}
	}
	return nil
}

// glued returns what to write in place of a flag of one letter that its value follows without a space, "" for any other.
func (l *Line) glued(g given) string {
	if strings.HasPrefix(g.written, "--") || len(g.name) < 2 {
		return ""
	}
	if f, known := l.Command().Find(g.name[:1]); !known || f.Kind == KindBool {
		return ""
	}
	return ": write -" + g.name[:1] + " " + g.name[1:]
}

// unknown returns the first of flags that no command has.
func (p *Program) unknown(flags []given) (g given, found bool) {
	for _, g := range flags {
		known := g.name == "help" || g.name == "h"
		p.Each(func(_, c *Command) {
			_, has := c.Find(g.name)
			known = known || has
		})
		if !known {
			return g, true
		}
	}
	return given{}, false
}

// addEnv adds the flags that were not given and that the environment sets. An empty variable sets nothing.
func (l *Line) addEnv() error {
	for _, f := range l.Command().Flags {
		for _, variable := range EnvNames(l.Path[0], f) {
			content := l.Getenv(variable)
			if content == "" || l.IsSet(f.Name) {
				continue
			}
			if err := l.Set(f, variable, f.values(content)...); err != nil {
				return err
			}
		}
	}
	return nil
}

// addSource adds what the program's source sets.
func (l *Line) addSource() error {
	if l.Program.Source == nil {
		return nil
	}
	err := l.Program.Source(l)
	if l.Command().Examines {
		l.Fault, err = err, nil
	}
	return err
}

// Set gives a flag of the command more values, which origin sets: "--name", an environment variable or "FILE:LINE: name".
func (l *Line) Set(f Flag, origin string, values ...string) error {
	l.origins[f.Name] = origin
	if err := f.Check(origin, values...); err != nil {
		return err
	}
	for _, v := range values {
		if len(f.Choices) > 0 {
			v = f.choice(v)
		}
		if err := l.set.Set(f.Name, v); err != nil {
			return err // which Check has not found
		}
	}
	return nil
}

// Only returns a line that sets one flag as l does, and no other, by nothing that could be blamed.
func (l *Line) Only(name string) *Line {
	one := *l
	one.origins = map[string]string{name: dashed(name)}
	one.set, one.values = newValues(l.Command().Flags)
	f, _ := l.Command().Find(name)
	for _, v := range l.texts(f) {
		_ = one.set.Set(name, v) // l has checked it
	}
	return &one
}

// texts returns the values of f as a line writes them.
func (l *Line) texts(f Flag) []string {
	if f.Kind == KindList {
		return l.Strings(f.Name)
	}
	return []string{l.String(f.Name)}
}
