package agent

import (
	"context"

	"github.com/hashicorp/go-hclog"
)

// Open starts an agent inside the calling program, as [Run] does but without a local API: it listens where cfg says,
// keeps its state where cfg says, joins by its seeds and calls its handlers. Ask it by its methods, and stop it by
// [Agent.Close], after [Agent.Leave] if others are to know. A nil log logs nothing.
//
// The error is a [*ConfigError] when cfg is wrong, or says what could not be opened; then nothing runs.
func Open(cfg Config, log hclog.Logger) (*Agent, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if log == nil {
		log = hclog.NewNullLogger()
	}
	return open(cfg, log)
}

// Address returns the gossip address that others are told, ip:port, or "" when the agent has ended.
func (a *Agent) Address() string { return a.engineAddress() }

// Done is closed when the agent is no member any more; [Agent.Err] says why. It has still to be closed.
func (a *Agent) Done() <-chan struct{} { return a.ending.Done() }

// Err returns nil while the agent runs, then why it ended: a [*ConflictError] when another live agent holds its name.
func (a *Agent) Err() error { return context.Cause(a.ending) }
