package handlers

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"heartsay/agent/internal/eventlog"
	"heartsay/api"
)

// maxHandlers is how many handlers there may be together.
const maxHandlers = 64

// minTimeout is the shortest time that a program may be given.
const minTimeout = 100 * time.Millisecond

// Config is which handlers an agent has. The zero value is none.
type Config struct {
	Programs          []Program     `setting:"on-event"`        // are run when something happens
	Timeout           time.Duration `setting:"handler-timeout"` // of one run of one of them
	Webhooks          []Webhook     // addresses to which it is posted
	WebhookSecretFile string        // file with the secret that signs what is posted; "": nothing is signed
}

// kinds are all kinds of handlers, in the order in which they are shown. A new kind is a file of its own, with its row
// for this list, and a field of [Config]; flags, configuration files, reloads and counts follow.
var kinds = []registered{programs, webhooks}

// Agent says whose events they are.
type Agent struct {
	Cluster, Name string
	API           string // where its API is served; "": nowhere
}

// all returns the handlers of c, kind after kind.
func (c Config) all() (all []handler) {
	for _, k := range kinds {
		all = append(all, k.configured(c)...)
	}
	return all
}

// Validate returns all that is wrong with c, or nil. It looks for the programs, and at nothing else.
func (c Config) Validate() error {
	var faults []error
	seen := map[string]bool{}
	all := c.all()
	for _, h := range all {
		faults = append(faults, h.validate())
		if k := key(h, nil); seen[k] {
			faults = append(faults, fmt.Errorf("handler %q is given twice", h))
		} else {
			seen[k] = true
		}
	}
	if len(c.Programs) > 0 && c.Timeout < minTimeout {
		faults = append(faults, fmt.Errorf("handler time-out %s is too short: give at least %s", c.Timeout, minTimeout))
	}
	if n := len(all); n > maxHandlers {
		faults = append(faults, fmt.Errorf("%d handlers are given: at most %d are allowed", n, maxHandlers))
	}
	return errors.Join(faults...)
}

// plan is what a handler shall do. Two with the same key do the same.
type plan struct {
	key, name string
	query     eventlog.Query // which events it wants; never a reset, for which there is resets
	resets    bool
	kind      Kind
}

// Plans are what the handlers of an agent shall do.
type Plans []plan

// Prepare returns what the handlers of c shall do for an agent. It reads the webhooks' secret and begins
// nothing. The error says what is wrong with c.
func Prepare(c Config, of Agent) (Plans, error) {
	var plans Plans
	for _, h := range c.all() {
		k, also, err := h.open(c, of)
		if err != nil {
			plans.close()
			return nil, err
		}
		plans = append(plans, planOf(key(h, also), h.String(), k, h.wants()))
	}
	return plans, nil
}

func planOf(key, name string, k Kind, types []api.EventType) plan {
	return plan{key: key, name: name, kind: k, resets: slices.Contains(types, api.EventReset),
		query: eventlog.Query{Types: types}}
}

func (all Plans) close() {
	for _, p := range all {
		p.close()
	}
}

// close lets go of what the kind holds.
func (p plan) close() {
	if c, ok := p.kind.(io.Closer); ok {
		_ = c.Close() // nobody is left to tell
	}
}
