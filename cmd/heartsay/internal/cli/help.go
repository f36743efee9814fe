package cli

import (
	"bytes"
	"io"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"
)

// writeHelp lets the library write the help of the command that path leads to, of the program when path is empty.
func (p *Program) writeHelp(w io.Writer, path []*Command) error {
	words := []string{p.Name}
	for _, c := range path {
		words = append(words, c.Name)
	}
	var text bytes.Buffer // since the library does not tell when it could not write
	app, err := p.app(&text, nil), error(nil)
	if len(path) == 0 { // the library adds no --help here, since there is a command of that name
		app.Setup()
		err = cli.ShowAppHelp(cli.NewContext(app, nil, nil))
	} else {
		err = app.Run(append(words, "--help"))
	}
	if err == nil {
		_, err = w.Write(text.Bytes())
	}
	return err
}

// form returns how f is written on a line: "--output FORMAT, -o FORMAT".
func (f Flag) form() string {
	value := ""
	if f.Kind != KindBool {
		value = " " + f.ValueWord()
	}
	form := dashed(f.Name) + value
	switch {
	case f.Kind == KindList:
		return form + " [ " + form + " ]"
	case f.Short != "":
		return form + ", " + dashed(f.Short) + value
	}
	return form
}

// ValueWord returns the word for the value of f, which stands in back quotes in its usage.
func (f Flag) ValueWord() string {
	_, rest, _ := strings.Cut(f.Usage, "`")
	word, _, quoted := strings.Cut(rest, "`")
	if !quoted {
		return "value"
	}
	return word
}

// Meaning returns what f does, for people.
func (f Flag) Meaning() string { return strings.ReplaceAll(f.Usage, "`", "") }

// explained returns what f does, what else sets it, and what holds without it.
func (f Flag) explained(env []string) string {
	explained := f.Meaning() + " [$" + strings.Join(env, ", $") + "]"
	if value := f.defaultText(); value != "" {
		explained += " (default: " + value + ")"
	}
	return explained
}

// defaultText returns what holds without f, for people; "" when there is nothing to tell.
func (f Flag) defaultText() string {
	switch {
	case f.Otherwise != "":
		return f.Otherwise
	case f.Kind == KindText && f.Default != "":
		return strconv.Quote(f.Default)
	}
	return f.Default
}

// HelpCommand returns the command that explains the others.
func HelpCommand() *Command {
	return &Command{
		Name:      "help",
		Usage:     "explain a command",
		UsageText: "heartsay help [COMMAND...]",
		Takes:     Takes{Most: maxDepth, What: "COMMAND"},
		Complete: func(c *Call) (all []Proposal) {
			_, commands, _ := c.Program.path(c.Args)
			for _, one := range commands {
				if !one.Hidden {
					all = append(all, Proposal{one.Name, one.Usage})
				}
			}
			return all
		},
		Action: func(c *Call) error {
			path, _, err := c.Program.path(c.Args)
			if err != nil {
				return err
			}
			return c.Program.writeHelp(c.Out, path)
		},
	}
}

// maxDepth is how many words a command has at most.
const maxDepth = 3

// path returns the commands that words name, and those in the last of them.
func (p *Program) path(words []string) (path, commands []*Command, err error) {
	commands = p.Commands
	for _, word := range words {
		c := findCommand(commands, word)
		if c == nil {
			return path, nil, UsageError("there is no command %q", word)
		}
		path, commands = append(path, c), c.Commands
	}
	return path, commands, nil
}
