package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"heartsay/agent/internal/process"
	"heartsay/api"
)

// Outcomes of handling one event, as they are counted.
const (
	outcomeOK         = "ok"
	outcomeFailed     = "failed"      // the program ended with another code than 0, or by a signal
	outcomeTimedOut   = "timed_out"   // the program was killed since its time was up
	outcomeNotStarted = "not_started" // the program could not be started
	outcomeRefused    = "refused"     // the webhook's receiver does not want it
	outcomeGivenUp    = "given_up"    // the webhook's receiver could not be reached for too long
	outcomeCut        = "cut"         // the agent or the handler ended first
)

// program is a handler that is a program.
type program struct {
	Handler
	patience time.Duration // for one run
	context  []string      // environment variables that are the same for all events
}

// do runs the program for one event. In the end nothing of its process group runs any more.
func (p *program) do(ctx context.Context, j job, _ func(int, error)) (outcome string, err error) {
	input, err := json.Marshal(j.event)
	if err != nil {
		return outcomeNotStarted, fmt.Errorf("encode event: %w", err)
	}
	c := process.Command{
		Args: p.Command, Dir: "/", Env: append(slices.Clone(p.context), variables(j.event)...), Input: append(input, '\n'),
		Patience: p.patience,
	}
	ending, err := c.Run(ctx)
	return outcomes[ending], err
}

// outcomes are the names under which the endings of programs are counted.
var outcomes = map[process.Ending]string{
	process.OK: outcomeOK, process.Failed: outcomeFailed, process.TimedOut: outcomeTimedOut, process.Cut: outcomeCut,
	process.NotStarted: outcomeNotStarted,
}

// variables returns the environment variables that tell an event.
func variables(e api.Event) []string {
	m := e.Member
	env := []string{
		"HEARTSAY_EVENT=" + string(e.Type),
		"HEARTSAY_EVENT_EPOCH=" + e.Epoch,
		"HEARTSAY_EVENT_SEQ=" + strconv.FormatUint(e.Seq, 10),
		"HEARTSAY_EVENT_TIME=" + e.Time.Format(time.RFC3339Nano),
		"HEARTSAY_EVENT_REASON=" + e.Reason,
		"HEARTSAY_MEMBER=" + m.Name,
		"HEARTSAY_MEMBER_ADDRESS=" + m.Address,
		"HEARTSAY_MEMBER_STATE=" + string(m.State),
		"HEARTSAY_MEMBER_ZONE=" + m.Zone,
		"HEARTSAY_MEMBER_INCARNATION=" + strconv.FormatUint(m.Incarnation, 10),
	}
	for key, value := range m.Tags {
		env = append(env, "HEARTSAY_TAG_"+variableName(key)+"="+value)
	}
	for i, v := range env {
		env[i] = strings.ReplaceAll(v, "\x00", "") // no variable can hold it
	}
	return env
}

// variableName returns key as part of a variable's name: letters in upper case, digits, and _ for all else.
func variableName(key string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		}
		return '_'
	}, key)
}
