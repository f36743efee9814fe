package ui

import (
	"context"
	"errors"
	"iter"
	"sync"
	"time"

	"heartsay/api"
	"heartsay/cmd/heartsay/internal/cli"
)

// source is what a follower asks of an agent. [api.Client] is one.
type source interface {
	Members(context.Context) (api.Members, error)
	Self(context.Context) (api.Self, error)
	Follow(context.Context, api.EventsRequest) iter.Seq2[api.Event, error]
}

// follower keeps a board at what an agent says, through stops and restarts of the agent.
type follower struct {
	source source
	board  *board
	begin  api.EventsRequest // which events to ask for first
}

const (
	pollEvery   = time.Second            // members and the agent itself
	pollSpacing = 100 * time.Millisecond // least between two polls, however many events there are
	pollTime    = 3 * time.Second        // for an agent to answer
	pollShare   = 5                      // an answer that takes long is asked for in one of so many parts of the time
	followAgain = time.Second            // at most between attempts to follow the events
)

var errSilent = errors.New("the agent accepted the request and did not answer within " + pollTime.String() +
	"; it may be stopped or starved")

// run follows until ctx ends.
func (f *follower) run(ctx context.Context) {
	changed := make(chan struct{}, 1)
	var both sync.WaitGroup
	both.Go(func() { f.events(ctx, changed) })
	both.Go(func() { f.polls(ctx, changed) })
	both.Wait()
}

// events follows the events and makes changed ready after each. The polls tell when the agent is not reached.
func (f *follower) events(ctx context.Context, changed chan<- struct{}) {
	request := f.begin
	request.Persist, request.MaxPause = true, followAgain
	for e, err := range f.source.Follow(ctx, request) {
		if err != nil {
			return
		}
		f.board.event(e)
		select {
		case changed <- struct{}{}:
		default:
		}
	}
}

// polls asks for the members once a second and soon after each event. Members change state by what polls say alone:
// an event is told at once, but an answer that was under way must not undo it.
func (f *follower) polls(ctx context.Context, changed <-chan struct{}) {
	next := time.NewTimer(0)
	defer next.Stop()
	for {
		select {
		case <-next.C:
		case <-changed:
		case <-ctx.Done():
			return
		}
		took := f.poll(ctx)
		next.Reset(max(f.untilSlot(time.Now()), took*pollShare))
		cli.Pause(ctx, max(pollSpacing, took))
	}
}

// untilSlot returns how long it is until the next slot begins, so that each has a sample.
func (f *follower) untilSlot(now time.Time) time.Duration {
	return pollEvery - now.Sub(f.board.began)%pollEvery
}

// poll asks once, stores the answer and returns how long it took, 0 when there was none.
func (f *follower) poll(ctx context.Context) (took time.Duration) {
	begin := time.Now()
	limited, cancel := context.WithTimeoutCause(ctx, pollTime, errSilent)
	defer cancel()
	view, err := f.source.Members(limited)
	took = time.Since(begin)
	var self api.Self
	if err == nil {
		self, err = f.source.Self(limited)
	}
	switch {
	case ctx.Err() != nil:
		return 0
	case err != nil:
		f.board.unanswered(time.Now(), err)
		return 0
	}
	f.board.answered(begin, view, self, took)
	return took
}
