package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/hashicorp/go-hclog"

	"heartsay/agent"
	"heartsay/cmd/heartsay/internal/cli"
	"heartsay/cmd/heartsay/internal/config"
)

// reloader reloads an agent at each SIGHUP.
type reloader struct {
	signals chan os.Signal
	line    *cli.Line       // that the agent was started with
	now     config.Settings // in force
	log     hclog.Logger
	notify  systemd
}

// newReloader returns a reloader of an agent that starts with s. From now on SIGHUP does not end the program; those
// that come before the agent runs count when it does.
func newReloader(line *cli.Line, s config.Settings, log hclog.Logger, notify systemd) *reloader {
	r := &reloader{signals: make(chan os.Signal, 1), line: line, now: s, log: log, notify: notify}
	signal.Notify(r.signals, syscall.SIGHUP)
	return r
}

// run reloads a at each signal until ctx ends. Signals that come while it does so count as one.
func (r *reloader) run(ctx context.Context, a *agent.Agent) {
	defer signal.Stop(r.signals)
	for {
		select {
		case <-r.signals:
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
// changed.
func (r *reloader) reread() (config.Settings, error) {
	line, err := r.line.Again()
	if err != nil {
		return config.Settings{}, err
	}
	return config.Load(line)
}
