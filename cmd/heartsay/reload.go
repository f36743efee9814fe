package main

import (
	"context"
	"os"

	"github.com/hashicorp/go-hclog"

	"heartsay/agent"
	"heartsay/cmd/heartsay/internal/cli"
	"heartsay/cmd/heartsay/internal/config"
)

// reloader reloads an agent at each SIGHUP.
type reloader struct {
	line   *cli.Line       // that the agent was started with
	now    config.Settings // in force
	log    hclog.Logger
	notify systemd
}

// run reloads a at each signal until ctx ends. Signals that come while it does so count as one.
func (r *reloader) run(ctx context.Context, a *agent.Agent, signals <-chan os.Signal) {
	for {
		select {
		case <-signals:
			r.notify.reloading()
			r.reload(ctx, a)
			r.notify.ready()
		case <-ctx.Done():
			return
		}
	}
}

// reload reads the settings anew and applies them, or logs why none of them is.
func (r *reloader) reload(ctx context.Context, a *agent.Agent) {
	var next config.Settings
	err := a.Reload(ctx, func() (cfg agent.Config, err error) {
		if next, err = r.reread(); err == nil && next.LogFormat != r.now.LogFormat {
			err = &agent.FixedError{Keys: []string{"log-format"}}
		}
		return next.Config, err
	})
	if err != nil {
		return // the agent has logged and counted it
	}
	if next.LogLevel != r.now.LogLevel {
		r.log.SetLevel(hclog.LevelFromString(next.LogLevel))
		r.log.Info("log level changed", "level", next.LogLevel)
	}
	r.now = next
}

// reread returns the settings that the same command line and environment ask for now: the configuration file may have
// changed. A name that nobody gave is the one that the host had at the start, whatever its name is now: under another name
// the member would be another one.
func (r *reloader) reread() (config.Settings, error) {
	line, err := r.line.Again()
	if err != nil {
		return config.Settings{}, err
	}
	s, err := config.Load(line)
	if name := r.now.Config.Name; err == nil && !line.IsSet("name") && s.Config.Name != name {
		r.log.Warn("this host has another name, the member keeps its own", "host", s.Config.Name, "name", name)
		s.Config.Name = name
	}
	return s, err
}
