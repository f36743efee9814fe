// Package handlers tells programs and webhooks of the events of an agent.
//
// [Config] says which handlers there are; [Prepare] makes plans of it, and [Runners] set them to work. Each handler has a
// runner: a feeder that follows the events at its own pace and fills a backlog, and workers that empty it, each with
// another member, and call the handler's [Kind]. So a handler that hangs holds up neither the agent nor another handler;
// events that are lost to it come to it as changes between two views. Runners are replaced while the agent runs: by
// a reload, or by a program that embeds the agent.
//
// A kind of handlers is one file, see kinds: program.go runs programs, webhook.go posts to addresses.
package handlers

import (
	"context"
	"encoding/json"
	"fmt"

	"heartsay/api"
)

// Kind does what handlers of one kind are there for, for one of them. One goroutine or several call it at once.
type Kind interface {
	// Name returns the word under which handlers of this kind are counted.
	Name() string
	// Outcomes returns the words that Do may return.
	Outcomes() []string
	// Do handles one event and returns how that went, with an error unless it went well. It returns soon after ctx
	// ends, and tells retry why an attempt has failed that is not the last. What it holds beyond one call, it lets go
	// when it is an io.Closer and is closed.
	Do(ctx context.Context, j Job, retry func(attempt int, err error)) (outcome string, err error)
}

// Job is an event that a handler is to be given.
type Job struct {
	Event api.Event
	ID    string // unique among all that this agent gives out
}

// Outcomes that every kind has.
const (
	outcomeOK  = "ok"
	outcomeCut = "cut" // the agent or the handler ended first
)

// registered is what the rest of the agent and the command line know of a kind.
type registered struct {
	Flag
	configured func(Config) []handler // the handlers of this kind, in their order
}

// handler is one handler as it is configured. Two are the same when their JSON is.
type handler interface {
	fmt.Stringer // as it was given, without secrets
	wants() []api.EventType
	validate() error
	// open returns what handles events for it, and what else than the handler itself must be the same for two to do
	// the same.
	open(c Config, of Agent) (k Kind, also any, err error)
}

// Flag is a flag, and a setting of the same name, that gives handlers of one kind: each of its values is one handler.
type Flag struct {
	Name, Usage string
	add         func(c *Config, value string) error
}

// Flags returns the flags by which handlers are given, one for each kind.
func Flags() []Flag {
	all := make([]Flag, len(kinds))
	for i, k := range kinds {
		all[i] = k.Flag
	}
	return all
}

// Add adds the handler that value writes to c. The error says what is wrong with value; then c is as it was.
func (s Flag) Add(c *Config, value string) error { return s.add(c, value) }

// key returns a text that is the same for two handlers that do the same.
func key(h handler, also any) string {
	text, err := json.Marshal([]any{h, also})
	if err != nil {
		panic("handlers: " + err.Error()) // handlers are texts and numbers
	}
	return fmt.Sprintf("%T %s", h, text)
}
