package main

import (
	"slices"
	"strings"
	"testing"

	"heartsay/cmd/heartsay/internal/cli"
)

func TestNoFlagTakesAValueInOneCommandOnly(t *testing.T) {
	takes := map[string]bool{}
	program().Each(func(_, c *cli.Command) {
		for _, f := range c.Flags {
			for _, name := range []string{f.Name, f.Short} {
				if before, seen := takes[name]; seen && name != "" && before != (f.Kind != cli.KindBool) {
					t.Errorf("flag %s takes a value in some commands and none in others: it could not stand before its command", name)
				}
				takes[name] = f.Kind != cli.KindBool
			}
		}
	})
}

func TestEveryFlagHasAVariableOfItsOwn(t *testing.T) {
	taken := map[string]string{}
	program().Each(func(top, c *cli.Command) {
		for _, f := range c.Flags {
			owner := top.Name + " " + f.Name
			name := cli.EnvNames(top, f)[0]
			alike := slices.Contains([]string{"api", "token-file"}, f.Name) || top.AgentEnv
			if other, ok := taken[name]; ok && !alike && other != owner {
				t.Errorf("%s sets both %q and %q", name, other, owner)
			}
			taken[name] = owner
		}
	})
}

// TestEveryCommandHasHelp asks each command, in each group, for its help.
func TestEveryCommandHasHelp(t *testing.T) {
	program().Each(func(_, c *cli.Command) {
		if c.Usage == "" || c.UsageText == "" || c.Action == nil && len(c.Commands) == 0 {
			t.Errorf("command %s does nothing, or its help does not say what", c.Name)
		}
	})
	var walk func(words []string, commands []*cli.Command)
	walk = func(words []string, commands []*cli.Command) {
		for _, c := range commands {
			line := append(slices.Clone(words), c.Name)
			title := "heartsay " + strings.Join(line, " ") + " - " + c.Usage
			if c.Name == "help" {
				title = "heartsay - " + program().Usage // the help about the help is that of the program
			}
			code, out, err := command("", append(line, "--help")...)
			if code != cli.ExitOK || err != "" || !strings.Contains(out, title+"\n") {
				t.Errorf("the help of %q exits with %d, %q, %q", line, code, out, err)
			}
			for _, f := range c.Flags {
				if !strings.Contains(out, "--"+f.Name) || !strings.Contains(out, "[$HEARTSAY_") {
					t.Errorf("the help of %q does not tell of --%s and its variable", line, f.Name)
				}
			}
			walk(line, c.Commands)
		}
	}
	walk(nil, program().Commands)
}
