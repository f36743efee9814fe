package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"heartsay/agent"
	"heartsay/api"
)

// run runs the command line args, without the program's name, and returns the exit code. Data goes to out, messages
// to err.
func run(args []string, out, err io.Writer, getenv func(string) string) int {
	app := newApp(out, err)
	line, failure := arrange(app.Commands, args, getenv)
	if failure == nil {
		app.Metadata = line.metadata()
		app.Metadata[rereadKey] = reread(args, getenv)
		failure = app.Run(line.args)
	}
	complain(err, line.command, failure)
	return exitCode(failure)
}

// newApp returns the program with all its commands. Errors come back from its Run; it prints none and never exits.
func newApp(out, err io.Writer) *cli.App {
	app := &cli.App{
		Name:                      "heartsay",
		Usage:                     "who is alive, by hearsay: gossip membership and failure detection",
		UsageText:                 "heartsay COMMAND [flags] [arguments]",
		Description:               appDescription,
		Writer:                    out,
		ErrWriter:                 err,
		HideHelpCommand:           true,
		HideVersion:               true,
		DisableSliceFlagSeparator: true, // a tag's value may hold commas
		ExitErrHandler:            func(*cli.Context, error) {},
		Commands: []*cli.Command{
			agentCommand(), joinCommand(), leaveCommand(), membersCommand(), eventsCommand(), infoCommand(), waitCommand(),
			forgetCommand(), tagsCommand(), keysCommand(), healthCommand(), configCommand(), doctorCommand(), uiCommand(),
			simCommand(), planCommand(), completionCommand(), versionCommand(), helpCommand(),
		},
		Action: func(*cli.Context) error { return usageError("no command is given") },
	}
	for _, c := range app.Commands {
		if findFlag(c, "api") != nil && findFlag(c, "token-file") == nil {
			c.Flags = append(c.Flags, text("token-file", "", "the token for an API over TCP is in `FILE`"))
		}
		c.HideHelpCommand = true // or a member called "help" could not be named
		c.OnUsageError = func(_ *cli.Context, err error, _ bool) error { return usageError("%v", err) }
		describeEnv(c)
	}
	return app
}

const appDescription = `Flags may stand anywhere on the line; -- ends them. Each can be set by the
environment variable that its help names; there, commas separate the values of a
flag that may be repeated, or line feeds those of --on-event and --webhook.

Exit codes: 0 ok, 1 failed, 2 usage, 3 agent unreachable, 4 not permitted,
5 not found, 6 timed out, 7 condition false.`

// apiFlag returns the flag that says where the agent's API is.
func apiFlag() cli.Flag {
	return &cli.StringFlag{Name: "api", Value: api.DefaultURL(), Usage: "the agent's API is at `URL`, unix:///path or http://IP:PORT"}
}

// outputFlag returns the flag that chooses one of the formats, of which the first is the default.
func outputFlag(formats ...string) cli.Flag {
	return &cli.StringFlag{Name: "output", Aliases: []string{"o"}, Value: formats[0],
		Usage: "write as `FORMAT`: " + strings.Join(formats, ", ")}
}

// parseOutput returns the format that was chosen of those that the command has.
func parseOutput(c *cli.Context, formats ...string) (string, error) {
	return c.String("output"), oneOf(c, "output", c.String("output"), formats)
}

// newClient returns a client of the agent that the flags name.
func newClient(c *cli.Context) (*api.Client, error) {
	var options []api.Option
	if api.IsTCP(c.String("api")) {
		if !c.IsSet("token-file") {
			return nil, usageError("%s %q: the API over TCP asks for a token: give --token-file", origin(c, "api"),
				c.String("api"))
		}
		token, err := agent.ReadToken(c.String("token-file"))
		if err != nil {
			return nil, usageError("%s: %v", origin(c, "token-file"), err)
		}
		options = append(options, api.WithToken(token))
	}
	client, err := api.New(c.String("api"), options...)
	if err != nil {
		return nil, usageError("%s: %v", origin(c, "api"), err)
	}
	return client, nil
}

// takes returns action with a check before it that there are least to most arguments, called what in messages.
func takes(least, most int, what string, action cli.ActionFunc) cli.ActionFunc {
	return func(c *cli.Context) error {
		switch n := c.NArg(); {
		case n < least:
			return usageError("%s is missing", what)
		case n > most && most == 0:
			return usageError("no argument is taken here, but %q is given", c.Args().First())
		case n > most:
			return usageError("argument %q is one too many", c.Args().Get(most))
		}
		return action(c)
	}
}

// helpCommand returns the command that explains the others.
func helpCommand() *cli.Command {
	return &cli.Command{
		Name:      "help",
		Usage:     "explain a command",
		ArgsUsage: "[COMMAND]",
		Action: takes(0, 1, "COMMAND", func(c *cli.Context) error {
			name := c.Args().First()
			if name == "" {
				return cli.ShowAppHelp(c)
			}
			command := c.App.Command(name)
			if command == nil {
				return usageError("there is no command %q", name)
			}
			return c.App.Run([]string{c.App.Name, name, "--help"})
		}),
	}
}

// println writes one line of data.
func println(c *cli.Context, format string, args ...any) error {
	_, err := fmt.Fprintf(c.App.Writer, format+"\n", args...)
	return err
}
