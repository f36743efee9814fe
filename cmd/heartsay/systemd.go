package main

import (
	"context"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/hashicorp/go-hclog"
)

// systemd tells the service manager how the agent is, when it runs under one that wants to know [sd_notify(3)].
type systemd struct{ log hclog.Logger }

func (s systemd) ready() { s.tell(daemon.SdNotifyReady) }

func (s systemd) stopping() { s.tell(daemon.SdNotifyStopping) }

// reloading tells that a reload began; ready tells that it ended.
func (s systemd) reloading() {
	if usec := daemon.SdNotifyMonotonicUsec(); usec != "" {
		s.tell(daemon.SdNotifyReloading + "\n" + usec)
	}
}

func (s systemd) tell(state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		s.log.Warn("service manager is not told", "state", state, "error", err)
	}
}

// watchdog tells twice within the time that the service manager allows that the agent is healthy, for as long as it is,
// until ctx ends. Without a watchdog it returns at once.
func (s systemd) watchdog(ctx context.Context, healthy func(context.Context) error) {
	limit, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		s.log.Warn("watchdog of the service manager is not served", "error", err)
	}
	if limit <= 0 {
		return
	}
	beat := time.NewTicker(limit / 2)
	defer beat.Stop()
	for failed := false; ; {
		if s.well(ctx, limit/2, healthy) {
			_, err := daemon.SdNotify(false, daemon.SdNotifyWatchdog)
			if err != nil && !failed {
				s.log.Warn("service manager is not told that the agent is well, is tried again", "error", err)
			}
			failed = err != nil
		}
		select {
		case <-beat.C:
		case <-ctx.Done():
			return
		}
	}
}

func (s systemd) well(ctx context.Context, patience time.Duration, healthy func(context.Context) error) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return healthy(ctx) == nil
}
