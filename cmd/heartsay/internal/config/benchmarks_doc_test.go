package config

import (
	"regexp"
	"strings"
	"testing"

	"heartsay/agent"
	"heartsay/cmd/heartsay/internal/clitest"
)

// TestTheConfigurationsOfTheBenchmarkAreTaken gives the flags in docs/measured/benchmarks.md to an agent. They must say what the
// document says of them: all silences are as many intervals long as in profile lan.
func TestTheConfigurationsOfTheBenchmarkAreTaken(t *testing.T) {
	lan, err := agent.DefaultConfig("lan")
	if err != nil {
		t.Fatal(err)
	}
	lines := regexp.MustCompile(`(?m)^heartsay .*$`).FindAllString(document(t, "docs/measured/benchmarks.md"), -1)
	if len(lines) == 0 {
		t.Fatal("docs/measured/benchmarks.md has no commands")
	}
	for _, line := range lines {
		flags, ok := strings.CutPrefix(regexp.MustCompile(` *#.*$`).ReplaceAllString(line, ""), "heartsay agent ")
		if !ok {
			t.Errorf("%q starts no agent", line)
			continue
		}
		cfg, err := configured(t, clitest.Env(), strings.Fields(flags)...)
		if err == nil {
			err = cfg.Validate()
		}
		if err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		for _, s := range []struct {
			name      string
			got, want float64
		}{
			{"suspect-min", cfg.Suspect.Min.Seconds(), lan.Suspect.Min.Seconds()},
			{"suspect-max", cfg.Suspect.Max.Seconds(), lan.Suspect.Max.Seconds()},
			{"dead-min", cfg.Dead.Min.Seconds(), lan.Dead.Min.Seconds()},
			{"dead-max", cfg.Dead.Max.Seconds(), lan.Dead.Max.Seconds()},
		} {
			want := s.want * cfg.Interval.Seconds() / lan.Interval.Seconds()
			if d := s.got - want; d < -0.001 || d > 0.001 {
				t.Errorf("%s: %s is %.3f s, want the profile's share of the interval, %.3f s", line, s.name, s.got, want)
			}
		}
	}
}
