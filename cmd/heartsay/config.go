package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"heartsay/agent"
)

var configFormats = []string{"toml", "json"}

func configCommand() *cli.Command {
	return &cli.Command{
		Name:      "config",
		Usage:     "check or show the configuration that an agent would run with",
		UsageText: "heartsay config check|show [flags] [FILE]",
		Description: `Takes the flags and environment variables of "heartsay agent", and FILE as
--config. A flag counts before a variable, a variable before the file, the file
before the default.

check says ok, or all that is wrong, with file and line; it exits with 0, 2 when
something is wrong, 1 when the file cannot be read. show prints every value with
its origin, secrets masked; its output is itself a configuration file.`,
		Flags:  append(agentFlags(), outputFlag(configFormats...)),
		Action: takes(1, 2, "check or show", configAction),
	}
}

func configAction(c *cli.Context) error {
	verb := c.Args().First()
	if err := oneArgument(verb, "check", "show"); err != nil {
		return err
	}
	format, err := parseOutput(c, configFormats...)
	if err != nil {
		return err
	}
	s, err := agentSettings(c)
	switch {
	case err != nil:
		return err
	case verb == "show":
		return showConfig(c, format, s.config)
	}
	if err := checkSecrets(s.config); err != nil {
		return usageError("%v", err)
	}
	if c.String("config") == "" {
		return println(c, "ok")
	}
	return println(c, "%s: ok", escape(c.String("config")))
}

// oneArgument returns a usage error when an argument is not one of the words that a command knows.
func oneArgument(arg string, words ...string) error {
	if slices.Contains(words, arg) {
		return nil
	}
	return usageError("%q is not known here: write %s", arg, strings.Join(words, " or "))
}

// fileArgument makes the FILE of "config check FILE" a flag --config.
func fileArgument(flags []given, arguments []string) ([]given, []string) {
	if arguments[0] != "config" || len(arguments) != 3 {
		return flags, arguments
	}
	return append(flags, given{name: "config", value: arguments[2], hasValue: true}), arguments[:2]
}

// settings are what flags, environment and configuration file ask of an agent.
type settings struct {
	config    agent.Config
	logLevel  string
	logFormat string
}

// agentSettings returns the settings, or all that is wrong with them. What the configuration file is to blame for is
// named with its line.
func agentSettings(c *cli.Context) (settings, error) {
	s := settings{logLevel: strings.ToLower(c.String("log-level")), logFormat: c.String("log-format")}
	cfg, err := agentConfig(c)
	s.config = cfg
	if err == nil {
		err = blameFile(c, cfg.Validate())
	}
	return s, errors.Join(err, oneOf(c, "log-level", s.logLevel, logLevels), oneOf(c, "log-format", s.logFormat, logFormats))
}

// lineSettings returns the settings that a regular command line of the agent asks for.
func lineSettings(line commandLine) (s settings, err error) {
	app := newApp(io.Discard, io.Discard)
	app.Metadata = line.metadata()
	app.Command("agent").Action = func(c *cli.Context) (err error) {
		s, err = agentSettings(c)
		return err
	}
	return s, app.Run(append([]string{"heartsay", "agent"}, line.args[2:]...))
}

// blameFile puts the line of the configuration file before each fault of the validation that one key of the file makes
// alone, whatever the others say.
func blameFile(c *cli.Context, fault error) error {
	line, ok := c.App.Metadata[lineKey].(commandLine)
	if fault == nil || !ok {
		return fault
	}
	lines := strings.Split(fault.Error(), "\n")
	for name, origin := range line.origins {
		place, inFile := strings.CutSuffix(origin, ": "+name)
		if !inFile {
			continue
		}
		_, alone := lineSettings(line.only(name))
		for i, text := range lines {
			if alone != nil && slices.Contains(strings.Split(alone.Error(), "\n"), text) {
				lines[i] = fmt.Sprintf("%s: %s", place, text)
			}
		}
	}
	return usageError("%s", strings.Join(lines, "\n"))
}
