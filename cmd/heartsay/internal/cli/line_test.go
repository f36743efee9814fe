package cli

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"

	"heartsay/cmd/heartsay/internal/render"
)

// getenv returns the environment of these variables and their values.
func getenv(pairs ...string) func(string) string {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return func(name string) string { return m[name] }
}

// testProgram returns a program with one command of each kind. An action prints what it is called with.
func testProgram() *Program {
	show := func(c *Call) error {
		var words []string
		for _, f := range c.Command().Flags {
			if c.IsSet(f.Name) {
				words = append(words, fmt.Sprintf("%s=%v", f.Name, c.Value(f)))
			}
		}
		if before, after, dashed := c.Split(); dashed {
			return c.Println("%s %q -- %q", c.Name(), strings.Join(append(before, words...), " "), after)
		}
		return c.Println("%s", strings.Join(append(append([]string{c.Name()}, c.Args...), words...), " "))
	}
	force := Bool("force", "whatever happens")
	return &Program{Name: "tool", Usage: "does things", Commands: []*Command{
		{Name: "agent", Usage: "run", AgentEnv: true, Action: show, Flags: []Flag{
			Text("name", "", "`NAME`"), List("tag", "`KEY=VALUE`"), Number("phi", "", "`PHI`"), Int("fanout", "", "`K`"),
			Bool("plain", "no seal"),
		}},
		{Name: "list", Usage: "show all", Action: show, Flags: []Flag{
			OutputFlag("table", "json"), Bool("watch", "go on"), List("tag", "`KEY=RE`"), Text("name", "", "`RE`"),
			{Name: "state", Kind: KindList, Choices: []string{"dead", "left"}, Usage: "`STATE`"},
			Duration("timeout", "", "`D`"), {Name: "api", Default: "unix:///s", Usage: "`URL`"},
		}},
		{Name: "forget", Usage: "forget one", Action: show, Flags: []Flag{force, Text("api", "", "`URL`")},
			Takes: Takes{Least: 1, Most: 1, What: "NAME"}},
		{Name: "keys", Usage: "the keys", Commands: []*Command{
			{Name: "gen", Usage: "make one", Action: show, Flags: []Flag{Text("key-file", "", "`FILE`")}},
			{Name: "use", Usage: "use one", Action: show, Flags: []Flag{force}, Takes: Takes{Least: 1, Most: 1, What: "ID"}},
		}},
		{Name: "tags", Usage: "the tags", Action: show, Commands: []*Command{
			{Name: "set", Usage: "set some", Action: show, Takes: Takes{Least: 1, Most: 9, What: "KEY=VALUE"}},
		}},
		{Name: "with", Usage: "run a command", Action: show, Flags: []Flag{force},
			Takes: Takes{Least: 1, Most: 1, What: "NAME", After: "COMMAND"}},
		{Name: "version", Usage: "tell", Action: show, Flags: []Flag{OutputFlag("table", "json")}},
		HelpCommand(),
	}}
}

// toolRun runs a line and returns what it prints, or what it says is wrong.
func toolRun(env func(string) string, args ...string) (code int, out, err string) {
	var o, e bytes.Buffer
	code = testProgram().Run(args, nil, &o, &e, env)
	return code, strings.TrimSuffix(o.String(), "\n"), e.String()
}

func TestLineMeans(t *testing.T) {
	for line, want := range map[string]string{
		// Flags stand anywhere, also before their command.
		"forget --force --api unix:///s bob":      "tool forget bob force=true api=unix:///s",
		"forget bob --force --api unix:///s":      "tool forget bob force=true api=unix:///s",
		"--force --api unix:///s forget bob":      "tool forget bob force=true api=unix:///s",
		"--force forget bob -api unix:///s":       "tool forget bob force=true api=unix:///s",
		"forget -force=true --api=unix:///s bob":  "tool forget bob force=true api=unix:///s",
		"list -o json --watch":                    "tool list output=json watch=true",
		"-o=json list --watch":                    "tool list output=json watch=true",
		"--watch list --output JSON":              "tool list output=json watch=true",
		"list --state dead --state left":          "tool list state=[dead left]",
		"keys gen --key-file f":                   "tool keys gen key-file=f",
		"--key-file f keys gen":                   "tool keys gen key-file=f",
		"keys --force use 1":                      "tool keys use 1 force=true",
		"tags":                                    "tool tags",
		"tags set a=1":                            "tool tags set a=1",
		"-v":                                      "tool version",
		"--version":                               "tool version",
		"-o json --version":                       "tool version output=json",
		"-v -v":                                   "tool version",
		"forget -- --force":                       `tool forget "" -- ["--force"]`,
		"--force -- forget bob":                   `tool forget "force=true" -- ["bob"]`,
		"with bob --force -- run -- --force":      `tool with "bob force=true" -- ["run" "--" "--force"]`,
		"--force with bob -- run --help --output": `tool with "bob force=true" -- ["run" "--help" "--output"]`,
	} {
		code, out, err := toolRun(getenv(), strings.Fields(line)...)
		if code != ExitOK || out != want {
			t.Errorf("%q means %q (%d, %q), want %q", line, out, code, err, want)
		}
	}
}

