package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"heartsay/api"
	"heartsay/cmd/heartsay/internal/clitest"
)

// TestRealAgentPostsAndRunsWhatHappensUntilItsOwnGoodbye has an agent tell a receiver and a program of a member that is
// killed, and of its own leave.
func TestRealAgentPostsAndRunsWhatHappensUntilItsOwnGoodbye(t *testing.T) {
	dir := clitest.SocketDir(t)
	secret := []byte("a secret of some length")
	write := func(name, content string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	var mu sync.Mutex
	var posted []string
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var e api.CloudEvent
		if err := api.VerifyWebhook(secret, time.Now(), time.Minute, r.Header, body); err != nil {
			t.Error(err)
		}
		if err := json.Unmarshal(body, &e); err != nil {
			t.Errorf("the receiver got %s: %v", body, err)
		}
		mu.Lock()
		defer mu.Unlock()
		posted = append(posted, e.Type+" "+e.Subject)
	}))
	defer receiver.Close()

	b := startProcess(t, dir, "b", nil, "--bind", "127.0.0.1:0", "--profile", "local")
	self, err := b.client.Self(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ran := filepath.Join(dir, "ran")
	program := write("program", "#!/bin/sh\necho $HEARTSAY_EVENT $HEARTSAY_MEMBER >> "+ran+"\n", 0o700)
	hangs := write("hangs", "#!/bin/sh\nsleep 1000 & echo $! > "+dir+"/child; wait\n", 0o700)
	t.Setenv("HEARTSAY_ON_EVENT", "join,dead,left="+program+"\nleft="+hangs) // a line each
	a := startProcess(t, dir, "a", nil, "--bind", "127.0.0.1:0", "--profile", "local", "--join", self.Address,
		"--webhook", "*="+receiver.URL, "--webhook-secret-file", write("secret", string(secret)+"\n", 0o600),
		"--dead-max", "2s", "--suspect-max", "1s")
	a.sees(30*time.Second, "b=alive")
	b.kill()
	a.sees(30*time.Second, "b=dead")
	a.await(30*time.Second, "the program ran for the death of b", func() bool {
		text, _ := os.ReadFile(ran)
		return strings.Contains(string(text), "dead b")
	})
	begin := time.Now()
	a.end(syscall.SIGTERM)
	if code := a.cmd.ProcessState.ExitCode(); code != 0 || time.Since(begin) > 30*time.Second {
		t.Errorf("the agent ended with code %d after %s beside a handler that hangs:\n%s", code, time.Since(begin), a.log)
	}
	text, _ := os.ReadFile(ran)
	if got := string(text); !strings.Contains(got, "join a\n") || !strings.HasSuffix(got, "dead b\nleft a\n") {
		t.Errorf("the program ran for\n%s\nwant the joins, then that b died and that a left", got)
	}
	mu.Lock()
	defer mu.Unlock()
	story := strings.Join(posted, ", ")
	if !strings.Contains(story, "heartsay.member.suspect b, heartsay.member.dead b") || !strings.HasSuffix(story, "left a") {
		t.Errorf("the receiver heard [%s], want that b was suspect, then dead, and that a left at last", story)
	}
	pid, _ := os.ReadFile(dir + "/child")
	a.await(10*time.Second, "what the hanging handler started is gone", func() bool {
		_, err := os.Stat("/proc/" + strings.TrimSpace(string(pid)) + "/fd/0")
		return len(pid) > 0 && err != nil
	})
}
