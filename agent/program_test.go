package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"heartsay/api"
)

// deadEvent is what the programs of these tests are given.
var deadEvent = api.Event{
	Epoch: "e1", Seq: 7, Time: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), Type: "dead", Reason: "silent for 3s",
	Member: api.Member{Name: "bob", Address: "10.0.0.2:4327", State: "dead", Zone: "z1", Incarnation: 99,
		Tags: map[string]string{"role": "db", "a.b-c": "x\x00y"}},
}

// script is a program of a shell, in a folder where it may leave files. It is given the folder as $1.
func script(t *testing.T, text string) (p *program, dir string) {
	t.Helper()
	dir = t.TempDir()
	path := filepath.Join(dir, "script")
	if err := os.WriteFile(path, []byte("#!/bin/sh\ncd $1\n"+text+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	h := Handler{Types: []api.EventType{"dead"}, Command: []string{path, dir}}
	return &program{Handler: h, patience: time.Minute, context: []string{"HEARTSAY_AGENT=ann"}}, dir
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// gone waits until the process whose number is in a file runs no more.
func gone(t *testing.T, path string) {
	t.Helper()
	pid, err := strconv.Atoi(strings.TrimSpace(read(t, path)))
	if err != nil {
		t.Fatal(err)
	}
	await(t, fmt.Sprintf("process %d is gone", pid), func() bool {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		zombie := strings.Contains(string(stat), ") Z ") // nobody may be there to bury it
		return zombie || err != nil || errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
	})
}

func TestAProgramIsGivenTheEventOnItsInputAndInItsEnvironment(t *testing.T) {
	t.Setenv("HEARTSAY_KEY_FILE", "/secret")
	t.Setenv("OTHER", "kept")
	p, dir := script(t, "cat > input; env | grep -E 'HEARTSAY|OTHER' | sort > env; pwd > where")
	if outcome, err := p.do(t.Context(), job{event: deadEvent}, noRetry); outcome != outcomeOK || err != nil {
		t.Fatalf("the program went %s, %v", outcome, err)
	}
	var got api.Event
	if err := json.Unmarshal([]byte(read(t, dir+"/input")), &got); err != nil || got.Seq != 7 || got.Member.Tags["role"] != "db" {
		t.Errorf("the input is %s, %v, want the event as JSON", read(t, dir+"/input"), err)
	}
	want := `HEARTSAY_AGENT=ann
HEARTSAY_EVENT=dead
HEARTSAY_EVENT_EPOCH=e1
HEARTSAY_EVENT_REASON=silent for 3s
HEARTSAY_EVENT_SEQ=7
HEARTSAY_EVENT_TIME=2026-01-02T03:04:05.000000006Z
HEARTSAY_MEMBER=bob
HEARTSAY_MEMBER_ADDRESS=10.0.0.2:4327
HEARTSAY_MEMBER_INCARNATION=99
HEARTSAY_MEMBER_STATE=dead
HEARTSAY_MEMBER_ZONE=z1
HEARTSAY_TAG_A_B_C=xy
HEARTSAY_TAG_ROLE=db
OTHER=kept
`
	if env := read(t, dir+"/env"); env != want {
		t.Errorf("the environment is\n%s\nwant\n%s", env, want)
	}
}

func TestNoShellSeesTheArgumentsOfAProgram(t *testing.T) {
	p, dir := script(t, `printf '%s\n' "$@" > args`)
	p.Command = append(p.Command, "$(touch /tmp/x)", "a b", "*", "; exit 3")
	if outcome, err := p.do(t.Context(), job{event: deadEvent}, noRetry); outcome != outcomeOK {
		t.Fatalf("the program went %s, %v", outcome, err)
	}
	if got, want := read(t, dir+"/args"), dir+"\n$(touch /tmp/x)\na b\n*\n; exit 3\n"; got != want {
		t.Errorf("the arguments are\n%s\nwant\n%s", got, want)
	}
}

func TestAProgramThatHangsIsKilledWithAllItStarted(t *testing.T) {
	p, dir := script(t, "sleep 1000 & echo $! > child; (sleep 1000 & echo $! > grandchild); echo $$ > self; echo working; sleep 1000")
	p.patience = 500 * time.Millisecond
	outcome, err := p.do(t.Context(), job{event: deadEvent}, noRetry)
	if outcome != outcomeTimedOut || !strings.Contains(fmt.Sprint(err), `ran for longer than 500ms; output: "working"`) {
		t.Errorf("a program that hangs went %s, %v", outcome, err)
	}
	for _, file := range []string{"self", "child", "grandchild"} {
		gone(t, filepath.Join(dir, file))
	}
}

func TestWhatAProgramLeavesBehindIsKilled(t *testing.T) {
	p, dir := script(t, "sleep 1000 & echo $! > child")
	if outcome, err := p.do(t.Context(), job{event: deadEvent}, noRetry); outcome != outcomeOK || err != nil {
		t.Errorf("a program that ended well went %s, %v", outcome, err)
	}
	gone(t, filepath.Join(dir, "child"))
}

func TestAProgramIsKilledWhenTheAgentEnds(t *testing.T) {
	p, dir := script(t, "echo $$ > self; sleep 1000")
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
			if b, _ := os.ReadFile(dir + "/self"); len(b) > 0 {
				break
			}
		}
		cancel(errStopping)
	}()
	if outcome, err := p.do(ctx, job{event: deadEvent}, noRetry); outcome != outcomeCut || !errors.Is(err, errStopping) {
		t.Errorf("the program went %s, %v, want that it was cut", outcome, err)
	}
	gone(t, dir+"/self")
}

func TestAProgramThatFailsShowsItsCodeAndTheBeginningOfItsOutput(t *testing.T) {
	p, _ := script(t, `printf 'no\033[2J such host\n' >&2; exit 3`)
	outcome, err := p.do(t.Context(), job{event: deadEvent}, noRetry)
	if want := `exit status 3; output: "no\x1b[2J such host"`; outcome != outcomeFailed || err == nil || err.Error() != want {
		t.Errorf("the program went %s, %v, want failed, %s", outcome, err, want)
	}
}

func TestAProgramThatPrintsWithoutEndCostsNoMemory(t *testing.T) {
	p, _ := script(t, "head -c 1000000000 /dev/zero; exit 1")
	before := memory()
	outcome, err := p.do(t.Context(), job{event: deadEvent}, noRetry)
	if outcome != outcomeFailed || !strings.Contains(err.Error(), "and 999995904 bytes more") {
		t.Errorf("a program that prints 1 GB went %s, %.100v", outcome, err)
	}
	if after := memory(); after > before+1<<20 {
		t.Errorf("it cost %d bytes of memory", after-before)
	}
}

func TestAProgramThatIsGoneOrNoProgramIsNotStarted(t *testing.T) {
	p, _ := script(t, "")
	for _, path := range []string{"/no/such/program", "/etc/passwd", "/"} {
		p.Command[0] = path
		if outcome, err := p.do(t.Context(), job{event: deadEvent}, noRetry); outcome != outcomeNotStarted || err == nil {
			t.Errorf("%s went %s, %v, want that it was not started", path, outcome, err)
		}
	}
}

func TestAProgramNeedNotReadItsInput(t *testing.T) {
	p, _ := script(t, "exit 0")
	e := api.Event{Type: api.EventReset, Members: []api.Member{{Name: strings.Repeat("x", 1<<20)}}}
	if outcome, err := p.do(t.Context(), job{event: e}, noRetry); outcome != outcomeOK || err != nil {
		t.Errorf("a program that ignores a megabyte of input went %s, %v", outcome, err)
	}
}

// noRetry is told of failed attempts by actions that make one only.
func noRetry(int, error) { panic("a program is not tried again") }
