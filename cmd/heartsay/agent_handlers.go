package main

import (
	"errors"

	"heartsay/agent"
	"heartsay/agent/handlers"
)

// handlerFlags returns the flags that say what is to be done when something happens.
func handlerFlags() []Flag {
	var flags []Flag
	for _, kind := range handlers.Flags() {
		f := List(kind.Name, kind.Usage)
		f.Separator = "\n" // its values hold commas, so that line feeds separate them in the environment
		flags = append(flags, f)
	}
	return append(flags,
		Duration("handler-timeout", "30s", "kill a program of --on-event after `DURATION`"),
		Text("webhook-secret-file", "", "sign what is posted with the secret in `FILE`"))
}

// setHandlers sets what is to be done when something happens.
func setHandlers(l *Line, cfg *agent.Config) error {
	if l.IsSet("handler-timeout") {
		cfg.Handlers.Timeout = l.Duration("handler-timeout")
	}
	cfg.Handlers.WebhookSecretFile = l.String("webhook-secret-file")
	var faults []error
	for _, kind := range handlers.Flags() {
		for _, value := range l.Strings(kind.Name) {
			if err := kind.Add(&cfg.Handlers, value); err != nil {
				faults = append(faults, usageError("%s: %v", l.Origin(kind.Name), err))
			}
		}
	}
	return errors.Join(faults...)
}
