package e2e

import (
	"context"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"heartsay/cmd/heartsay/internal/clitest"
)

// tool returns the path of a program that a package brings, or skips the test.
func tool(t *testing.T, name, packageName string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("needs %s: install the package %s", name, packageName)
	}
	return path
}

func TestPromtoolTakesTheAlertsAndTheirCases(t *testing.T) {
	t.Parallel()
	promtool := tool(t, "promtool", "prometheus")
	for _, args := range [][]string{{"check", "rules", "heartsay.rules.yml"}, {"test", "rules", "heartsay.rules.test.yml"}} {
		cmd := exec.Command(promtool, args...)
		cmd.Dir = filepath.Join(root, "deploy/prometheus")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

func TestEachAlertHasACase(t *testing.T) {
	cases := readFile(t, "deploy/prometheus/heartsay.rules.test.yml")
	alerts := regexp.MustCompile(`- alert: (\w+)`).FindAllStringSubmatch(readFile(t, "deploy/prometheus/heartsay.rules.yml"), -1)
	if len(alerts) == 0 {
		t.Fatal("there are no alerts")
	}
	for _, m := range alerts {
		if !strings.Contains(cases, "alertname: "+m[1]+"\n") || !strings.Contains(cases, "{alertname: "+m[1]+",") {
			t.Errorf("the alert %s has no case in which it sounds and one in which it does not", m[1])
		}
	}
}

func TestPromtoolTakesTheMetrics(t *testing.T) {
	promtool := tool(t, "promtool", "prometheus")
	port := freePorts(t, 1)[0]
	p := startProcess(t, clitest.SocketDir(t), "a", nil, "--bind", "127.0.0.1:0", "--metrics", port)
	p.await(10*time.Second, "it is ready", func() bool { return p.client.Ready(context.Background()) == nil })
	status, body := get(t, "http://127.0.0.1:"+port+"/metrics")
	if status != 200 {
		t.Fatalf("/metrics is answered with %d %s", status, body)
	}
	cmd := exec.Command(promtool, "check", "metrics")
	cmd.Stdin = strings.NewReader(body)
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("read %s: %v", url, err)
	}
	return response.StatusCode, string(b)
}

// checkNames fails the test for names of metrics in a text that docs/metrics.md does not have.
func checkNames(t *testing.T, file, text string) {
	t.Helper()
	documented := readFile(t, "docs/metrics.md")
	names := regexp.MustCompile(`\bheartsay_[a-z_]+`).FindAllString(text, -1)
	if len(names) == 0 {
		t.Errorf("%s uses no metric", file)
	}
	for _, name := range names {
		histogram := regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(name, "")
		if !strings.Contains(documented, "| `"+name+"`") && !strings.Contains(documented, "| `"+histogram+"`") {
			t.Errorf("%s uses %s, which docs/metrics.md does not have", file, name)
		}
	}
}

func TestAlertsUseMetricsThatExist(t *testing.T) {
	checkNames(t, "heartsay.rules.yml", readFile(t, "deploy/prometheus/heartsay.rules.yml"))
}
