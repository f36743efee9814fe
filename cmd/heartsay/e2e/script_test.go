package e2e

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScript runs the scripts in testdata/script with the real program. They know commands of their own:
//
//	exits CODE COMMAND [ARG...]   runs a command that must exit with that code; stdout and stderr can be looked at
//	freeport NAME...              sets variables to ports of 127.0.0.1 that nobody uses
//	sigterm NAME                  sends SIGTERM to the agent of that name, which runs in the background
//
// $api is an address for the API of an agent, where none runs at first.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "../../../testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": scriptExits, "freeport": scriptFreePort, "sigterm": scriptSigterm,
		},
		Setup: func(e *testscript.Env) error {
			dir, err := os.MkdirTemp("/tmp", "hs") // $WORK may be longer than the path of a socket
			if err != nil {
				return err
			}
			e.Defer(func() { os.RemoveAll(dir) })
			e.Setenv("dir", dir)
			e.Setenv("api", "unix://"+dir+"/api.sock")
			e.Setenv("HEARTSAY_API", "unix://"+dir+"/api.sock")
			e.Setenv("TZ", "UTC")
			e.Setenv("GORACE", "atexit_sleep_ms=0") // or each of the processes would take a second to end
			e.Setenv("ESC", "\x1b[2J")
			return nil
		},
	})
}

func scriptExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARG...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	switch err := ts.Exec(args[1], args[2:]...); {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		ts.Fatalf("run %s: %v", args[1], err)
	}
	if got != want {
		ts.Fatalf("%q exits with %d, want %d", args[1:], got, want)
	}
}

func scriptFreePort(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: freeport NAME...")
	}
	for _, name := range args {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		ts.Check(err)
		defer l.Close() // only when all are found, so that they differ
		_, port, err := net.SplitHostPort(l.Addr().String())
		ts.Check(err)
		ts.Setenv(name, port)
	}
}

func scriptSigterm(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: sigterm NAME")
	}
	for _, c := range ts.BackgroundCmds() {
		if i := slices.Index(c.Args, "--name"); i > 0 && c.Args[i+1] == args[0] {
			ts.Check(c.Process.Signal(syscall.SIGTERM))
			return
		}
	}
	ts.Fatalf("no agent called %s runs", args[0])
}
