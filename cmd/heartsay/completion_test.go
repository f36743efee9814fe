package main

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"heartsay/cmd/heartsay/internal/cli"
	"heartsay/cmd/heartsay/internal/clitest"
)

// proposed returns what could stand at the end of a line.
func proposed(t *testing.T, url string, line ...string) []string {
	t.Helper()
	code, out, err := command(url, append([]string{"completion", "words", "--"}, line...)...)
	if code != cli.ExitOK {
		t.Fatalf("completion of %q exits with %d: %s", line, code, err)
	}
	var words []string
	for _, l := range strings.Split(strings.TrimSuffix(out, "\n"), "\n") {
		word, _, _ := strings.Cut(l, "\t")
		words = append(words, word)
	}
	return words
}

func TestWordIsCompletedByWhatMayStandThere(t *testing.T) {
	url := clitest.Agent(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/v1/members":
			io.WriteString(w, `{"members":[{"name":"bob","address":"10.0.0.2:1"},{"name":"eve","address":"10.0.0.3:1"},{"name":"e; rm\u001b","address":"x y"}]}`)
		case "/v1/keys":
			io.WriteString(w, `{"sealed":true,"keys":[{"id":"0000000a"}]}`)
		case "/v1/tags":
			io.WriteString(w, `{"tags":{"role":"db"}}`)
		}
	})
	for _, c := range []struct{ line, want string }{
		{"mem", "members"},
		{"members --st", "--state"},
		{"members --state ", "alive suspect dead left"},
		{"members --state=de", "--state=dead"},
		{"members -o w", "wide"},
		{"--watch members --out", "--output"},
		{"members --watch --wat", ""},
		{"members --state dead --sta", "--state"},
		{"events --type l", "left"},
		{"agent --profile w", "wan"},
		{"agent --log-level ", "trace debug info warn error off"},
		{"agent --state-dir ", ":files"},
		{"agent --config /etc", ":files"},
		{"config ", "check show"},
		{"config check ", ":files"},
		{"config show --de", "--detector --dead-phi --dead-min --dead-max"},
		{"forget ", "bob eve"},
		{"wait --name e", "eve"},
		{"agent --name ", ""},
		{"join ", "10.0.0.2:1 10.0.0.3:1"},
		{"tags ", "show set delete"},
		{"tags delete ", "role"},
		{"tags set ", ""},
		{"keys ", "gen add use remove status"},
		{"keys use --f", "--force"},
		{"keys gen --f", ""},
		{"keys add ", ":files"},
		{"keys use ", "0000000a"},
		{"completion ", "bash fish zsh"},
		{"help keys r", "remove"},
		{"agent --state-dir=", ":files"},
		{"help ver", "version"},
		{"forget -- --f", ""},
		{"nosuch ", ""},
		{"--he", "--help"},
		{"forget --api unix:///nonexistent ", ""},
	} {
		got := strings.Join(proposed(t, url, strings.Split(c.line, " ")...), " ")
		if got != c.want {
			t.Errorf("%q is completed by %q, want %q", c.line, got, c.want)
		}
	}
}

func TestUnknownShellIsAMistake(t *testing.T) {
	if code, out, err := command("", "completion", "tcsh"); code != cli.ExitUsage || out != "" || !strings.Contains(err, "bash, fish or zsh") {
		t.Errorf("completion for tcsh exits with %d, %q, %q, want 2 and the shells that are known", code, out, err)
	}
}
