package e2e

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"heartsay/cmd/heartsay/internal/cli"
	"heartsay/cmd/heartsay/internal/clitest"
)

// diagnosis is what the doctor says as JSON.
type diagnosis struct {
	Findings []struct{ Check, Result, Message, Todo string }
	Failed   int
}

// has reports whether a check has a result whose words hold all of these.
func (d diagnosis) has(check, result string, words ...string) bool {
	for _, f := range d.Findings {
		text, holds := f.Message+": "+f.Todo, f.Check == check && f.Result == result
		for _, w := range words {
			holds = holds && strings.Contains(text, w)
		}
		if holds {
			return true
		}
	}
	return false
}

// diagnose lets the doctor examine the agent at url.
func diagnose(t *testing.T, url string, args ...string) (d diagnosis) {
	t.Helper()
	cmd := exec.Command("heartsay", append([]string{"doctor", "-o", "json", "--api", url}, args...)...)
	out, err := cmd.Output()
	if fault := json.Unmarshal(out, &d); fault != nil {
		t.Fatalf("the doctor says %q, %v: %v", out, err, fault)
	}
	return d
}

func TestTheDoctorTellsOnHostsWhatTheNetworkLosesBetweenThem(t *testing.T) {
	t.Parallel()
	h := newHosts(t, 3)
	dir := clitest.SocketDir(t)
	a := h.agent(dir, 1, "--state-dir", dir)
	b := h.agent(dir, 2, "--join", "10.0.0.1")
	a.sees(20*time.Second, "b=alive")
	url := "unix://" + filepath.Join(dir, "a.sock")

	if d := diagnose(t, url); d.Failed != 0 || !d.has("peer", "ok", "b at 10.0.0.2:4327", "full ones too") {
		t.Errorf("in good health the doctor finds %+v", d.Findings)
	}

	h.drop("ip protocol udp")
	if d := diagnose(t, url, "10.0.0.2"); !d.has("udp", "FAIL", "10.0.0.2:4327", "UDP port 4327") {
		t.Errorf("without UDP the doctor finds %+v", d.Findings)
	}
	h.heal()
	h.drop("ip protocol tcp")
	if d := diagnose(t, url, "10.0.0.2"); !d.has("tcp", "FAIL", "10.0.0.2:4327", "TCP port 4327") {
		t.Errorf("without TCP the doctor finds %+v", d.Findings)
	}
	h.heal()
	b.sees(30*time.Second, "a=alive")

	h.run("ip -n HUB link set vI mtu 1000", 2) // a bridge says nothing about what it drops
	if d := diagnose(t, url, "10.0.0.2"); !d.has("mtu", "FAIL", "10.0.0.2:4327", "gossip sends 13") {
		t.Errorf("with a small MTU on the way the doctor finds %+v", d.Findings)
	}
	h.run("ip -n HUB link set vI mtu 1500", 2)

	if d := diagnose(t, url, "10.0.0.3"); !d.has("peer", "FAIL", "neither packets nor streams", "connection refused") {
		t.Errorf("of a host without an agent the doctor finds %+v", d.Findings)
	}
	c := h.agent(dir, 3, "--cluster", "other", "--join", "10.0.0.1")
	c.await(20*time.Second, "its seed has failed", func() bool { s := c.self().Seeds; return len(s) == 1 && s[0].LastError != "" })
	if d := diagnose(t, "unix://"+filepath.Join(dir, "c.sock")); !d.has("seed", "FAIL", `it is for the cluster "heartsay"`, "--cluster") {
		t.Errorf("in another cluster the doctor finds %+v", d.Findings)
	}
	if d := diagnose(t, url); !d.has("counters", "FAIL", "another cluster") && !d.has("counters", "warn", "another cluster") {
		t.Errorf("knocked at by another cluster the doctor finds %+v", d.Findings)
	}

	second := []string{"ip", "netns", "exec", h.namespace(3), "heartsay", "agent", "--name", "b", "--bind", "10.0.0.3:5000",
		"--allow-plaintext", "--join", "10.0.0.1", "--api", "unix://" + filepath.Join(dir, "b2.sock")}
	if code, out := runProcess(t, second...); code != cli.ExitFailed || !strings.Contains(out, "the name b is held") {
		t.Errorf("a second b exits with %d, %q, want 1 and that the name is held", code, out)
	}
	if d := diagnose(t, url); !d.has("name", "warn", "two agents wanted the name b", "10.0.0.3:5000", "--name") {
		t.Errorf("after a second b the doctor of the seed finds %+v", d.Findings)
	}
}
