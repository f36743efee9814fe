// Package cli is the command line: a recursive table of commands with their flags, and what a line means to it.
//
// A Program holds the table. Run makes a Line of the words (Parse), checks it against the command that it names, and
// calls the Action of that command with a Call: the Line and the streams. What sets a flag is, in this order, the line,
// the environment, and the program's Source, which is the configuration file. Errors come back from the Action with
// their exit codes (UsageError, WithCode); Run alone prints them.
//
// The library github.com/urfave/cli runs the table, holds the values and writes the help (library.go).
//
// A Flag is declared once, in the row of its command: its variable, its key, its line of help and what a shell proposes
// for it follow. A Line belongs to one call and is not changed after Parse.
package cli

import (
	"context"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"heartsay/cmd/heartsay/internal/render"
)

// Program is what the whole command line is: the table of commands, and what stands above it in the help.
type Program struct {
	Name        string
	Usage       string // one line
	UsageText   string // how a line is written
	Description string
	Commands    []*Command
	Source      Source // sets flags after the line and the environment; nil: nothing does
}

// Source sets flags of a line that neither the line itself nor the environment has set, from wherever it finds them.
type Source func(*Line) error

// Command is one row of the table of commands. The table is recursive: a command that has Commands is a group, whose
// own Action, if it has one, runs when none of them is named.
type Command struct {
	Name        string
	Usage       string // what it does, one line
	UsageText   string // how a line is written; several lines for several ways
	Description string
	Flags       []Flag
	Takes       Takes
	Commands    []*Command
	Begin       func() (end func()) // runs before anything else that is done for a line of this command; nil: nothing
	Action      func(*Call) error

	Hidden   bool                   // in no help and no completion: it is for programs
	AgentEnv bool                   // its flags are the agent's, and so are their variables; holds for its Commands too
	Misuse   int                    // exit code when the line, the environment or the source is wrong; 0: those of ExitCode
	Examines bool                   // it looks for faults of the source itself: they are in Line.Fault
	Complete func(*Call) []Proposal // what the next argument could be, on a line that is not finished
}

// Proposal is a word that could stand on a line, and what it means.
type Proposal struct{ Text, Means string }

// Takes says which arguments a command takes. The zero value takes none.
type Takes struct {
	Least, Most int
	What        string // the word for one of them in messages
	Flag        string // an argument is another way to write this flag
	After       string // the word for what must follow a "--"; "": a "--" only ends the flags
}

// Call is one call of a command: its line, and where its data comes from and goes to.
type Call struct {
	*Line
	Context  context.Context
	In       io.Reader
	Out, Err io.Writer // data, and messages for people
}

// findCommand returns the command of that name, or nil.
func findCommand(commands []*Command, name string) *Command {
	i := slices.IndexFunc(commands, func(c *Command) bool { return c.Name == name })
	if i < 0 {
		return nil
	}
	return commands[i]
}

// Each calls f with every command and the one of the first level that it belongs to, groups before what is in them.
func (p *Program) Each(f func(top, c *Command)) {
	var walk func(top *Command, commands []*Command)
	walk = func(top *Command, commands []*Command) {
		for _, c := range commands {
			first := top
			if first == nil {
				first = c
			}
			f(first, c)
			walk(first, c.Commands)
		}
	}
	walk(nil, p.Commands)
}

// names returns the names of commands that are not hidden, for people: "a, b or c".
func names(commands []*Command) string {
	var all []string
	for _, c := range commands {
		if !c.Hidden {
			all = append(all, c.Name)
		}
	}
	return render.OrList(all)
}

// check returns a usage error when the arguments are not those that the command takes.
func (t Takes) check(l *Line) error {
	args := l.Args
	if t.After != "" {
		before, after, dashed := l.Split()
		if !dashed || len(after) == 0 {
			return UsageError("-- %s is missing", t.After)
		}
		args = before
	}
	switch n := len(args); {
	case n < t.Least:
		return UsageError("%s is missing", t.What)
	case n > t.Most && t.Most == 0:
		return UsageError("no argument is taken here, but %q is given", args[0])
	case n > t.Most:
		return UsageError("argument %q is one too many", args[t.Most])
	}
	return nil
}

// Run runs a command line, without the program's name, tells on err what failed, and returns the exit code.
func (p *Program) Run(args []string, in io.Reader, out, err io.Writer, getenv func(string) string) int {
	if c := p.named(args); c != nil && c.Begin != nil {
		defer c.Begin()()
	}
	line, failure := p.Parse(args, getenv)
	understood := failure == nil
	if understood {
		failure = line.run(&Call{Line: line, Context: context.Background(), In: in, Out: out, Err: err})
	}
	printError(err, line.Name(), failure)
	code := ExitCode(failure)
	if n := len(line.Path); n > 0 && line.Path[n-1].Misuse != 0 && (code == ExitUsage || !understood) {
		return line.Path[n-1].Misuse
	}
	return code
}

func (l *Line) run(c *Call) error {
	if l.help {
		return l.Program.writeHelp(c.Out, l.Path)
	}
	command := l.Command()
	if err := command.Takes.check(l); err != nil {
		return err
	}
	words := append(strings.Fields(l.Name()), "--")
	return l.Program.app(c.Out, func(*cli.Context) error { return command.Action(c) }).Run(append(words, l.Args...))
}
