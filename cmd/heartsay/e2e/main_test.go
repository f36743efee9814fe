// Package e2e tests the program as people and other programs use it: real processes, network namespaces as hosts, and
// the programs beside it: browsers, shells, load balancers, Prometheus.
//
// A process is one agent (process_test.go); hosts are namespaces on one bridge (namespaces_test.go), with faults of the
// network (network_faults_test.go) and of processes (process_faults_test.go); a rig is a cluster on such hosts
// (rig_test.go), to which the fault matrix (matrix_*) and the soak (soak_*) do what docs/reliability.md lists.
package e2e

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain runs the tests, or one of the small programs that they start.
func TestMain(m *testing.M) {
	testscript.Main(withProgram{m}, map[string]func(){"backend": serveBackend, "flood": flood, "hold": hold})
}

// withProgram runs tests with the real program in the path, built once for all of them.
type withProgram struct{ tests *testing.M }

func (w withProgram) Run() int {
	flag.Parse()
	if testing.Short() {
		fmt.Println("skipped: these tests build the program and run it in real processes; leave out -short to run them")
		return 0
	}
	dir, err := os.MkdirTemp("", "heartsay")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	args := []string{"build", "-buildvcs=false", "-o", dir + "/heartsay"}
	if raced {
		args = append(args, "-race")
	}
	if out, err := exec.Command("go", append(args, "heartsay/cmd/heartsay")...).CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the program: %v: %s", err, out)
		return 1
	}
	os.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	return w.tests.Run()
}
