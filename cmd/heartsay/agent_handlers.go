package main

import (
	"errors"

	"heartsay/agent"
)

// handlerFlags returns the flags that say what is to be done when something happens.
func handlerFlags() []Flag {
	return []Flag{
		onLines("on-event", "run a program when something happens: `TYPES=/PATH ARG...`, as in dead,left=/usr/bin/page; repeatable"),
		Duration("handler-timeout", "30s", "kill such a program after `DURATION`"),
		onLines("webhook", "post what happens to an address: `TYPES=URL`, as in dead,left=https://host/path; repeatable"),
		Text("webhook-secret-file", "", "sign what is posted with the secret in `FILE`"),
	}
}

// onLines returns a flag whose values hold commas, so that line feeds separate them in the environment.
func onLines(name, usage string) Flag {
	f := List(name, usage)
	f.Separator = "\n"
	return f
}

// setHandlers sets what is to be done when something happens.
func setHandlers(l *Line, cfg *agent.Config) error {
	if l.IsSet("handler-timeout") {
		cfg.HandlerTimeout = l.Duration("handler-timeout")
	}
	cfg.WebhookSecretFile = l.String("webhook-secret-file")
	var faults []error
	for _, s := range l.Strings("on-event") {
		h, err := agent.ParseHandler(s)
		if err != nil {
			faults = append(faults, usageError("%s: %v", l.Origin("on-event"), err))
			continue
		}
		cfg.OnEvent = append(cfg.OnEvent, h)
	}
	for _, s := range l.Strings("webhook") {
		w, err := agent.ParseWebhook(s)
		if err != nil {
			faults = append(faults, usageError("%s: %v", l.Origin("webhook"), err))
			continue
		}
		cfg.Webhooks = append(cfg.Webhooks, w)
	}
	return errors.Join(faults...)
}
