package main

import (
	_ "embed"
	"io"
	"strings"

	"github.com/urfave/cli/v2"
)

// The scripts ask the program itself what could come next, so that they know every flag and the members that live.
var (
	//go:embed completion/heartsay.bash
	bashScript string
	//go:embed completion/heartsay.zsh
	zshScript string
	//go:embed completion/heartsay.fish
	fishScript string
)

var shells = map[string]string{"bash": bashScript, "zsh": zshScript, "fish": fishScript}

const wordsVerb = "words"

func completionCommand() *cli.Command {
	return &cli.Command{
		Name:      "completion",
		Usage:     "print what makes a shell complete the words of heartsay",
		UsageText: "heartsay completion bash|zsh|fish",
		Description: `bash: source <(heartsay completion bash)
zsh:  source <(heartsay completion zsh), after compinit
fish: heartsay completion fish | source
in the shell's start-up file. Names of members are completed from the agent that runs.`,
		Action: completionAction,
	}
}

func completionAction(c *cli.Context) error {
	if c.Args().First() == wordsVerb {
		return writeWords(c)
	}
	return takes(1, 1, "the name of a shell", func(c *cli.Context) error {
		script, ok := shells[c.Args().First()]
		if !ok {
			return usageError("shell %q is not known here: choose one of bash, zsh, fish", c.Args().First())
		}
		_, err := io.WriteString(c.App.Writer, script)
		return err
	})(c)
}

// writeWords writes what the last argument could become, as lines of a word, a tab and what it means. A line ":files"
// says that the path of a file may stand there.
func writeWords(c *cli.Context) error {
	p := newProposals(c.App.Commands, c.Args().Slice()[1:])
	for _, w := range p.words {
		if !strings.HasPrefix(w.text, p.current) || strings.ContainsFunc(w.text, notShown) || strings.Contains(w.text, " ") {
			continue
		}
		if err := println(c, "%s\t%s", w.text, escape(w.means)); err != nil {
			return err
		}
	}
	if p.files {
		return println(c, ":files")
	}
	return nil
}
