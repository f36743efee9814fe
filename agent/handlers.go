package agent

import (
	"context"
	"time"

	"heartsay/agent/handlers"
)

// finishTime is how long handlers may take when the agent ends, and a view for those that are to begin.
const finishTime = 5 * time.Second

// SetHandlers replaces the handlers by those of cfg; the file of the webhooks' secret is read again. A handler that
// stays as it is keeps its place and what waits for it. Each event goes to the handlers from before or to those from now
// on: none is lost in between, none is handled twice. The replaced ones have a minute to finish. An error says what is
// wrong with cfg, as a [*ConfigError], or that the agent is stopping; then nothing changed.
func (a *Agent) SetHandlers(ctx context.Context, cfg Config) error {
	if err := cfg.Handlers.Validate(); err != nil {
		return &ConfigError{err}
	}
	commit, err := a.readyHandlers(ctx, cfg)
	if err == nil {
		commit()
	}
	return err
}

// readyHandlers returns what replaces the handlers by those of cfg.
func (a *Agent) readyHandlers(ctx context.Context, cfg Config) (replace func(), err error) {
	plans, err := cfg.handlers()
	if err != nil {
		return nil, &ConfigError{err}
	}
	from, err := a.Views().Get(ctx)
	if err != nil {
		return nil, err
	}
	return func() { a.handlers.Replace(plans, from) }, nil
}

// handlers returns what the handlers of c shall do.
func (c Config) handlers() (handlers.Plans, error) {
	return handlers.Prepare(c.Handlers, handlers.Agent{Cluster: c.Cluster, Name: c.Name, API: c.API})
}

// HandlerStats returns the counts of all handlers, in the order of the configuration, programs first.
func (a *Agent) HandlerStats() []handlers.Stats { return a.handlers.Stats() }
