package main

import (
	"errors"

	"github.com/urfave/cli/v2"

	"heartsay/agent"
)

// handlerFlags returns the flags that say what is to be done when something happens.
func handlerFlags() []cli.Flag {
	return []cli.Flag{
		list("on-event", "run a program when something happens: `TYPES=/PATH ARG...`, as in dead,left=/usr/bin/page; repeatable"),
		&cli.DurationFlag{Name: "handler-timeout", DefaultText: "30s", Usage: "kill such a program after `DURATION`"},
		list("webhook", "post what happens to an address: `TYPES=URL`, as in dead,left=https://host/path; repeatable"),
		text("webhook-secret-file", "", "sign what is posted with the secret in `FILE`"),
	}
}

// setHandlers sets what is to be done when something happens.
func setHandlers(c *cli.Context, cfg *agent.Config) error {
	if c.IsSet("handler-timeout") {
		cfg.HandlerTimeout = c.Duration("handler-timeout")
	}
	cfg.WebhookSecretFile = c.String("webhook-secret-file")
	var faults []error
	for _, s := range c.StringSlice("on-event") {
		h, err := agent.ParseHandler(s)
		if err != nil {
			faults = append(faults, usageError("%s: %v", origin(c, "on-event"), err))
			continue
		}
		cfg.OnEvent = append(cfg.OnEvent, h)
	}
	for _, s := range c.StringSlice("webhook") {
		w, err := agent.ParseWebhook(s)
		if err != nil {
			faults = append(faults, usageError("%s: %v", origin(c, "webhook"), err))
			continue
		}
		cfg.Webhooks = append(cfg.Webhooks, w)
	}
	return errors.Join(faults...)
}
