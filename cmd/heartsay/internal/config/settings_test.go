package config

import (
	"net/netip"
	"reflect"
	"testing"
	"time"

	"heartsay/agent"
	"heartsay/cmd/heartsay/internal/cli"
	"heartsay/cmd/heartsay/internal/clitest"
)

// configProgram returns a program that has the commands of a configuration alone.
func configProgram() *cli.Program {
	return &cli.Program{Name: "heartsay", Source: AddFile, Commands: []*cli.Command{Command()}}
}

// runConfig runs a line that begins with "config".
func runConfig(url string, args ...string) (code int, out, err string) {
	return clitest.Run(configProgram(), url, args...)
}

// configured returns the configuration that a command line of the agent and an environment give.
func configured(t *testing.T, env func(string) string, args ...string) (cfg agent.Config, err error) {
	t.Helper()
	line, err := configProgram().Parse(append([]string{"config", "check"}, args...), env)
	if err != nil {
		return cfg, err
	}
	return agentConfig(line)
}

func TestFlagsTakeThePlaceOfTheProfilesValues(t *testing.T) {
	got, err := configured(t, clitest.Env("HEARTSAY_ZONE", "z1", "HEARTSAY_JOIN", "10.0.0.1,seed:99"), "--profile", "wan",
		"--name", "a", "--cluster", "c", "--bind", "10.0.0.7", "--advertise", "[2001:db8::1]:7", "--tag", "k=v=w,x",
		"--tag", "e=", "--interval", "2s", "--fanout", "3", "--digest-budget", "100", "--detector", "normal",
		"--suspect-phi", "5", "--dead-phi", "6.5", "--suspect-min", "1s", "--suspect-max", "2s", "--dead-min", "3s", "--dead-max", "4s", "--api", "unix:///s",
		"--state-dir", "/d", "--allow-plaintext")
	if err != nil {
		t.Fatal(err)
	}
	want, _ := agent.DefaultConfig("wan")
	want.Name, want.Cluster, want.Zone, want.API, want.StateDir = "a", "c", "z1", "unix:///s", "/d"
	want.Bind, want.Advertise = netip.MustParseAddrPort("10.0.0.7:4327"), netip.MustParseAddrPort("[2001:db8::1]:7")
	want.Join, want.Tags = []string{"10.0.0.1", "seed:99"}, map[string]string{"k": "v=w,x", "e": ""}
	want.Interval, want.Fanout, want.DigestBudget, want.Detector = 2*time.Second, 3, 100, "normal"
	want.Suspect = agent.Threshold{Phi: 5, Min: time.Second, Max: 2 * time.Second}
	want.Dead = agent.Threshold{Phi: 6.5, Min: 3 * time.Second, Max: 4 * time.Second}
	want.AllowPlaintext, want.Build = true, shortBuild()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the configuration is\n%+v, want\n%+v", got, want)
	}
}

func TestWithoutFlagsTheAgentRunsByTheProfileLan(t *testing.T) {
	got, err := configured(t, clitest.Env("HEARTSAY_API", "unix:///s"), "--name", "a")
	if err != nil {
		t.Fatal(err)
	}
	want, _ := agent.DefaultConfig("lan")
	want.Name, want.API, want.Build, want.Tags, want.Join = "a", "unix:///s", shortBuild(), map[string]string{}, got.Join
	if !reflect.DeepEqual(got, want) || len(got.Join) != 0 {
		t.Errorf("the configuration is\n%+v, want\n%+v", got, want)
	}
	if err := got.Validate(); err != nil {
		t.Errorf("the agent would not run: %v", err)
	}
}