// full is a disk that is full.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

func TestHelpThatCannotBeWrittenIsAFailure(t *testing.T) {
	for _, line := range []string{"--help", "list --help", "help list", "help"} {
		var err bytes.Buffer
		if code := testProgram().Run(strings.Fields(line), nil, full{}, &err, getenv()); code != ExitFailed {
			t.Errorf("%q to a full disk exits with %d, %q, want %d", line, code, &err, ExitFailed)
		}
	}
}

func TestValueMayBeAnything(t *testing.T) {
	for _, value := range []string{"a,b", "--watch", "-", "--", "k=v=w", "", " ", "\x1b"} {
		line, err := testProgram().Parse([]string{"agent", "--tag", value}, getenv())
		if got := line.Strings("tag"); err != nil || !reflect.DeepEqual(got, []string{value}) {
			t.Errorf("the tag %q becomes %q, %v", value, got, err)
		}
	}
}

func TestMistakeOnTheLineIsNamed(t *testing.T) {
	for line, want := range map[string]string{
		"":                                    "tool: no command is given\nTry: tool --help\n",
		"nosuch":                              `tool: there is no command "nosuch"`,
		"--watch nosuch":                      `there is no command "nosuch"`,
		"--watch":                             "flag --watch stands without a command",
		"list --nosuch":                       "tool list: flag --nosuch is not known\nTry: tool list --help\n",
		"--nosuch x":                          "tool: flag --nosuch is not known\nTry: tool --help\n",
		"--nosuch x -o json":                  "tool: flag --nosuch is not known",
		"list -ojson":                         "flag -ojson is not known: write -o json",
		"list --state dead,left":              "choose one of dead, left; for several, give --state once for each",
		"list --timeout 9999999999999h":       `--timeout "9999999999999h": the number is too large`,
		"agent --phi 1e400":                   `--phi "1e400": the number is too large`,
		"list -x":                             "flag -x is not known",
		"list --force":                        "flag --force is not known",
		"list -o":                             "flag -o needs a value",
		"list --output":                       "flag --output needs a value",
		"list -o json --output table":         "flag --output is given twice",
		"list -o xml":                         `--output "xml" is not known here: choose one of table, json`,
		"list --state gone":                   `--state "gone" is not known here: choose one of dead, left`,
		"list --watch --watch":                "flag --watch is given twice",
		"list --watch=often":                  `--watch "often": write true or false`,
		"agent --fanout some":                 `--fanout "some": write a whole number`,
		"agent --fanout 1.5":                  `--fanout "1.5": write a whole number`,
		"agent --fanout 99999999999999999999": `the number is too large`,
		"list --timeout 5":                    `--timeout "5": write a duration with its unit`,
		"agent --phi NaN":                     `--phi "NaN": write a number`,
		"agent --phi Inf":                     `--phi "Inf": write a number`,
		"agent --phi eight":                   `--phi "eight": write a number`,
		"keys":                                "tool keys: a command is missing: write gen or use\nTry: tool keys --help\n",
		"keys rotate":                         `tool keys: "rotate" is not known here: write gen or use`,
		"tags unset":                          `tool tags: "unset" is not known here: write set`,
		"keys gen --force":                    "tool keys gen: flag --force is not known\nTry: tool keys gen --help\n",
		"keys gen more":                       `no argument is taken here, but "more" is given`,
		"keys use":                            "ID is missing",
		"keys use 1 2":                        `argument "2" is one too many`,
		"with bob":                            "-- COMMAND is missing",
		"with bob --":                         "-- COMMAND is missing",
		"with -- run":                         "NAME is missing",
		"help nosuch":                         `there is no command "nosuch"`,
		"help keys nosuch":                    `there is no command "nosuch"`,
	} {
		code, out, err := toolRun(getenv(), strings.Fields(line)...)
		if code != ExitUsage || out != "" || !strings.Contains(err, want) {
			t.Errorf("%q exits with %d, %q, %q, want 2 and %q", line, code, out, err, want)
		}
	}
}

func TestHelpGoesBeforeEverythingElse(t *testing.T) {
	for line, want := range map[string]string{
		"--help":               "tool - does things",
		"-h":                   "tool - does things",
		"help":                 "tool - does things",
		"list --help --nosuch": "tool list - show all",
		"-h list extra":        "tool list - show all",
		"help list":            "tool list - show all",
		"keys --help":          "tool keys - the keys",
		"keys gen -h":          "tool keys gen - make one",
		"-h keys gen":          "tool keys gen - make one",
		"help keys gen":        "tool keys gen - make one",
	} {
		code, out, err := toolRun(getenv(), strings.Fields(line)...)
		if _, after, _ := strings.Cut(out, "NAME:\n   "); code != ExitOK || err != "" || !strings.HasPrefix(after, want+"\n") {
			t.Errorf("%q exits with %d, %q, %q, want the help of %q", line, code, out, err, want)
		}
	}
	if _, out, _ := toolRun(getenv(), "help", "keys"); !strings.Contains(out, "COMMANDS:\n   gen  make one\n   use  use one\n") {
		t.Errorf("the help of keys is %q, want its commands in it", out)
	}
}

