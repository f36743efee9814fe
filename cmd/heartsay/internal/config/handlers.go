package config

import (
	"errors"

	"heartsay/agent"
	"heartsay/agent/handlers"
	"heartsay/cmd/heartsay/internal/cli"
)

// handlerFlags returns the flags that say what is to be done when something happens.
func handlerFlags() []cli.Flag {
	var flags []cli.Flag
	for _, kind := range handlers.Flags() {
		f := cli.List(kind.Name, kind.Usage)
		f.Separator = "\n" // its values hold commas, so that line feeds separate them in the environment
		flags = append(flags, f)
	}
	return append(flags,
		cli.Duration("handler-timeout", "30s", "kill a program of --on-event after `DURATION`"),
		cli.Text("webhook-secret-file", "", "sign what is posted with the secret in `FILE`"))
}

// setHandlers sets what is to be done when something happens.
func setHandlers(l *cli.Line, cfg *agent.Config) error {
	if l.IsSet("handler-timeout") {
		cfg.Handlers.Timeout = l.Duration("handler-timeout")
	}
	cfg.Handlers.WebhookSecretFile = l.String("webhook-secret-file")
	var faults []error
	for _, kind := range handlers.Flags() {
		for _, value := range l.Strings(kind.Name) {
			if err := kind.Add(&cfg.Handlers, value); err != nil {
				faults = append(faults, cli.UsageError("%s: %v", l.Origin(kind.Name), err))
			}
		}
	}
	return errors.Join(faults...)
}
