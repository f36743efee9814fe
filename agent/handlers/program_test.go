package handlers

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
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
	h := Program{Types: []api.EventType{"dead"}, Command: []string{path, dir}}
	return &program{Program: h, patience: time.Minute, context: []string{"HEARTSAY_AGENT=ann"}}, dir
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestProgramIsGivenTheEventOnItsInputAndInItsEnvironment(t *testing.T) {
	t.Setenv("HEARTSAY_WEBHOOK", "dead=https://user:password@host/") // such are not its business
	t.Setenv("NOTIFY_SOCKET", "/run/notify")
	t.Setenv("OTHER", "kept")
	p, dir := script(t, "cat > input; env | grep -E 'HEARTSAY|NOTIFY|OTHER' | sort > env; pwd > where")
	if outcome, err := p.Do(t.Context(), Job{Event: deadEvent}, noRetry); outcome != outcomeOK || err != nil {
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

func TestProgramGetsItsArgumentsWithoutAShell(t *testing.T) {
	p, dir := script(t, `printf '%s\n' "$@" > args`)
	p.Command = append(p.Command, "$(touch /tmp/x)", "a b", "*", "; exit 3")
	if outcome, err := p.Do(t.Context(), Job{Event: deadEvent}, noRetry); outcome != outcomeOK {
		t.Fatalf("the program went %s, %v", outcome, err)
	}
	if got, want := read(t, dir+"/args"), dir+"\n$(touch /tmp/x)\na b\n*\n; exit 3\n"; got != want {
		t.Errorf("the arguments are\n%s\nwant\n%s", got, want)
	}
}

func TestProgramIsCountedByHowItEnded(t *testing.T) {
	ended, cancel := context.WithCancelCause(t.Context())
	cancel(errEnded)
	for _, c := range []struct {
		ctx        context.Context
		text, want string
		cause      string
	}{
		{t.Context(), "exit 0", outcomeOK, ""}, {t.Context(), "exit 3", outcomeFailed, "exit status 3"},
		{t.Context(), "sleep 1000", outcomeTimedOut, "ran for longer than 200ms"},
		{ended, "sleep 1000", outcomeCut, errEnded.Error()},
	} {
		p, _ := script(t, c.text)
		if c.want == outcomeTimedOut {
			p.patience = 200 * time.Millisecond
		}
		outcome, err := p.Do(c.ctx, Job{Event: deadEvent}, noRetry)
		if outcome != c.want || !strings.Contains(fmt.Sprint(err), c.cause) {
			t.Errorf("%s went %s, %v: want %s, %s", c.text, outcome, err, c.want, c.cause)
		}
	}
}

func TestProgramThatFailsShowsItsCodeAndTheBeginningOfItsOutput(t *testing.T) {
	p, _ := script(t, `printf 'no\033[2J such host\n' >&2; exit 3`)
	outcome, err := p.Do(t.Context(), Job{Event: deadEvent}, noRetry)
	if want := `exit status 3; output: "no\x1b[2J such host"`; outcome != outcomeFailed || err == nil || err.Error() != want {
		t.Errorf("the program went %s, %v, want failed, %s", outcome, err, want)
	}
}

func TestProgramThatIsGoneOrNoProgramIsNotStarted(t *testing.T) {
	p, _ := script(t, "")
	for _, path := range []string{"/no/such/program", "/etc/passwd", "/"} {
		p.Command[0] = path
		if outcome, err := p.Do(t.Context(), Job{Event: deadEvent}, noRetry); outcome != outcomeNotStarted || err == nil {
			t.Errorf("%s went %s, %v, want that it was not started", path, outcome, err)
		}
	}
}

func TestHostile20AProgramThatOthersCouldChangeIsNotRun(t *testing.T) {
	p, dir := script(t, "echo ran > out")
	path := filepath.Join(dir, "program")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	p.Command[0] = path
	if err := p.validate(); err != nil {
		t.Fatal(err)
	}
	if outcome, err := p.Do(t.Context(), Job{Event: deadEvent}, noRetry); outcome != outcomeOK {
		t.Fatalf("it went %s, %v", outcome, err)
	}
	if err := os.Chmod(path, 0o777); err != nil { // after the start
		t.Fatal(err)
	}
	outcome, err := p.Do(t.Context(), Job{Event: deadEvent}, noRetry)
	if outcome != outcomeNotStarted || err == nil || !strings.Contains(err.Error(), "can be written by everybody") {
		t.Errorf("a program that everybody can write went %s, %v: want that it was not started, and why", outcome, err)
	}
	if err := p.validate(); err == nil || !strings.Contains(err.Error(), "chmod o-w") {
		t.Errorf("at a reload: %v: want it refused", err)
	}
}

func TestProgramNeedNotReadItsInput(t *testing.T) {
	p, _ := script(t, "exit 0")
	e := api.Event{Type: api.EventReset, Members: []api.Member{{Name: strings.Repeat("x", 1<<20)}}}
	if outcome, err := p.Do(t.Context(), Job{Event: e}, noRetry); outcome != outcomeOK || err != nil {
		t.Errorf("a program that ignores a megabyte of input went %s, %v", outcome, err)
	}
}

// noRetry is the retry of an action that makes one attempt only.
func noRetry(int, error) { panic("a program is not tried again") }
