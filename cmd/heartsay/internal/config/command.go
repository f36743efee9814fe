// Package config says with what configuration an agent runs: from the line, the environment and the file, in this order.
//
// A setting is a knob (knobs.go): a flag and the field of agent.Config that it sets. AddFile is the program's source of
// flags: it reads the TOML file (file.go) and gives each key to the flag of that name, with the line of the file as its
// origin. Load makes the Settings of a line, and puts the line of the file before each fault that a key of it makes.
// "config check" and "config show", an agent that starts, one that reloads, and the doctor all go this way.
package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"heartsay/agent"
	"heartsay/agent/handlers"
	"heartsay/agent/keyring"
	"heartsay/cmd/heartsay/internal/cli"
	"heartsay/cmd/heartsay/internal/render"
)

func Command() *cli.Command {
	return &cli.Command{
		Name:      "config",
		Usage:     "check or show the configuration that an agent would run with",
		UsageText: "heartsay config check|show [flags] [FILE]",
		Description: `Takes the flags and environment variables of "heartsay agent", and FILE as
--config. A flag counts before a variable, a variable before the file, the file
before the default.`,
		AgentEnv: true,
		Commands: []*cli.Command{
			{
				Name:      "check",
				Usage:     "print ok, or all errors with file and line",
				UsageText: "heartsay config check [flags] [FILE]",
				Description: `Exits with 0, with 2 when the configuration is wrong, and with 1 when the file cannot
be read.`,
				Flags:  Flags(),
				Takes:  cli.Takes{Most: 1, What: "FILE", Flag: "config"},
				Action: checkConfig,
			},
			{
				Name:        "show",
				Usage:       "print every value with its origin, secrets masked",
				UsageText:   "heartsay config show [flags] [FILE]",
				Description: `The output is itself a configuration file.`,
				Flags:       append(Flags(), cli.OutputFlag("toml", "json")),
				Takes:       cli.Takes{Most: 1, What: "FILE", Flag: "config"},
				Action:      showConfig,
			},
		},
	}
}

// checkConfig says whether an agent would take its configuration.
func checkConfig(c *cli.Call) error {
	s, err := Load(c.Line)
	if err != nil {
		return err
	}
	if err := CheckSecrets(s.Config); err != nil {
		return cli.UsageError("%v", err)
	}
	if c.String("config") == "" {
		return c.Println("ok")
	}
	return c.Println("%s: ok", render.Escape(c.String("config")))
}

// Settings are what flags, environment and configuration file ask of an agent.
type Settings struct {
	Config    agent.Config
	LogLevel  string
	LogFormat string
}

// Load returns the settings that the flags of the agent ask for, or all that is wrong with them. What the
// configuration file is to blame for is named with its line.
func Load(l *cli.Line) (Settings, error) {
	s, err := unblamed(l)
	return s, blameFile(l, err)
}

// unblamed returns the settings, or what is wrong with them.
func unblamed(l *cli.Line) (Settings, error) {
	s := Settings{LogLevel: l.String("log-level"), LogFormat: l.String("log-format")}
	cfg, err := agentConfig(l)
	if s.Config = cfg; err == nil {
		err = cfg.Validate()
	}
	return s, err
}

// blameFile puts the line of the configuration file before each fault of the validation that one key of the file makes
// alone, whatever the others say.
func blameFile(l *cli.Line, fault error) error {
	if fault == nil {
		return nil
	}
	lines := strings.Split(fault.Error(), "\n")
	for _, f := range l.Command().Flags {
		place, inFile := strings.CutSuffix(l.Origin(f.Name), ": "+f.Name)
		if !inFile {
			continue
		}
		_, alone := unblamed(l.Only(f.Name))
		for i, text := range lines {
			if alone != nil && slices.Contains(strings.Split(alone.Error(), "\n"), text) {
				lines[i] = fmt.Sprintf("%s: %s", place, text)
			}
		}
	}
	return cli.UsageError("%s", strings.Join(lines, "\n"))
}

// CheckSecrets returns what is wrong with the files of secrets that a configuration names, all of it, or nil. An agent
// that starts reads the same files and refuses the same ones.
func CheckSecrets(cfg agent.Config) error {
	var faults []error
	if cfg.KeyFile != "" {
		_, err := keyring.ReadFile(cfg.KeyFile)
		faults = append(faults, err)
	}
	faults = append(faults, agent.CheckTokens(cfg.TokenFile, cfg.ReadTokenFile))
	if cfg.Handlers.WebhookSecretFile != "" && len(cfg.Handlers.Webhooks) > 0 {
		_, err := handlers.ReadWebhookSecret(cfg.Handlers.WebhookSecretFile)
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}
