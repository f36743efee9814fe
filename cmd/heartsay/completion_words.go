package main

import (
	"maps"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"heartsay/agent"
	"heartsay/api"
)

// proposals are what could stand in the place of the last word of an unfinished command line.
type proposals struct {
	commands []*cli.Command
	command  *cli.Command // nil: none is named yet
	flags    []given      // on the line before
	argument []string     // on the line before, without the command
	current  string
	words    []proposal
	files    bool // the path of a file, too
}

type proposal struct{ text, means string }

func newProposals(commands []*cli.Command, line []string) *proposals {
	p := &proposals{commands: commands}
	var before []string
	if n := len(line); n > 0 {
		before, p.current = line[:n-1], line[n-1]
	}
	p.flags, p.argument = split(commands, before)
	if len(p.argument) > 0 {
		i := slices.IndexFunc(commands, func(c *cli.Command) bool { return c.Name == p.argument[0] })
		if i < 0 {
			return p
		}
		p.command, p.argument = commands[i], p.argument[1:]
	}
	p.propose(before)
	return p
}

// propose fills in what could stand there.
func (p *proposals) propose(before []string) {
	ended := slices.Contains(before, "--")
	name, _, hasValue := strings.Cut(strings.TrimLeft(p.current, "-"), "=")
	switch n := len(p.flags); {
	case !ended && n > 0 && p.flags[n-1].missing:
		p.flagValue(p.flags[n-1].name, "")
	case !ended && strings.HasPrefix(p.current, "--") && hasValue:
		p.flagValue(name, p.current[:strings.Index(p.current, "=")+1])
	case !ended && strings.HasPrefix(p.current, "-"):
		p.flagNames()
	case p.command == nil:
		p.commandNames()
	default:
		p.arguments()
	}
}

func (p *proposals) add(means string, texts ...string) {
	for _, t := range texts {
		p.words = append(p.words, proposal{t, means})
	}
}

func (p *proposals) commandNames() {
	for _, c := range p.commands {
		p.add(c.Usage, c.Name)
	}
}

// flagNames proposes the flags of the command that are not on the line yet.
func (p *proposals) flagNames() {
	if p.command == nil {
		p.add("explain the program", "--help")
		return
	}
	for _, f := range p.command.Flags {
		doc, _ := f.(cli.DocGenerationFlag)
		used := slices.ContainsFunc(p.flags, func(g given) bool { return slices.Contains(f.Names(), g.name) })
		if doc == nil || used && !repeatable(f) {
			continue
		}
		usage, _, _ := strings.Cut(doc.GetUsage(), " [$")
		p.add(strings.ReplaceAll(usage, "`", ""), dashed(f.Names()[0]))
	}
	p.add("explain the command", "--help")
}

// flagValue proposes values of a flag, each behind prefix.
func (p *proposals) flagValue(name, prefix string) {
	var f cli.Flag
	if p.command != nil {
		f = findFlag(p.command, name)
	}
	doc, _ := f.(cli.DocGenerationFlag)
	if doc == nil {
		return
	}
	choices := map[string][]string{
		"state": wordsOf(api.States()), "type": wordsOf(api.EventTypes()), "profile": agent.Profiles(), "log-level": logLevels,
		"log-format": logFormats,
	}[f.Names()[0]]
	_, formats, hasFormats := strings.Cut(doc.GetUsage(), "write as `FORMAT`: ")
	switch flag := f.Names()[0]; {
	case len(choices) > 0:
	case hasFormats:
		formats, _, _ = strings.Cut(formats, " [$")
		choices = strings.Split(formats, ", ")
	case flag == "name" && p.command.Name != "agent":
		choices = p.memberNames()
	case strings.Contains(doc.GetUsage(), "`FILE`"), strings.Contains(doc.GetUsage(), "`DIR`"):
		p.files = true
	}
	for _, choice := range choices {
		p.add("", prefix+choice)
	}
}

// arguments proposes what a command takes besides flags.
func (p *proposals) arguments() {
	switch first := len(p.argument) == 0; p.command.Name {
	case "help":
		p.commandNames()
	case "completion":
		p.add("", slices.Sorted(maps.Keys(shells))...)
	case "forget":
		p.add("", p.memberNames()...)
	case "join", "doctor":
		for _, m := range p.members() {
			p.add(m.Name, m.Address)
		}
	case "config":
		if p.files = !first; first {
			p.add("say what is wrong", "check")
			p.add("print every value with its origin", "show")
		}
	case "tags":
		if first {
			p.add("", "show", "set", "delete")
		} else if p.argument[0] == "delete" {
			p.add("", p.ownTags()...)
		}
	}
}
