package agent

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"heartsay/agent/internal/eventlog"
	"heartsay/api"
)

// maxHandlers is how many programs and webhooks there may be together.
const maxHandlers = 64

// handlerPlan is what a handler shall do. Two with the same key do the same.
type handlerPlan struct {
	key, kind, name string
	query           eventlog.Query // which events it wants; never a reset, for which there is resets
	resets          bool
	outcomes        []string // that are possible
	action          action
	close           func() // lets go of what the action holds
}

// planHandlers returns what the handlers of c shall do. It reads the webhooks' secret.
func planHandlers(c Config) (plans []handlerPlan, err error) {
	for _, h := range c.OnEvent {
		variables := []string{"HEARTSAY_CLUSTER=" + c.Cluster, "HEARTSAY_AGENT=" + c.Name}
		if c.API != "" {
			variables = append(variables, "HEARTSAY_API="+c.API)
		}
		plans = append(plans, handlerPlan{
			key: fmt.Sprintf("%q %s", append(slices.Clone(h.Command), typeList(h.Types)), c.HandlerTimeout), kind: "program", name: h.String(),
			outcomes: []string{outcomeOK, outcomeFailed, outcomeTimedOut, outcomeNotStarted, outcomeCut},
			action:   &program{Handler: h, patience: c.HandlerTimeout, context: variables}, close: func() {},
		}.wanting(h.Types))
	}
	var secret []byte
	if c.WebhookSecretFile != "" && len(c.Webhooks) > 0 {
		if secret, err = ReadWebhookSecret(c.WebhookSecretFile); err != nil {
			return nil, err
		}
	}
	for _, w := range c.Webhooks {
		p := newPoster(w, "/heartsay/"+c.Cluster+"/"+c.Name, secret)
		key, _ := json.Marshal([]any{w, secret}) // strings and bytes have a JSON form
		plans = append(plans, handlerPlan{
			key: string(key), kind: "webhook", name: w.String(),
			outcomes: []string{outcomeOK, outcomeRefused, outcomeGivenUp, outcomeCut},
			action:   p, close: p.client.CloseIdleConnections,
		}.wanting(w.Types))
	}
	return plans, nil
}

// wanting returns the plan for events of these types.
func (p handlerPlan) wanting(types []api.EventType) handlerPlan {
	p.resets = slices.Contains(types, api.EventReset)
	p.query.Types = types
	return p
}

// validateHandlers returns what is wrong with the handlers of c. It looks for the programs, and at nothing else.
func (c Config) validateHandlers() error {
	var faults []error
	seen := map[string]bool{}
	twice := func(name string) {
		if seen[name] {
			faults = append(faults, fmt.Errorf("handler %q is given twice", name))
		}
		seen[name] = true
	}
	for _, h := range c.OnEvent {
		faults = append(faults, h.validate())
		twice(h.String())
	}
	for _, w := range c.Webhooks {
		faults = append(faults, w.validate())
		twice(fmt.Sprint(w.Types, w.URL))
	}
	if len(c.OnEvent) > 0 && c.HandlerTimeout < 100*time.Millisecond {
		faults = append(faults, fmt.Errorf("handler time-out %s is too short: give at least 100ms", c.HandlerTimeout))
	}
	if n := len(c.OnEvent) + len(c.Webhooks); n > maxHandlers {
		faults = append(faults, fmt.Errorf("%d handlers are given: at most %d are allowed", n, maxHandlers))
	}
	return errors.Join(faults...)
}
