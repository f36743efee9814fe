package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"heartsay/agent/internal/localapi"
	"heartsay/api"
)

const tenThousand = 10_000

// amongTenThousand starts an agent whose only seed is one of 9,999 others, waits until it lists all, and stops it at
// the end of the test.
func amongTenThousand(t *testing.T) *Agent {
	t.Helper()
	c := newCluster(t)
	crowd := newCrowd(t, c.net, tenThousand-1)
	a := c.start("watcher", 1, crowdAddress(0).String())
	t.Cleanup(func() {
		c.stop("watcher")
		crowd.stop()
	})
	for end := time.Now().Add(5 * time.Minute); len(membersOf(t, a)) < tenThousand; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the agent lists %d members, not %d", len(membersOf(t, a)), tenThousand)
		}
	}
	return a
}

func membersOf(t *testing.T, a *Agent) []api.Member {
	t.Helper()
	all, err := a.Members(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return all.Members
}

// TestAgentLivesAmongTenThousand lets an agent get the list of 10,000 on one stream and follow all their heartbeats
// for two minutes, in packets of the usual size: it suspects nobody.
func TestAgentLivesAmongTenThousand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		before := liveBytes()
		a := amongTenThousand(t)
		time.Sleep(time.Minute)
		early := countersOf(t, a)
		time.Sleep(time.Minute)
		late := countersOf(t, a)
		var oldest time.Duration
		for _, m := range membersOf(t, a) {
			if m.State != "alive" {
				t.Errorf("%s is %s after a silence of %s", m.Name, m.State, m.Silence)
			}
			oldest = max(oldest, m.Silence)
		}
		packets := late["packets_sent"] - early["packets_sent"]
		each := (late["bytes_sent"] - early["bytes_sent"] + 28*packets) / 60 // with the headers of IP and UDP
		t.Logf("%d bytes and %.1f packets a second sent; the oldest news is of %.1f s ago", each, float64(packets)/60, oldest.Seconds())
		t.Logf("%d bytes of memory a member, those of the crowd included", (liveBytes()-before)/tenThousand)
		if each > 12_000 {
			t.Errorf("the agent sends %d bytes a second, want at most 12,000", each)
		}
	})
}

func countersOf(t *testing.T, a *Agent) map[string]uint64 {
	t.Helper()
	s, err := a.Self(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return s.Counters
}

func liveBytes() uint64 {
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return s.HeapAlloc
}

// TestTenThousandMembersOverTheAPI asks an agent among 10,000 by its API, and by the program that people use.
func TestTenThousandMembersOverTheAPI(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	a := amongTenThousand(t)
	dir, err := os.MkdirTemp("/tmp", "hs") // whose path leaves room for the name of a socket
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "api.sock")
	server := a.server
	listener, err := localapi.ListenSocket(path)
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(listener) }()
	defer server.Close()

	client, err := api.New("unix://" + path)
	if err != nil {
		t.Fatal(err)
	}
	snapshot := new(api.View)
	for e, err := range client.Events(t.Context(), api.EventsRequest{Snapshot: true}) {
		if err != nil {
			t.Fatal(err)
		}
		if snapshot.Apply(e); snapshot.Valid() {
			break
		}
	}
	if n := len(snapshot.Members()); n != tenThousand {
		t.Errorf("a subscriber's snapshot has %d members, want %d", n, tenThousand)
	}

	program := filepath.Join(dir, "heartsay")
	if out, err := exec.Command("go", "build", "-o", program, "heartsay/cmd/heartsay").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	run := func(args ...string) []byte {
		out, err := exec.Command(program, append(args, "--api", "unix://"+path)...).Output()
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("heartsay %v: %v: %s", args, err, exit.Stderr)
		} else if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if lines := bytes.Count(run("members"), []byte("\n")); lines < tenThousand {
		t.Errorf("heartsay members prints %d lines, want %d and more", lines, tenThousand)
	}
	var all api.Members
	if err := json.Unmarshal(run("members", "-o", "json"), &all); err != nil || len(all.Members) != tenThousand {
		t.Errorf("heartsay members -o json has %d members, %v", len(all.Members), err)
	}
	run("wait", "--members", fmt.Sprint(tenThousand), "--timeout", "20s")
}
