package e2e

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"heartsay/cmd/heartsay/internal/clitest"
)

// TestFiveThousandSubscribersOfOneAgentAllHearOfAJoin opens 5,000 streams of events to a real agent
// and lets another agent join. With -v it says what that costs; docs/events.md has the figures.
func TestFiveThousandSubscribersOfOneAgentAllHearOfAJoin(t *testing.T) {
	const n = 5000
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil || files.Max < n+200 {
		t.Skipf("needs %d open files, and may have %d: raise it with ulimit -Hn", n+200, files.Max)
	}
	dir := clitest.SocketDir(t)
	a := startProcess(t, dir, "a", nil, "--bind", "127.0.0.1:0", "--profile", "local")
	self, err := a.client.Self(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	before := resident(t, a) << 10
	readers := make([]*bufio.Reader, n)
	conns := make([]net.Conn, n)
	for i := range readers {
		if conns[i], err = net.Dial("unix", filepath.Join(dir, "a.sock")); err != nil {
			t.Fatalf("subscriber %d: %v", i, err)
		}
		defer conns[i].Close()
		fmt.Fprint(conns[i], "GET /v1/events?type=join HTTP/1.1\r\nHost: heartsay\r\n\r\n")
		response, err := http.ReadResponse(bufio.NewReader(conns[i]), nil)
		if err != nil || response.StatusCode != 200 {
			t.Fatalf("subscriber %d is answered with %+v, %v", i, response, err)
		}
		readers[i] = bufio.NewReader(response.Body)
	}
	each := (resident(t, a)<<10 - before) / n
	startProcess(t, dir, "b", nil, "--bind", "127.0.0.1:0", "--profile", "local", "--join", self.Address)
	late := make([]time.Duration, 0, n)
	for i, r := range readers {
		line, err := r.ReadString('\n')
		for line == "\n" && err == nil { // a sign of life
			line, err = r.ReadString('\n')
		}
		if err != nil || !strings.Contains(line, `"name":"b"`) {
			t.Fatalf("subscriber %d got %.100q, %v, want that b joined", i, line, err)
		}
		late = append(late, lateness(t, line))
	}
	slices.Sort(late)
	t.Logf("each of %d subscribers costs the agent %d bytes of resident memory", n, each)
	t.Logf("the event was read by the first after %s, by half after %s, by all after %s", late[0], late[n/2], late[n-1])
	if each > 128<<10 { // with the race detector it is 55 KiB
		t.Errorf("a subscriber costs %d bytes, want no more than 128 KiB", each)
	}
}

// lateness returns how long after its time an event is read.
func lateness(t *testing.T, line string) time.Duration {
	t.Helper()
	_, rest, _ := strings.Cut(line, `"time":"`)
	text, _, _ := strings.Cut(rest, `"`)
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatal(err)
	}
	return time.Since(at)
}
