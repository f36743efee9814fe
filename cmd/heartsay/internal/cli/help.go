package cli

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"heartsay/cmd/heartsay/internal/render"
)

// writeHelp writes the help of the command that path leads to, of the program when path is empty.
func (p *Program) writeHelp(w io.Writer, path []*Command) error {
	var b strings.Builder
	name, usage, how, description := p.Name, p.Usage, p.UsageText, p.Description
	commands := p.Commands
	var options [][2]string
	if n := len(path); n > 0 {
		c := path[n-1]
		for _, group := range path {
			name += " " + group.Name
		}
		usage, how, description, commands = c.Usage, c.UsageText, c.Description, c.Commands
		for _, f := range c.Flags {
			options = append(options, [2]string{f.form(), f.explained(EnvNames(path[0], f))})
		}
		options = append(options, [2]string{"--help, -h", "show help"})
	}
	part(&b, "NAME", name+" - "+usage)
	part(&b, "USAGE", how)
	part(&b, "DESCRIPTION", description)
	part(&b, "COMMANDS", twoColumns(commandRows(commands)))
	part(&b, "OPTIONS", twoColumns(options))
	_, err := io.WriteString(w, strings.TrimPrefix(b.String(), "\n"))
	return err
}

// part writes one part of the help, indented under its title; nothing for an empty text.
func part(b *strings.Builder, title, text string) {
	if text != "" {
		fmt.Fprintf(b, "\n%s:\n   %s\n", title, strings.ReplaceAll(strings.ReplaceAll(text, "\n", "\n   "), "\n   \n", "\n\n"))
	}
}

func commandRows(commands []*Command) (rows [][2]string) {
	for _, c := range commands {
		if !c.Hidden {
			rows = append(rows, [2]string{c.Name, c.Usage})
		}
	}
	return rows
}

// twoColumns returns rows of words and what they mean, the second column aligned.
func twoColumns(rows [][2]string) string {
	widest := 0
	for _, r := range rows {
		widest = max(widest, render.Width(r[0]))
	}
	lines := make([]string, len(rows))
	for i, r := range rows {
		lines[i] = render.Pad(r[0], widest) + "  " + r[1]
	}
	return strings.Join(lines, "\n")
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
			for _, row := range commandRows(commands) {
				all = append(all, Proposal{row[0], row[1]})
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
