package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"

	"heartsay/agent"
	"heartsay/cmd/heartsay/internal/cli"
	"heartsay/cmd/heartsay/internal/config"
	"heartsay/cmd/heartsay/internal/render"
)

func agentCommand() *cli.Command {
	return &cli.Command{
		Name:      "agent",
		Usage:     "run this host's member of the cluster",
		UsageText: "heartsay agent [flags]",
		Description: `Prints one line when it is ready and logs to stderr. The first SIGTERM or SIGINT
makes it leave the cluster and exit with 0; a second one ends it at once. SIGHUP
makes it read its configuration and its key file again.

It exits with 78 when a flag, a variable, the configuration file or a file of
secrets is wrong, and with 1 when it cannot start or go on for another reason.`,
		Flags:    config.Flags(),
		AgentEnv: true,
		Misuse:   cli.ExitConfig,
		Action:   agentAction,
	}
}

func agentAction(c *cli.Call) error {
	s, err := config.Load(c.Line)
	if err != nil {
		return err
	}
	lines := agent.NewLogQueue(c.Err)
	defer func() { lines.Close(time.After(time.Second)) }()
	log := newLogger(s, render.NewPalette(c.Err).On, lines)
	notify := systemd{log}
	reloads := newReloader(c.Line, s, log, notify)
	ctx, stop := untilToldToLeave(c.Context, c.Err)
	defer stop()
	defer context.AfterFunc(ctx, notify.stopping)()
	go limitMemory(ctx)
	return agent.Run(ctx, s.Config, log, func(r agent.Ready) {
		_ = c.Println("%s", readyLine(r))
		notify.ready()
		go reloads.run(ctx, r.Agent)
		go notify.watchdog(ctx, r.Agent.Healthy)
	})
}

// sameSignal is the time within which a second signal is an echo of the first: timeout(1), for one, signals its child
// and then its process group.
const sameSignal = 300 * time.Millisecond

// untilToldToLeave returns a context that ends with parent or at the first SIGTERM or SIGINT. The second ends the
// program.
func untilToldToLeave(parent context.Context, messages io.Writer) (context.Context, func()) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case <-signals:
			cancel()
		case <-ctx.Done():
		}
		for first := time.Now(); time.Since(first) < sameSignal; {
			<-signals
		}
		fmt.Fprintln(messages, "heartsay agent: told to end a second time: ends at once, others will have to find out")
		os.Exit(cli.ExitFailed)
	}()
	return ctx, func() { signal.Stop(signals); cancel() }
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
