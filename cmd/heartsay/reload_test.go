package main

import (
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"

	"heartsay/cmd/heartsay/internal/config"
)

func TestReloadKeepsTheNameThatTheHostHadAtTheStart(t *testing.T) {
	for line, want := range map[string]string{"agent": "before", "agent --name given": "given"} {
		parsed, err := program().Parse(strings.Fields(line), func(string) string { return "" })
		if err != nil {
			t.Fatal(err)
		}
		var log strings.Builder
		r := reloader{line: parsed, log: hclog.New(&hclog.LoggerOptions{Output: &log}), now: config.Settings{}}
		r.now.Config.Name = "before"
		s, err := r.reread()
		if err != nil || s.Config.Name != want {
			t.Errorf("%s: after the host got another name the member is %s, %v, want %s", line, s.Config.Name, err, want)
		}
		if said := strings.Contains(log.String(), "this host has another name"); said != (want == "before") {
			t.Errorf("%s: the log says %q", line, log.String())
		}
	}
}
