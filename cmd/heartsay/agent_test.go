package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"heartsay/cmd/heartsay/internal/cli"
	"heartsay/cmd/heartsay/internal/clitest"
)

// wrongConfiguration is a line, without the command, and variables that an agent does not take, and a part of what it
// says then.
type wrongConfiguration struct {
	line string
	env  []string
	want string
}

// wrongConfigurations returns some by what is wrong in them. Their files are in dir.
func wrongConfigurations(t *testing.T, dir string) map[string]wrongConfiguration {
	t.Helper()
	file := func(name, content string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.WriteFile(path, []byte(content), mode), os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	open := filepath.Join(dir, "open")
	if err := os.Mkdir(open, 0o700); err != nil {
		t.Fatal(err)
	}
	file("open/h", "#!/bin/sh\n", 0o755)
	if err := os.Chmod(open, 0o777); err != nil {
		t.Fatal(err)
	}
	long := filepath.Join(dir, strings.Repeat("x", 120))
	return map[string]wrongConfiguration{
		"flag, unknown":             {line: "--fanuot 2", want: "--fanuot is not known"},
		"flag before the command":   {line: "", env: []string{"BEFORE", "--fanuot=2"}, want: "--fanuot is not known"},
		"flag, twice":               {line: "--fanout 1 --fanout 2", want: "twice"},
		"flag, no value":            {line: "--name", want: "needs a value"},
		"flag, not a number":        {line: "--fanout two", want: "two"},
		"flag, not a duration":      {line: "--interval 1", want: "--interval"},
		"flag, not a choice":        {line: "--log-level loud", want: "loud"},
		"flag, not an address":      {line: "--bind here", want: "here"},
		"flag, not a seed":          {line: "--join a/b", want: "a/b"},
		"flag, not a tag":           {line: "--tag role", want: "KEY=VALUE"},
		"flag, not a network":       {line: "--allow 10.0.0.0/99", want: "10.0.0.0/99"},
		"flag, not a handler":       {line: "--on-event nonsense:x", want: "nonsense"},
		"flag, not a profile":       {line: "--profile fast", want: "fast"},
		"flag, not a name":          {line: "--name a/b", want: "a/b"},
		"flag, out of range":        {line: "--fanout 0", want: "fanout is 0"},
		"argument":                  {line: "now", want: "no argument"},
		"variable":                  {env: []string{"HEARTSAY_FANOUT", "two"}, want: "HEARTSAY_FANOUT"},
		"variable, out of range":    {env: []string{"HEARTSAY_INTERVAL", "-1s"}, want: "interval"},
		"relation, time-outs":       {line: "--interval 1h", want: "too long for time-outs"},
		"relation, bind and key":    {line: "--bind 0.0.0.0", want: "without a key"},
		"relation, token":           {line: "--api-tcp 127.0.0.1:0", want: "--token-file"},
		"relation, file, template":  {line: "--write-file " + dir + "/f", want: "template"},
		"relation, state":           {line: "--require-state", want: "--state-dir"},
		"file, missing":             {line: "--config " + dir + "/none.toml", want: "none.toml"},
		"file, a folder":            {line: "--config " + dir + "/folder", want: "folder"},
		"file, no TOML":             {line: "--config " + file("a.toml", "fanout", 0o600), want: "a.toml:1"},
		"file, unknown key":         {line: "--config " + file("b.toml", "fanuot = 2", 0o600), want: "b.toml:1"},
		"file, bad value":           {line: "--config " + file("c.toml", "\nfanout = 0", 0o600), want: "c.toml:2"},
		"file, too large":           {line: "--config " + file("d.toml", strings.Repeat("#", 2<<20), 0o600), want: "at most"},
		"file, others write it":     {line: "--config " + file("e.toml", "", 0o666), want: "e.toml can be written by everybody"},
		"handler, others write it":  {line: "--on-event dead=" + file("h", "#!/bin/sh\n", 0o777), want: "h can be written by everybody"},
		"handler, way of others":    {line: "--on-event dead=" + open + "/h", want: "open is writable by everybody"},
		"template, others write it": {line: "--write-file " + dir + "/f --template @" + file("t", "", 0o666), want: "everybody"},
		"API, way of others":        {env: []string{"HEARTSAY_API", "unix://" + open + "/s"}, want: "open is writable by everybody"},
		"key file, missing":         {line: "--key-file " + dir + "/none.key", want: "none.key"},
		"key file, no key":          {line: "--key-file " + file("a.key", "secret", 0o600), want: "line 1"},
		"key file, others read it":  {line: "--key-file " + file("b.key", "secret", 0o644), want: "b.key"},
		"key file, a folder":        {line: "--key-file " + dir + "/folder", want: "folder"},
		"token file":                {line: "--api-tcp 127.0.0.1:0 --token-file " + file("a.token", "t", 0o644), want: "a.token"},
		"secret of webhooks":        {line: "--webhook dead=http://127.0.0.1:1/ --webhook-secret-file " + dir + "/none", want: "none"},
		"template, missing":         {line: "--write-file " + dir + "/f --template @" + dir + "/none", want: "none"},
		"template, wrong":           {line: "--write-file " + dir + "/f --template {{", want: "template"},
		"file to write, a folder":   {line: "--write-file " + dir + "/folder --template x", want: "not a regular file"},
		"API, no socket":            {env: []string{"HEARTSAY_API", "tcp://127.0.0.1:1"}, want: "unix://"},
		"API, path too long":        {env: []string{"HEARTSAY_API", "unix://" + long}, want: "xxx"},
		"API, path of another file": {env: []string{"HEARTSAY_API", "unix://" + file("plain", "", 0o600)}, want: "not a socket"},
	}
}

func TestAgentWithAWrongConfigurationExitsWith78(t *testing.T) {
	dir := clitest.SocketDir(t)
	for name, c := range wrongConfigurations(t, dir) {
		t.Run(name, func(t *testing.T) {
			env := append([]string{"HEARTSAY_API", "unix://" + dir + "/s", "HEARTSAY_NAME", "a", "HEARTSAY_BIND", "127.0.0.1:0"},
				c.env...)
			get := clitest.Env(env...)
			args := append([]string{"agent"}, strings.Fields(c.line)...)
			if before := get("BEFORE"); before != "" {
				args = append([]string{before}, args...)
			}
			var out, err bytes.Buffer
			code := program().Run(args, nil, &out, &err, get)
			if code != cli.ExitConfig || out.Len() > 0 || !strings.Contains(err.String(), c.want) {
				t.Errorf("the agent exits with %d and says %q%q: want %d and %q", code, &out, &err, cli.ExitConfig, c.want)
			}
		})
	}
}

func TestOtherCommandsExitWith2AfterMisuse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "h.toml")
	if err := os.WriteFile(path, []byte("fanout = 0"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"", "agnet", "--fanout 2", "members --fanuot", "config check --fanout 0", "config check --fanuot", "config check " + path,
		"config show " + path, "doctor --fanuot", "keys gen --fanuot", "keys gen --key-file=", "sim --seed -1",
	} {
		if code, _, err := command("unix:///s", strings.Fields(line)...); code != cli.ExitUsage {
			t.Errorf("%q exits with %d, %q: want %d", line, code, err, cli.ExitUsage)
		}
	}
}
