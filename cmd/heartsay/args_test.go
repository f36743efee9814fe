package main

import (
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// environment returns a getenv for tests.
func environment(pairs ...string) func(string) string {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return func(name string) string { return m[name] }
}

func commands() []*cli.Command { return newApp(io.Discard, io.Discard).Commands }

func TestFlagsMayStandAnywhere(t *testing.T) {
	const want = "heartsay forget --force=true --api=unix:///s -- bob"
	for _, line := range []string{
		"forget --force --api unix:///s bob",
		"forget bob --force --api unix:///s",
		"forget --force bob --api=unix:///s",
		"--force --api unix:///s forget bob",
		"--force forget bob -api unix:///s",
		"forget -force=true --api unix:///s -- bob",
		"--force --api=unix:///s -- forget bob",
	} {
		got, err := arrange(commands(), strings.Fields(line), environment())
		if s := strings.Join(got.args, " "); err != nil || s != want {
			t.Errorf("%q becomes %q, %v, want %q", line, s, err, want)
		}
		if got.command != "forget" {
			t.Errorf("the command of %q is %q, want forget", line, got.command)
		}
	}
}

func TestTheShortNameOfAFlagIsAsGoodAsTheLong(t *testing.T) {
	for _, line := range []string{"members -o json --watch", "-o=json members --watch", "--watch members --output json"} {
		got, err := arrange(commands(), strings.Fields(line), environment())
		if s := strings.Join(got.args[2:], " "); err != nil || !strings.Contains(s, "--output=json") || !strings.Contains(s, "--watch=true") {
			t.Errorf("%q becomes %q, %v, want --output=json and --watch=true", line, s, err)
		}
	}
}

func TestTwoDashesEndTheFlags(t *testing.T) {
	got, err := arrange(commands(), []string{"forget", "--", "--force"}, environment())
	if want := []string{"heartsay", "forget", "--", "--force"}; err != nil || !reflect.DeepEqual(got.args, want) {
		t.Errorf("the line becomes %q, %v, want %q", got.args, err, want)
	}
}

func TestAValueMayBeAnything(t *testing.T) {
	for _, value := range []string{"a,b", "--watch", "-", "--", "k=v=w", "", " ", "\x1b"} {
		got, err := arrange(commands(), []string{"agent", "--tag", value}, environment())
		if want := []string{"heartsay", "agent", "--tag=" + value, "--"}; err != nil || !reflect.DeepEqual(got.args, want) {
			t.Errorf("the tag %q becomes %q, %v, want %q", value, got.args, err, want)
		}
	}
}

func TestMistakesOnTheLineAreNamed(t *testing.T) {
	for line, want := range map[string]string{
		"nosuch":                              `there is no command "nosuch"`,
		"--watch nosuch":                      `there is no command "nosuch"`,
		"--watch":                             "flag --watch stands without a command",
		"members --nosuch":                    "flag --nosuch is not known",
		"members -x":                          "flag -x is not known",
		"members --force":                     "flag --force is not known",
		"members -o":                          "flag -o needs a value",
		"members --output":                    "flag --output needs a value",
		"members -o json --output table":      "flag --output is given twice",
		"members --watch --watch":             "flag --watch is given twice",
		"members --watch=often":               `--watch "often": write true or false`,
		"wait --members some":                 `--members "some": write a whole number`,
		"wait --members 1.5":                  `--members "1.5": write a whole number`,
		"wait --members 99999999999999999999": `write a whole number`,
		"wait --timeout 5":                    `--timeout "5": write a duration with its unit`,
		"agent --suspect-phi NaN":             `--suspect-phi "NaN": write a number`,
		"agent --dead-phi Inf":                `--dead-phi "Inf": write a number`,
		"agent --dead-phi eight":              `--dead-phi "eight": write a number`,
	} {
		_, err := arrange(commands(), strings.Fields(line), environment())
		if err == nil || !strings.Contains(err.Error(), want) || exitCode(err) != exitUsage {
			t.Errorf("%q gives %v, want a usage error with %q", line, err, want)
		}
	}
}

func TestHelpGoesBeforeEverythingElse(t *testing.T) {
	for line, want := range map[string]string{
		"--help":                  "heartsay help",
		"-h":                      "heartsay help",
		"members --help --nosuch": "heartsay members --help",
		"-h members extra":        "heartsay members --help",
		"members -- --help":       "heartsay members -- --help",
		"--version":               "heartsay version",
		"-v":                      "heartsay version",
	} {
		got, err := arrange(commands(), strings.Fields(line), environment())
		if s := strings.Join(got.args, " "); err != nil || s != want {
			t.Errorf("%q becomes %q, %v, want %q", line, s, err, want)
		}
	}
}

func TestTheEnvironmentSetsFlagsThatAreNotGiven(t *testing.T) {
	for _, c := range []struct {
		line string
		env  []string
		want string
	}{
		{"agent", []string{"HEARTSAY_NAME", "a", "HEARTSAY_DEAD_PHI", "9"}, "--name=a --dead-phi=9"},
		{"agent --name b", []string{"HEARTSAY_NAME", "a"}, "--name=b"},
		{"agent", []string{"HEARTSAY_NAME", ""}, ""},
		{"agent", []string{"HEARTSAY_TAG", "a=1,b=2"}, "--tag=a=1 --tag=b=2"},
		{"agent --tag c=3", []string{"HEARTSAY_TAG", "a=1,b=2"}, "--tag=c=3"},
		{"agent --tag a=1,2", nil, "--tag=a=1,2"},
		{"agent", []string{"HEARTSAY_ALLOW_PLAINTEXT", "1"}, "--allow-plaintext=1"},
		{"members", []string{"HEARTSAY_NAME", "a", "HEARTSAY_TAG", "a=1"}, ""},
		{"members", []string{"HEARTSAY_MEMBERS_NAME", "a.*"}, "--name=a.*"},
		{"members", []string{"HEARTSAY_OUTPUT", "json"}, "--output=json"},
		{"members", []string{"HEARTSAY_OUTPUT", "json", "HEARTSAY_MEMBERS_OUTPUT", "name"}, "--output=name"},
		{"members", []string{"HEARTSAY_API", "unix:///s"}, "--api=unix:///s"},
		{"wait", []string{"HEARTSAY_WAIT_STATE", "dead,left"}, "--state=dead --state=left"},
	} {
		got, err := arrange(commands(), strings.Fields(c.line), environment(c.env...))
		if s := strings.Trim(strings.Join(got.args[2:], " "), "- "); err != nil || s != strings.Trim(c.want, "- ") {
			t.Errorf("%q with %q becomes %q, %v, want %q", c.line, c.env, s, err, c.want)
		}
	}
}

func TestAMistakeInTheEnvironmentNamesTheVariable(t *testing.T) {
	_, err := arrange(commands(), []string{"agent"}, environment("HEARTSAY_FANOUT", "many"))
	if err == nil || !strings.Contains(err.Error(), `HEARTSAY_FANOUT "many": write a whole number`) {
		t.Errorf("the error is %v, want it to name HEARTSAY_FANOUT", err)
	}
}

func TestNoFlagTakesAValueInOneCommandOnly(t *testing.T) {
	takes := map[string]bool{}
	for _, c := range commands() {
		for _, f := range c.Flags {
			_, isBool := f.(*cli.BoolFlag)
			for _, name := range f.Names() {
				if before, seen := takes[name]; seen && before == isBool {
					t.Errorf("flag %s takes a value in some commands and none in others: it could not stand before its command", name)
				}
				takes[name] = !isBool
			}
		}
	}
}

func TestEveryFlagHasAVariableOfItsOwn(t *testing.T) {
	taken := map[string]string{}
	for _, c := range commands() {
		for _, f := range c.Flags {
			owner := c.Name + " " + f.Names()[0]
			name := envNames(c.Name, f)[0]
			alike := f.Names()[0] == "api" || f.Names()[0] == "token-file" || slices.Contains(agentCommands, c.Name)
			if other, ok := taken[name]; ok && !alike {
				t.Errorf("%s sets both %q and %q", name, other, owner)
			}
			taken[name] = owner
			if !strings.Contains(f.String(), "$"+name) {
				t.Errorf("the help of %q does not name %s", owner, name)
			}
		}
	}
}
