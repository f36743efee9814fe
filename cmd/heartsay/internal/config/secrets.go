package config

import (
	"errors"

	"heartsay/agent"
	"heartsay/agent/handlers"
	"heartsay/agent/keyring"
)

// CheckSecrets returns what is wrong with the files of secrets that a configuration names, all of it, or nil. An agent
// that starts reads the same files and refuses the same ones.
func CheckSecrets(cfg agent.Config) error {
	var faults []error
	if cfg.KeyFile != "" {
		_, err := keyring.ReadFile(cfg.KeyFile)
		faults = append(faults, err)
	}
	if cfg.TokenFile != "" {
		_, err := agent.ReadToken(cfg.TokenFile)
		faults = append(faults, err)
	}
	if cfg.Handlers.WebhookSecretFile != "" && len(cfg.Handlers.Webhooks) > 0 {
		_, err := handlers.ReadWebhookSecret(cfg.Handlers.WebhookSecretFile)
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}
