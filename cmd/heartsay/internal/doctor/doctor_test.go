package doctor

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"heartsay/cmd/heartsay/internal/cli"
	"heartsay/cmd/heartsay/internal/clitest"
	"heartsay/cmd/heartsay/internal/config"
)

// diagnosed is what the doctor says as JSON.
type diagnosed struct {
	Findings []finding
	Failed   int
	Warned   int
}

// has reports whether a check has a result whose words hold all of these.
func (d diagnosed) has(check, result string, words ...string) bool {
	return slices.ContainsFunc(d.Findings, func(f finding) bool {
		for _, w := range words {
			if !strings.Contains(f.Message+": "+f.Todo, w) {
				return false
			}
		}
		return f.Check == check && f.Result == result
	})
}

func parseDiagnosis(t *testing.T, out string) (d diagnosed) {
	t.Helper()
	if err := json.Unmarshal([]byte(out), &d); err != nil {
		t.Fatalf("the doctor says %q: %v", out, err)
	}
	return d
}

// diagnose lets the doctor examine the agent at url.
func diagnose(t *testing.T, url string, args ...string) diagnosed {
	t.Helper()
	program := &cli.Program{Name: "heartsay", Source: config.AddFile, Commands: []*cli.Command{command(waits{grow: 50 * time.Millisecond, past: 50 * time.Millisecond})}}
	code, out, err := clitest.Run(program, url, append([]string{"doctor", "-o", "json"}, args...)...)
	d := parseDiagnosis(t, out)
	if want := map[bool]int{true: cli.ExitFalse, false: cli.ExitOK}[d.Failed > 0]; code != want {
		t.Errorf("the doctor exits with %d after %d failures, %s, want %d", code, d.Failed, err, want)
	}
	return d
}

// patient answers like an agent with one peer, with the probe and the counters given. The counters of every later
// answer are the second ones.
func patient(t *testing.T, probe string, counters ...string) string {
	asked := 0
	return clitest.Agent(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/v1/self":
			fmt.Fprintf(w, `{"name":"a","cluster":"c","epoch":"e","states":{"alive":2},"counters":{%s}}`,
				counters[min(asked, len(counters)-1)])
			asked++
		case "/v1/members":
			io.WriteString(w, `{"self":"a","members":[{"name":"a","state":"alive"},{"name":"b","address":"10.0.0.2:4327","state":"alive"}]}`)
		case "/v1/probe":
			io.WriteString(w, probe)
		}
	})
}

const wellProbe = `{"address":"10.0.0.2:4327","name":"b","full_bytes":1400,"passed_bytes":1400,"clock_ahead_seconds":0.1}`

func TestTheDoctorJudgesPeersByWhatAProbeFinds(t *testing.T) {
	t.Parallel()
	for probe, want := range map[string][]string{
		wellProbe: {"peer", resultOK, "b at 10.0.0.2:4327", "clock 0.1 s ahead"},
		`{"address":"10.0.0.2:4327","packet_error":"x"}`:                                                          {"udp", resultFail, "answers streams, but no packets", "UDP port 4327"},
		`{"address":"10.0.0.2:4327","stream_error":"x"}`:                                                          {"tcp", resultFail, "answers packets, but no streams", "TCP port 4327"},
		`{"address":"10.0.0.2:4327","packet_error":"x","stream_error":"a: b: refused"}`:                           {"peer", resultFail, "neither packets nor streams (b: refused)"},
		`{"address":"10.0.0.2:4327","full_bytes":1400,"passed_bytes":1100}`:                                       {"mtu", resultFail, "above 1100 bytes, and gossip sends 1400", "to 1448"},
		`{"address":"10.0.0.2:4327","full_bytes":9,"passed_bytes":9,"clock_ahead_seconds":-30}`:                   {"clock", resultWarn, "30.0 s behind"},
		`{"address":"10.0.0.2:4327","full_bytes":9,"passed_bytes":9,"clock_ahead_seconds":7200}`:                  {"clock", resultFail, "7200.0 s ahead", "NTP"},
		`{"address":"10.0.0.2:4327","name":"b\u001b[2J","full_bytes":9,"passed_bytes":9,"clock_ahead_seconds":0}`: {"peer", resultOK, "b\x1b"},
	} {
		if d := diagnose(t, patient(t, probe, "")); !d.has(want[0], want[1], want[2:]...) {
			t.Errorf("%s is judged as %+v, want %q", probe, d.Findings, want)
		}
	}
}

func TestCounterThatGrowsIsAFailureAndOneThatStandsAWarning(t *testing.T) {
	t.Parallel()
	d := diagnose(t, patient(t, wellProbe, `"drop_cluster":3,"drop_key":7,"packets_sent":9`, `"drop_cluster":4,"drop_key":7,"packets_sent":10`))
	if !d.has("counters", resultFail, "another cluster", "drop_cluster 4, now 1 more", "--cluster") ||
		!d.has("counters", resultWarn, "drop_key 7", "--key-file") || d.Failed != 1 {
		t.Errorf("the doctor finds %+v, want a failure for the cluster and a warning for the key", d.Findings)
	}
	if d := diagnose(t, patient(t, wellProbe, `"packets_sent":9`)); !d.has("counters", resultOK) {
		t.Errorf("the doctor finds %+v, want that the counters are well", d.Findings)
	}
}

