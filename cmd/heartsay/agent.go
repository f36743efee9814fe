package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/hashicorp/go-hclog"

	"heartsay/agent"
	"heartsay/cmd/heartsay/internal/cli"
	"heartsay/cmd/heartsay/internal/config"
	"heartsay/cmd/heartsay/internal/render"
)

func agentCommand() *cli.Command {
	told := newSignals()
	return &cli.Command{
		Name:      "agent",
		Usage:     "run the agent of this host",
		UsageText: "heartsay agent [flags]",
		Description: `Prints one line when it is ready and logs to stderr. The first SIGTERM or SIGINT
makes it leave the cluster and exit with 0. A second one ends it at once. SIGHUP
makes it read its configuration and its key file again, as soon as it runs.

It exits with 78 when a flag, a variable, the configuration file or a file of
secrets is wrong, and with 1 when it cannot start or go on for another reason.`,
		Flags:    config.Flags(),
		AgentEnv: true,
		Misuse:   cli.ExitConfig,
		Begin:    told.take,
		Action:   func(c *cli.Call) error { return runAgent(c, told) },
	}
}

// runAgent runs an agent until it is told to end.
func runAgent(c *cli.Call, told *signals) error {
	s, err := config.Load(c.Line)
	if err != nil {
		return err
	}
	lines := agent.NewLogQueue(c.Err)
	defer func() { lines.Close(time.After(time.Second)) }()
	log := newLogger(s, render.NewPalette(c.Err).On, lines)
	if err := forbidCores(); err != nil {
		log.Warn("a crash may write the keys to a file", "error", err)
	}
	notify := systemd{log}
	reloads := &reloader{line: c.Line, now: s, log: log, notify: notify}
	ctx, stop := told.untilToldToLeave(c.Context, c.Err)
	defer stop()
	defer context.AfterFunc(ctx, notify.stopping)()
	if os.Getpid() == 1 {
		go agent.ReapOrphans(c.Context) // nobody else does
	}
	return agent.Run(ctx, s.Config, log, func(r agent.Ready) {
		_ = c.Println("%s", readyLine(r))
		if ctx.Err() != nil {
			return // it leaves at once
		}
		notify.ready()
		go reloads.run(ctx, r.Agent, told.reload)
		go notify.watchdog(ctx, r.Agent.Healthy)
	})
}

// newLogger returns the logger that the settings describe, to lines.
func newLogger(s config.Settings, coloured bool, lines io.Writer) hclog.Logger {
	options := &hclog.LoggerOptions{
		Name:       "heartsay",
		Level:      hclog.LevelFromString(s.LogLevel),
		Output:     lines,
		JSONFormat: s.LogFormat == "json",
	}
	if coloured {
		options.Color = hclog.ForceColor
	}
	return hclog.New(options)
}

// readyLine says in one line where an agent that has started is to be found.
func readyLine(r agent.Ready) string {
	line := fmt.Sprintf("ready: name=%s gossip=%s api=%s cluster=%s", r.Name, r.Gossip, render.Escape(r.API), r.Cluster)
	if r.Metrics != "" {
		line += " metrics=" + r.Metrics
	}
	if r.DNS != "" {
		line += " dns=" + r.DNS
	}
	return line
}
