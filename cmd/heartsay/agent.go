package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/urfave/cli/v2"

	"heartsay/agent"
)

var (
	logLevels  = []string{"trace", "debug", "info", "warn", "error", "off"}
	logFormats = []string{"text", "json"}
)

func agentCommand() *cli.Command {
	return &cli.Command{
		Name:      "agent",
		Usage:     "run this host's member of the cluster",
		UsageText: "heartsay agent [flags]",
		Description: `Prints one line when it is ready and logs to stderr. The first SIGTERM or SIGINT
makes it leave the cluster and exit with 0; a second one ends it at once.`,
		Flags:  agentFlags(),
		Action: takes(0, 0, "", agentAction),
	}
}

func agentAction(c *cli.Context) error {
	cfg, err := agentConfig(c)
	if err != nil {
		return err
	}
	lines := agent.NewLogQueue(c.App.ErrWriter)
	defer func() { lines.Close(time.After(time.Second)) }()
	log, err := newLogger(c, lines)
	if err != nil {
		return err
	}
	ctx, stop := untilToldToLeave(c.Context, c.App.ErrWriter)
	defer stop()
	return agent.Run(ctx, cfg, log, func(r agent.Ready) {
		_ = println(c, "ready: name=%s gossip=%s api=%s cluster=%s", r.Name, r.Gossip, escape(r.API), r.Cluster)
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
		os.Exit(exitFailed)
	}()
	return ctx, func() { signal.Stop(signals); cancel() }
}

// newLogger returns the logger that the flags describe, to lines.
func newLogger(c *cli.Context, lines io.Writer) (hclog.Logger, error) {
	level := strings.ToLower(c.String("log-level"))
	if err := oneOf(c, "log-level", level, logLevels); err != nil {
		return nil, err
	}
	if err := oneOf(c, "log-format", c.String("log-format"), logFormats); err != nil {
		return nil, err
	}
	options := &hclog.LoggerOptions{
		Name:       "heartsay",
		Level:      hclog.LevelFromString(level),
		Output:     lines,
		JSONFormat: c.String("log-format") == "json",
	}
	if newPalette(c.App.ErrWriter).on {
		options.Color = hclog.ForceColor
	}
	return hclog.New(options), nil
}
