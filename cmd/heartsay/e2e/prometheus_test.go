package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"heartsay/cmd/heartsay/internal/clitest"
)

// TestPrometheusFindsAndScrapesTheCluster runs a real Prometheus with the documented configuration: it finds all agents by
// asking one, keeps one that crashed as a target that is down, and understands what the dashboard asks.
func TestPrometheusFindsAndScrapesTheCluster(t *testing.T) {
	t.Parallel()
	prometheus := tool(t, "prometheus", "prometheus")
	dir := clitest.SocketDir(t)
	port := freePorts(t, 1)[0] // of the metrics, the same on three addresses of loopback
	var agents []*process
	for i, name := range []string{"a", "b", "c"} {
		ip := fmt.Sprintf("127.0.0.%d", i+1)
		flags := []string{"--bind", ip + ":0", "--metrics", ip + ":" + port, "--profile", "local"}
		if i > 0 {
			self, err := agents[0].client.Self(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			flags = append(flags, "--join", self.Address)
		}
		agents = append(agents, startProcess(t, dir, name, nil, flags...))
	}
	agents[0].sees(20*time.Second, "b=alive c=alive")
	url := startPrometheus(t, prometheus, dir, port)

	up := func(want string) {
		t.Helper()
		agents[0].await(60*time.Second, "Prometheus has the targets "+want, func() bool { return targetsUp(t, url) == want })
	}
	up("a=up b=up c=up")
	checkDashboard(t, url)
	agents[2].kill()
	up("a=up b=up c=down")
	agents[0].sees(30*time.Second, "b=alive c=dead")
	agents[0].await(30*time.Second, "the alert that a member is dead waits or sounds", func() bool {
		_, body := get(t, url+"/api/v1/alerts")
		return strings.Contains(body, "HeartsayMemberDead")
	})
	agents[0].kill() // the one that is asked for targets: the list stays
	up("a=down b=up c=down")
}

// startPrometheus starts Prometheus with docs/metrics.md's configuration, asking every second, and returns its URL.
func startPrometheus(t *testing.T, prometheus, dir, port string) string {
	t.Helper()
	config := documentFile(t, "docs/metrics.md", "prometheus.yml")
	config = strings.NewReplacer("4328", port, "refresh_interval: 10s", "refresh_interval: 1s").Replace(config)
	config = "global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}\n" + config
	rules, err := os.ReadFile(filepath.Join(root, "deploy/prometheus/heartsay.rules.yml"))
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"prometheus.yml": []byte(config), "heartsay.rules.yml": rules} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	address := "127.0.0.1:" + freePorts(t, 1)[0]
	cmd := exec.Command(prometheus, "--config.file="+filepath.Join(dir, "prometheus.yml"), "--web.listen-address="+address,
		"--storage.tsdb.path="+filepath.Join(dir, "data"), "--log.level=warn")
	log, err := os.Create(filepath.Join(dir, "prometheus.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGKILL)
		_ = cmd.Wait()
		if t.Failed() {
			b, _ := os.ReadFile(log.Name())
			t.Logf("prometheus wrote:\n%s", b)
		}
	})
	return "http://" + address
}

// targetsUp returns the targets that Prometheus has, "a=up b=down".
func targetsUp(t *testing.T, url string) string {
	t.Helper()
	_, body := get(t, url+"/api/v1/targets")
	var answer struct {
		Data struct {
			ActiveTargets []struct {
				Health string
				Labels map[string]string
			}
		}
	}
	_ = json.Unmarshal([]byte(body), &answer) // not up yet
	var all []string
	for _, target := range answer.Data.ActiveTargets {
		all = append(all, target.Labels["member"]+"="+target.Health)
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// checkDashboard asks Prometheus all that the dashboard asks.
func checkDashboard(t *testing.T, url string) {
	t.Helper()
	var d dashboard
	if err := json.Unmarshal([]byte(readFile(t, "deploy/grafana/heartsay.json")), &d); err != nil {
		t.Fatal(err)
	}
	for _, expression := range d.expressions() {
		request, err := http.NewRequest(http.MethodGet, url+"/api/v1/query", nil)
		if err != nil {
			t.Fatal(err)
		}
		query := request.URL.Query()
		query.Set("query", expression)
		request.URL.RawQuery = query.Encode()
		if status, body := get(t, request.URL.String()); status != 200 {
			t.Errorf("Prometheus does not understand %s: %s", expression, body)
		}
	}
}
