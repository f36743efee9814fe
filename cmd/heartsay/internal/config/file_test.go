package config

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"heartsay/cmd/heartsay/internal/cli"
	"heartsay/cmd/heartsay/internal/clitest"
)

// configFile writes a configuration file and returns its path.
func configFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "h.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFlagCountsBeforeTheEnvironmentAndThatBeforeTheFile(t *testing.T) {
	path := configFile(t, `
name = "file"
cluster = "file"
zone = "file"
join = ["10.0.0.9"]
fanout = 0x3
dead-phi = 1_3
suspect-phi = 7.5
interval = '300ms'
allow-plaintext = true
tag = { b = "2", a = "x,y" }
`)
	got, err := configured(t, clitest.Env("HEARTSAY_CONFIG", path, "HEARTSAY_CLUSTER", "env", "HEARTSAY_NAME", "env"),
		"--name", "flag", "--join", "10.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	want := []any{"flag", "env", "file", []string{"10.0.0.1"}, 3, 13.0, 7.5, "300ms", true, map[string]string{"a": "x,y", "b": "2"}}
	have := []any{got.Name, got.Cluster, got.Zone, got.Join, got.Fanout, got.Dead.Phi, got.Suspect.Phi,
		got.Interval.String(), got.AllowPlaintext, got.Tags}
	if !reflect.DeepEqual(have, want) {
		t.Errorf("the agent runs with %v, want %v", have, want)
	}
}

func TestTableIsTheSameHoweverItIsWritten(t *testing.T) {
	for _, text := range []string{
		`tag = ["a=1", "b=2"]`, `tag = {a = "1", b = "2"}`, "tag.a = '1'\ntag.b = '2'", "[tag]\na = '1'\n\"b\" = '''2'''",
		"tag = [ # two\n  'a=1',\n  'b=2',\n]\r\n",
	} {
		got, err := configured(t, clitest.Env("HEARTSAY_API", "unix:///s"), "--config", configFile(t, text))
		if want := map[string]string{"a": "1", "b": "2"}; err != nil || !reflect.DeepEqual(got.Tags, want) {
			t.Errorf("%q gives the tags %v, %v, want %v", text, got.Tags, err, want)
		}
	}
}

