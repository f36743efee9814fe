package completion

import (
	"context"
	"slices"
	"strings"
	"time"

	"heartsay/cmd/heartsay/internal/cli"
)

// patience is how long somebody who pressed a key waits for the agent.
const patience = 500 * time.Millisecond

// proposals are what could stand in the place of the last word of an unfinished line.
type proposals struct {
	call    *cli.Call // of the command that the line names so far
	current string    // the word
	words   []cli.Proposal
	files   bool // the path of a file, too
}

// propose returns what the last of words could become, on a line of the program that c runs in.
func propose(c *cli.Call, words []string) *proposals {
	before, current := words[:len(words)-1], words[len(words)-1]
	line, waiting := c.Program.Unfinished(before, c.Getenv)
	if line == nil {
		return &proposals{}
	}
	ctx, cancel := context.WithTimeout(c.Context, patience)
	defer cancel()
	p := &proposals{call: &cli.Call{Line: line, Context: ctx}, current: current}
	name, _, hasValue := strings.Cut(strings.TrimLeft(current, "-"), "=")
	switch ended := line.Dash >= 0 || slices.Contains(before, "--"); {
	case !ended && waiting != "":
		p.flagValue(waiting, "")
	case !ended && strings.HasPrefix(current, "--") && hasValue:
		p.flagValue(name, current[:strings.Index(current, "=")+1])
	case !ended && strings.HasPrefix(current, "-"):
		p.flagNames()
	default:
		p.arguments()
	}
	return p
}

// flagNames proposes the flags of the command that are not on the line yet.
func (p *proposals) flagNames() {
	command := p.call.Command()
	if command == nil {
		p.words = []cli.Proposal{{Text: "--help", Means: "explain the program"}}
		return
	}
	for _, f := range command.Flags {
		if onLine := strings.HasPrefix(p.call.Origin(f.Name), "--") && p.call.IsSet(f.Name); !onLine || f.Kind == cli.KindList {
			p.words = append(p.words, cli.Proposal{Text: "--" + f.Name, Means: f.Meaning()})
		}
	}
	p.words = append(p.words, cli.Proposal{Text: "--help", Means: "explain the command"})
}

// flagValue proposes values of a flag, each behind prefix.
func (p *proposals) flagValue(name, prefix string) {
	if p.call.Command() == nil {
		return
	}
	f, known := p.call.Command().Find(name)
	if !known {
		return
	}
	for _, choice := range f.Choices {
		p.words = append(p.words, cli.Proposal{Text: prefix + choice})
	}
	if f.Complete != nil {
		for _, w := range f.Complete(p.call) {
			p.words = append(p.words, cli.Proposal{Text: prefix + w.Text, Means: w.Means})
		}
	}
	p.files = f.ValueWord() == "FILE" || f.ValueWord() == "DIR"
}

// arguments proposes the commands of a group, and what a command takes besides flags.
func (p *proposals) arguments() {
	commands := p.call.Program.Commands
	if command := p.call.Command(); command != nil {
		commands = command.Commands
		p.files = command.Takes.What == "FILE"
		if command.Complete != nil {
			p.words = command.Complete(p.call)
		}
	}
	for _, c := range commands {
		if !c.Hidden {
			p.words = append(p.words, cli.Proposal{Text: c.Name, Means: c.Usage})
		}
	}
}
