package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

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

const (
	outputKept = 4 << 10     // bytes of a program's output that are logged
	pipeTime   = time.Second // for what a program leaves behind to let go of its pipes
)

// program is a handler that is a program.
type program struct {
	Handler
	patience time.Duration // for one run
	context  []string      // environment variables that are the same for all events
}

// do runs the program for one event. In the end nothing of its process group runs any more; a process that moved to a
// session of its own is not found.
func (p *program) do(ctx context.Context, j job, _ func(int, error)) (outcome string, err error) {
	input, err := json.Marshal(j.event)
	if err != nil {
		return outcomeNotStarted, fmt.Errorf("encode event: %w", err)
	}
	var output head
	cmd := exec.Command(p.Command[0], p.Command[1:]...)
	cmd.Dir = "/"
	cmd.Env = append(p.environment(), variables(j.event)...)
	cmd.Stdin = bytes.NewReader(append(input, '\n'))
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = pipeTime
	if err := cmd.Start(); err != nil {
		return outcomeNotStarted, err
	}
	// The group is gone, or is the program's: a number is not given out again until all others have been.
	kill := func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	ended := make(chan error, 1)
	go func() {
		ended <- cmd.Wait()
	}()
	timer := time.NewTimer(p.patience)
	defer timer.Stop()
	select {
	case err = <-ended:
		outcome = outcomeFailed
		if err == nil || cmd.ProcessState.Success() {
			outcome, err = outcomeOK, nil // that another process held its output is no fault
		}
	case <-timer.C:
		kill()
		<-ended
		outcome, err = outcomeTimedOut, fmt.Errorf("killed: it ran for longer than %s", p.patience)
	case <-ctx.Done():
		kill()
		<-ended
		outcome, err = outcomeCut, fmt.Errorf("killed: %w", context.Cause(ctx))
	}
	kill() // what it left behind
	if err != nil {
		err = fmt.Errorf("%w; output: %s", err, &output)
	}
	return outcome, err
}

// environment returns the agent's own environment without what is meant for the agent, and what tells whose event it
// is. Secrets and settings of the agent are none of a program's business.
func (p *program) environment() []string {
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "HEARTSAY_") && !strings.HasPrefix(v, "NOTIFY_SOCKET=") {
			env = append(env, v)
		}
	}
	return append(env, p.context...)
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

// head keeps the beginning of what is written to it and counts the rest.
type head struct {
	kept []byte
	more int
}

func (h *head) Write(b []byte) (int, error) {
	n := min(len(b), outputKept-len(h.kept))
	h.kept = append(h.kept, b[:n]...)
	h.more += len(b) - n
	return len(b), nil
}

// String returns what was kept, quoted, so that a program cannot forge log lines.
func (h *head) String() string {
	s := strconv.QuoteToGraphic(strings.TrimRight(string(h.kept), "\n"))
	if h.more > 0 {
		s += fmt.Sprintf(" and %d bytes more", h.more)
	}
	return s
}
