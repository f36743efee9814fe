package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// untilInterrupted returns a context that ends with parent or when the user or the system asks the program to end.
func untilInterrupted(parent context.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(parent, os.Interrupt, syscall.SIGTERM)
}

// unlessInterrupted returns nil when ctx, of untilInterrupted, has ended: to stop is what the user wanted. Else err.
func unlessInterrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// pause waits for d or the end of ctx.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