// writeFile writes a configuration file and returns its path.
func writeFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "h.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestConfigurationThatEverybodyMayWriteIsAFailure(t *testing.T) {
	path := writeFile(t, "name = 'a'")
	if d := diagnose(t, patient(t, wellProbe, ""), "--config", path); d.Failed != 0 || !d.has("config", resultOK, path) {
		t.Errorf("a private file is judged as %+v", d.Findings)
	}
	if err := os.Chmod(path, 0o666); err != nil {
		t.Fatal(err)
	}
	if d := diagnose(t, patient(t, wellProbe, ""), "--config", path); !d.has("config", resultFail, "chmod o-w") {
		t.Errorf("a file for everybody is judged as %+v", d.Findings)
	}
}

func TestStallsAreToldWhenTheyAreWorthAWord(t *testing.T) {
	t.Parallel()
	for counters, want := range map[string]bool{
		`},"stalls":1,"stalled_seconds":0.9,"started":"2026-01-01T00:00:00Z","x":{`:                                   false,
		`},"stalls":9,"stalled_seconds":99999999,"started":"2026-01-01T00:00:00Z","x":{`:                              true,
		`},"stalls":9,"stalled_seconds":30,"started":"` + time.Now().Add(-time.Hour).Format(time.RFC3339) + `","x":{`: false,
		`},"stalls":9,"stalled_seconds":90,"started":"` + time.Now().Add(-time.Hour).Format(time.RFC3339) + `","x":{`: true,
	} {
		if d := diagnose(t, patient(t, wellProbe, counters)); d.has("stalls", resultWarn, "CPU") != want {
			t.Errorf("%s is judged as %+v, want a warning: %v", counters, d.Findings, want)
		}
	}
}

func TestTheDoctorTellsWhatKeepsAnAgentFromStarting(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	d := diagnose(t, "unix://"+file, "--bind", l.Addr().String(), "--state-dir", file, "--join", "no-such-host.invalid",
		"--config", writeFile(t, "nam = 1"))
	for _, want := range [][]string{
		{"config", resultFail, "h.toml:1: nam is not known"},
		{"agent", resultFail, "no agent answers"},
		{"port", resultFail, "address already in use", fmt.Sprintf("TCP by %s, pid %d", filepath.Base(os.Args[0]), os.Getpid())},
		{"socket", resultFail, "not a socket"},
		{"state", resultFail, "not a folder"},
		{"seed", resultFail, "no-such-host.invalid"},
	} {
		if !d.has(want[0], want[1], want[2:]...) {
			t.Errorf("the doctor finds %+v, want %q", d.Findings, want)
		}
	}
}

func TestTheDoctorFindsNothingWrongBeforeAFirstStart(t *testing.T) {
	d := diagnose(t, "unix://"+filepath.Join(t.TempDir(), "s"), "--bind", "127.0.0.1:0", "--state-dir", t.TempDir(), "--join", "127.0.0.1")
	if d.Failed != 1 || !d.has("agent", resultFail) {
		t.Errorf("the doctor finds %+v, want that the agent alone is missing", d.Findings)
	}
}

func TestHostWithoutItsAddressIsToBlameBeforeAnyFirewall(t *testing.T) {
	t.Parallel()
	silent := `{"address":"10.0.0.2:4327","packet_error":"x","stream_error":"a: b: i/o timeout"}`
	for about, want := range map[string][]string{
		`"address_reason":"gossip is bound to it"`:                                                   {"address", resultOK, "others are told 10.0.0.1:4327", "bound"},
		`"address_reason":"default route","address_doubt":"it belongs to docker0: pass --advertise"`: {"address", resultWarn, "docker0", "--advertise"},
		`"address_reason":"gossip is bound to it","address_fault":"this host has lost it"`:           {"address", resultFail, "this host has lost it", "--bind"},
	} {
		url := clitest.Agent(t, func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/v1/self":
				fmt.Fprintf(w, `{"name":"a","cluster":"c","epoch":"e","address":"10.0.0.1:4327",%s,"states":{"alive":2}}`, about)
			case "/v1/members":
				io.WriteString(w, `{"self":"a","members":[{"name":"b","address":"10.0.0.2:4327","state":"alive"}]}`)
			case "/v1/probe":
				io.WriteString(w, silent)
			}
		})
		d := diagnose(t, url)
		if !d.has(want[0], want[1], want[2:]...) {
			t.Errorf("of an agent with %s the doctor finds %+v, want %q", about, d.Findings, want)
		}
		if blames := d.has("peer", resultFail, "firewalls"); blames == (want[1] == resultFail) {
			t.Errorf("of an agent with %s the doctor blames firewalls: %v", about, blames)
		}
	}
}
