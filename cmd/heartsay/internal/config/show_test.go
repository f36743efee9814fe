package config

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"heartsay/agent"
	"heartsay/cmd/heartsay/internal/cli"
	"heartsay/cmd/heartsay/internal/clitest"
	"heartsay/cmd/heartsay/internal/render"
)

// shown returns what config show says, by key.
func shown(t *testing.T, args ...string) map[string]shownSetting {
	t.Helper()
	code, out, err := runConfig("unix:///s", append([]string{"config", "show", "-o", "json"}, args...)...)
	if code != cli.ExitOK {
		t.Fatalf("config show %q exits with %d: %s", args, code, err)
	}
	var list struct{ Settings []shownSetting }
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		t.Fatal(err)
	}
	all := map[string]shownSetting{}
	for _, s := range list.Settings {
		all[s.Key] = s
	}
	return all
}

func TestConfigShowTellsEveryFlagWithItsOrigin(t *testing.T) {
	path := configFile(t, "name = 'a'\nprofile = 'wan'\n[tag]\nk = 'v'")
	got := shown(t, path, "--fanout", "2", "--name", "b")
	for key, want := range map[string][2]any{
		"name": {"b", "--name"}, "fanout": {2.0, "--fanout"}, "api": {"unix:///s", "$HEARTSAY_API"},
		"profile": {"wan", path + ":2"}, "tag": {[]any{"k=v"}, path + ":4"}, "interval": {"1s", "profile wan"},
		"dead-max": {"1m20s", "profile wan"}, "cluster": {"heartsay", "default"}, "join": {[]any{}, "default"},
		"log-level": {"info", "default"}, "zone": {nil, "default"},
	} {
		if s := got[key]; !reflect.DeepEqual([2]any{s.Value, s.Origin}, want) {
			t.Errorf("%s is shown as %v from %s, want %v", key, s.Value, s.Origin, want)
		}
	}
	for _, f := range Flags() {
		if name := f.Name; name != "config" && got[name].Key == "" {
			t.Errorf("config show leaves %s out", name)
		}
	}
}

func TestWhatConfigShowPrintsIsAConfigurationFile(t *testing.T) {
	path := configFile(t, "name = 'a'\njoin = ['10.0.0.1', 'x:1']\ndead-phi = 13\ninterval = '2s'\nprofile = 'wan'\n[tag]\n'k' = 'q\"\\\u202e'")
	code, out, err := runConfig("unix:///s", "config", "show", path)
	if code != cli.ExitOK {
		t.Fatalf("config show exits with %d: %s", code, err)
	}
	first, err1 := configured(t, clitest.Env("HEARTSAY_API", "unix:///s"), "--config", path)
	second, err2 := configured(t, clitest.Env(), "--config", configFile(t, out))
	if err1 != nil || err2 != nil || !reflect.DeepEqual(first, second) {
		t.Errorf("the agent runs with\n%+v, %v; with what was shown\n%s with\n%+v, %v", first, err1, out, second, err2)
	}
}

func TestSecretsAreMasked(t *testing.T) {
	for _, c := range []struct {
		key  string
		in   any
		want any
	}{
		{"webhook-secret", "hunter2", render.Masked}, {"api-token", "hunter2", render.Masked}, {"key-file", "/etc/key", "/etc/key"},
		{"webhook", []string{"dead,left=https://u:hunter2@h/p?t=hunter2", "*=http://h/p"}, []string{"dead,left=https://***@h/p?***", "*=http://h/p"}},
		{"on-event", []string{"dead=/bin/ask https://u:hunter2@h/"}, []string{"dead=/bin/ask https://***@h/"}},
		{"name", "token", "token"}, {"tag", []string{"a=b?c"}, []string{"a=b?c"}}, {"api", "unix:///s", "unix:///s"},
	} {
		if got := maskSecret(c.key, c.in); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s = %v is shown as %v, want %v", c.key, c.in, got, c.want)
		}
	}
}

func TestSettingIsCalledLikeItsFlag(t *testing.T) {
	cfg, err := agent.DefaultConfig("lan")
	if err != nil {
		t.Fatal(err)
	}
	without := []string{"build", "max-packet"} // no flag sets them
	known := map[string]bool{}
	for _, f := range Flags() {
		known[f.Name] = true
	}
	for _, s := range cfg.Settings() {
		if !known[s.Key] && !strings.Contains(strings.Join(without, " "), s.Key) {
			t.Errorf("a field of agent.Config is called %s, and no flag is: messages about a reload would name it wrongly", s.Key)
		}
	}
}
