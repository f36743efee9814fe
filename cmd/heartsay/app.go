package main

import (
	"heartsay/cmd/heartsay/internal/cli"
	"heartsay/cmd/heartsay/internal/completion"
	"heartsay/cmd/heartsay/internal/config"
	"heartsay/cmd/heartsay/internal/doctor"
	"heartsay/cmd/heartsay/internal/simulate"
	"heartsay/cmd/heartsay/internal/ui"
)

// program returns the whole command line: all commands in the order in which the help shows them.
func program() *cli.Program {
	return &cli.Program{
		Name:        "heartsay",
		Usage:       "membership and failure detection by gossip",
		UsageText:   "heartsay COMMAND [flags] [arguments]",
		Description: programDescription,
		Source:      config.AddFile,
		Commands: []*cli.Command{
			agentCommand(), joinCommand(), leaveCommand(), membersCommand(), eventsCommand(), infoCommand(), waitCommand(),
			forgetCommand(), tagsCommand(), keysCommand(), healthCommand(), config.Command(), doctor.Command(), ui.Command(),
			simulate.SimCommand(), simulate.PlanCommand(), completion.Command(), versionCommand(), cli.HelpCommand(),
		},
	}
}

const programDescription = `Flags may stand anywhere on the line; -- ends them. Each can be set by the
environment variable that its help names; there, commas separate the values of a
flag that may be repeated, or line feeds those of --on-event and --webhook.

Exit codes: 0 ok, 1 failed, 2 usage, 3 agent unreachable, 4 not permitted,
5 not found, 6 timed out, 7 condition false, 78 wrong configuration of the agent.`
