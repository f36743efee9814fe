// Package completion makes shells complete lines. The script of each shell asks the program what could come next; the
// answer follows from the table of commands, and from the running agent for names, tags and keys.
package completion

import (
	_ "embed"
	"io"
	"strings"

	"heartsay/cmd/heartsay/internal/cli"
	"heartsay/cmd/heartsay/internal/render"
)

// The scripts ask the program itself what could come next, so that they know every flag and the members that live.
var (
	//go:embed heartsay.bash
	bashScript string
	//go:embed heartsay.zsh
	zshScript string
	//go:embed heartsay.fish
	fishScript string
)

func Command() *cli.Command {
	shell := func(name, script string) *cli.Command {
		return &cli.Command{
			Name:      name,
			Usage:     "print the script for " + name,
			UsageText: "heartsay completion " + name,
			Action: func(c *cli.Call) error {
				_, err := io.WriteString(c.Out, script)
				return err
			},
		}
	}
	return &cli.Command{
		Name:      "completion",
		Usage:     "print a completion script for a shell",
		UsageText: "heartsay completion bash|zsh|fish",
		Description: `bash: source <(heartsay completion bash)
zsh:  source <(heartsay completion zsh), after compinit
fish: heartsay completion fish | source
in the shell's start-up file. Names of members come from the running agent.`,
		Commands: []*cli.Command{
			shell("bash", bashScript), shell("fish", fishScript), shell("zsh", zshScript),
			{
				Name:      "words",
				Usage:     "print the possible completions of the last word of a line",
				UsageText: "heartsay completion words -- [WORD...]",
				Description: `Prints one line for each: a word, a tab and its meaning. A line ":files" says that
the path of a file is possible.`,
				Hidden: true,
				Takes:  cli.Takes{After: "WORD"},
				Action: writeWords,
			},
		},
	}
}

// writeWords writes what the last of the words after "--" could become.
func writeWords(c *cli.Call) error {
	_, words, _ := c.Split()
	p := propose(c, words)
	for _, w := range p.words {
		if !strings.HasPrefix(w.Text, p.current) || strings.ContainsFunc(w.Text, render.Hidden) || strings.Contains(w.Text, " ") {
			continue
		}
		if err := c.Println("%s\t%s", w.Text, render.Escape(w.Means)); err != nil {
			return err
		}
	}
	if p.files {
		return c.Println(":files")
	}
	return nil
}