func TestWhatIsWrongInTheFileIsNamedWithItsLine(t *testing.T) {
	for text, want := range map[string]string{
		"\nnam = 'x'":                       ":2: nam is not known: the keys are the agent's flags",
		"state_dir = 'x'":                   ":1: state_dir is not known: is state-dir meant?",
		"tags = ['a=b']":                    ":1: tags is not known: is tag meant?",
		"o = 'json'":                        ":1: o is not known",
		"config = 'x'":                      ":1: config is not known",
		"help = true":                       ":1: help is not known",
		"name = 'a'\n\nname = 'b'":          ":3: name is given twice, first in line 1",
		"tag = {a = '1', a = '2'}":          ":1: tag.a is given twice",
		"[tag]\na = '1'\n[tag]\nb = '2'":    "table tag already exists",
		"tag = ['a=1']\n[tag]\nb = '2'":     "tag",
		"tag = ['a=1',\n 'a=2']":            `:1: tag "a=2": the tag "a" is given twice`,
		"dead-phi = nan":                    `:1: dead-phi "nan": write a number`,
		"dead-phi = -inf":                   `:1: dead-phi "-inf": write a number`,
		"dead-phi = '8'":                    ":1: dead-phi is a string: write a number, without quotes",
		"fanout = 1.0":                      ":1: fanout is a number: write a whole number",
		"fanout = 99999999999999999999":     ":1: ",
		"fanout = 010":                      ":1: ",
		"interval = 250":                    `:1: interval is a whole number: write a duration with its unit in quotes`,
		"interval = '250'":                  `:1: interval "250": write a duration with its unit`,
		"allow-plaintext = 'yes'":           ":1: allow-plaintext is a string: write true or false",
		"zone = 1979-05-27":                 ":1: zone is a date or time",
		"zone = true":                       ":1: zone is true or false: write a string in quotes",
		"name = ['a']":                      ":1: name is a list",
		"name.x = 'a'":                      ":1: name is a table",
		"join = '10.0.0.1'":                 ":1: join is a string: write a list of strings",
		"join = ['10.0.0.1',\n7]":           "join holds a whole number",
		"[tag]\na = 'x'\nb = 7":             ":3: tag holds a whole number",
		"[tag.x]\na = '1'":                  ":1: table [tag.x]: no table is that deep",
		"[[tag]]\na = '1'":                  ":1: [[tag]]: there are no tables of that kind",
		"zone = 'a\nb'":                     ":1: ",
		"zone = 'a'\n=":                     ":2: ",
		"zone = 'a' cluster = 'b'":          ":1: ",
		"zone = \"\xff\"":                   ":1: ",
		"bind = 'localhost:4327'":           `:1: bind: bind address "localhost:4327": names are not taken here`,
		"name = 'a'\nadvertise = '0.0.0.0'": `:2: advertise: `,
		"profile = 'fast'":                  `:1: profile "fast" is not known here: choose one of local, lan, wan`,
		"log-level = 'loud'":                `:1: log-level "loud" is not known here`,
		"\n\nname = 'a/b'":                  `:3: name "a/b" has`,
		"cluster = 'my cluster'":            `:1: cluster name "my cluster"`,
		"\nfanout = 0":                      ":2: fanout is 0",
		"zone = 'x'\nsuspect-phi = -1":      ":2: suspect phi is -1",
		"join = ['x y']":                    `:1: seed "x y"`,
		"bind = '0.0.0.0'":                  ":1: bind to 0.0.0.0:4327: without a key",
		"detector = 'psychic'":              ":1: detector \"psychic\" is not known",
	} {
		path := configFile(t, text)
		code, out, err := runConfig("unix:///s", "config", "check", path)
		if code != cli.ExitUsage || out != "" || !strings.Contains(err, want) || !strings.Contains(err, path) {
			t.Errorf("%q exits with %d, %q, %q, want 2 and the file with %q", text, code, out, err, want)
		}
	}
}

func TestAllThatIsWrongInTheFileIsToldAtOnce(t *testing.T) {
	_, _, err := runConfig("", "config", "check", configFile(t, "nam = 'x'\nfanout = 'x'\ndead-phi = nan\njoin = 7\nname = 'a'\nname = 'b'"))
	var lines []string
	for _, l := range regexp.MustCompile(`h\.toml:(\d)`).FindAllStringSubmatch(err, -1) {
		lines = append(lines, l[1])
	}
	if got := strings.Join(lines, ""); got != "12346" {
		t.Errorf("the faults of the lines %s are told, want 1, 2, 3, 4 and 6 in order:\n%s", got, err)
	}
}

func TestFileThatCannotBeReadExitsWith1(t *testing.T) {
	for _, path := range []string{"/nonexistent/h.toml", t.TempDir()} {
		if code, out, err := runConfig("", "config", "check", path); code != cli.ExitFailed || out != "" || !strings.Contains(err, path) {
			t.Errorf("%s exits with %d, %q, %q, want 1 and its path", path, code, out, err)
		}
	}
	large := configFile(t, strings.Repeat("#", maxConfigFile+1))
	if code, _, err := runConfig("", "config", "check", large); code != cli.ExitUsage || !strings.Contains(err, "at most") {
		t.Errorf("a file that is too large exits with %d, %q, want 2", code, err)
	}
}

// FuzzConfigFile: no file makes the reader panic, and whatever it takes is TOML to the flags.
func FuzzConfigFile(f *testing.F) {
	for _, text := range []string{"name = 'a'", "[tag]\na='b'", "tag={a={b='c'}}", "a.b.c=1", "x=[[1],[2]]", "[[a]]", "d=1979-05-27T07:32:00Z"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		settings, err := parseConfigFile("f", data)
		if err != nil && cli.ExitCode(err) != cli.ExitUsage {
			t.Errorf("%q gives %v, want a usage error", data, err)
		}
		for _, s := range settings {
			if flag, known := fileFlag(Command().Commands[0], s.key); known {
				_, _ = s.flagValues(flag, "f")
			}
		}
	})
}
