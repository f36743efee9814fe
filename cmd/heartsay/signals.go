package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"heartsay/cmd/heartsay/internal/cli"
)

// signals is what the system tells the process of an agent. It is taken before anything else is done, so that none of
// it ends an agent that is still being started:
//
//   - SIGHUP asks for a reload, which takes place as soon as the agent runs.
//   - SIGTERM and SIGINT end the program with 0 at once while nothing runs yet; after that they make the agent leave.
//   - SIGPIPE says that nobody reads the ready line or the log any more. An agent does not end for that. The signal is
//     caught and not ignored, since programs that the agent starts would ignore it too.
//
// All others are as in every Go program. SIGQUIT and SIGABRT end it with 2 and the stacks of all goroutines.
type signals struct {
	reload  chan os.Signal
	end     chan os.Signal
	pipe    chan os.Signal // nobody receives from it
	started chan struct{}  // takes one value, from when on SIGTERM means to leave
}

func newSignals() *signals {
	return &signals{
		reload: make(chan os.Signal, 1), end: make(chan os.Signal, 2), pipe: make(chan os.Signal, 1),
		started: make(chan struct{}),
	}
}

// take takes the signals until the function that it returns is called.
func (s *signals) take() (release func()) {
	signal.Notify(s.reload, syscall.SIGHUP)
	signal.Notify(s.end, os.Interrupt, syscall.SIGTERM)
	signal.Notify(s.pipe, syscall.SIGPIPE)
	released := make(chan struct{})
	go func() {
		select {
		case <-s.end:
			os.Exit(cli.ExitOK)
		case <-s.started:
		case <-released:
		}
	}()
	return func() {
		for _, c := range []chan os.Signal{s.reload, s.end, s.pipe} {
			signal.Stop(c)
		}
		close(released)
	}
}

// sameSignal is the time within which a second signal is an echo of the first: timeout(1), for one, signals its child
// and then its process group.
const sameSignal = 300 * time.Millisecond

// untilToldToLeave returns a context that ends with parent or at the first SIGTERM or SIGINT. The second ends the
// program. It may be called once, after take.
func (s *signals) untilToldToLeave(parent context.Context, messages io.Writer) (context.Context, context.CancelFunc) {
	s.started <- struct{}{}
	ctx, cancel := context.WithCancel(parent)
	go func() {
		select {
		case <-s.end:
			cancel()
		case <-ctx.Done():
		}
		for first := time.Now(); time.Since(first) < sameSignal; {
			<-s.end
		}
		fmt.Fprintln(messages, "heartsay agent: told to end twice: it ends at once, without a goodbye, so that others have to detect it")
		os.Exit(cli.ExitFailed)
	}()
	return ctx, cancel
}