func TestEnvironmentSetsFlagsThatAreNotGiven(t *testing.T) {
	for _, c := range []struct {
		line string
		env  []string
		want string
	}{
		{"agent", []string{"HEARTSAY_NAME", "a", "HEARTSAY_PHI", "9"}, "tool agent name=a phi=9"},
		{"agent --name b", []string{"HEARTSAY_NAME", "a"}, "tool agent name=b"},
		{"agent", []string{"HEARTSAY_NAME", ""}, "tool agent"},
		{"agent", []string{"HEARTSAY_TAG", "a=1,b=2"}, "tool agent tag=[a=1 b=2]"},
		{"agent --tag c=3", []string{"HEARTSAY_TAG", "a=1,b=2"}, "tool agent tag=[c=3]"},
		{"agent", []string{"HEARTSAY_PLAIN", "1"}, "tool agent plain=true"},
		{"list", []string{"HEARTSAY_NAME", "a", "HEARTSAY_TAG", "a=1"}, "tool list"},
		{"list", []string{"HEARTSAY_LIST_NAME", "a.*"}, "tool list name=a.*"},
		{"list", []string{"HEARTSAY_OUTPUT", "json"}, "tool list output=json"},
		{"list", []string{"HEARTSAY_OUTPUT", "json", "HEARTSAY_LIST_OUTPUT", "table"}, "tool list output=table"},
		{"list", []string{"HEARTSAY_API", "unix:///s"}, "tool list api=unix:///s"},
		{"list", []string{"HEARTSAY_LIST_STATE", "dead,left"}, "tool list state=[dead left]"},
		{"keys gen", []string{"HEARTSAY_KEYS_KEY_FILE", "f", "HEARTSAY_KEY_FILE", "g"}, "tool keys gen key-file=f"},
	} {
		code, out, err := toolRun(getenv(c.env...), strings.Fields(c.line)...)
		if code != ExitOK || out != c.want {
			t.Errorf("%q with %q means %q, %q, want %q", c.line, c.env, out, err, c.want)
		}
	}
	_, _, err := toolRun(getenv("HEARTSAY_FANOUT", "many"), "agent")
	if !strings.Contains(err, `HEARTSAY_FANOUT "many": write a whole number`) {
		t.Errorf("a mistake in the environment is told as %q, want it to name HEARTSAY_FANOUT", err)
	}
}

func TestDefaultHoldsWithoutTheFlag(t *testing.T) {
	line, err := testProgram().Parse([]string{"list"}, getenv())
	if err != nil || line.String("output") != "table" || line.IsSet("output") || line.Origin("output") != "--output" {
		t.Errorf("the output is %q, set: %v, %v, want the default", line.String("output"), line.IsSet("output"), err)
	}
}

func TestSourceSetsWhatNothingElseDoesAndIsAskedAgain(t *testing.T) {
	content := "file"
	p := testProgram()
	p.Source = func(l *Line) error {
		f, _ := l.Command().Find("name")
		if l.IsSet("name") {
			return nil
		}
		return l.Set(f, "f.toml:1: name", content)
	}
	line, err := p.Parse([]string{"agent"}, getenv())
	if err != nil || line.String("name") != "file" || line.Origin("name") != "f.toml:1: name" {
		t.Errorf("the name is %q by %q, %v, want the file's", line.String("name"), line.Origin("name"), err)
	}
	content = "other"
	if line, err = line.Again(); err != nil || line.String("name") != "other" {
		t.Errorf("the name is %q the second time, %v, want what the file says now", line.String("name"), err)
	}
	if line, err = p.Parse([]string{"agent", "--name", "line"}, getenv()); err != nil || line.String("name") != "line" {
		t.Errorf("the name is %q, %v, want the line's", line.String("name"), err)
	}
}

func TestUnfinishedLineIsUnderstoodAsFarAsItGoes(t *testing.T) {
	for _, c := range []struct {
		line, name, waiting string
	}{
		{"", "tool", ""},
		{"--watch", "tool", ""},
		{"keys", "tool keys", ""},
		{"keys use --force", "tool keys use", ""},
		{"list -o", "tool list", "o"},
		{"list --nosuch --state", "tool list", "state"},
	} {
		line, waiting := testProgram().Unfinished(strings.Fields(c.line), getenv())
		if line == nil || line.Name() != c.name || waiting != c.waiting {
			t.Errorf("%q is understood as %v, waiting %q, want %q and %q", c.line, line, waiting, c.name, c.waiting)
		}
	}
	if line, _ := testProgram().Unfinished([]string{"nosuch"}, getenv()); line != nil {
		t.Error("a command that does not exist is understood")
	}
}

func TestWordsForPeople(t *testing.T) {
	for n, want := range []string{"", "a", "a or b", "a, b or c"} {
		if got := render.OrList(slices.Clone([]string{"a", "b", "c"}[:n])); got != want {
			t.Errorf("%d words are told as %q, want %q", n, got, want)
		}
	}
}
