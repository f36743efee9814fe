package main

import (
	"io"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"heartsay/cmd/heartsay/internal/cli"
	"heartsay/cmd/heartsay/internal/cli/clitest"
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

func TestAWordIsCompletedByWhatMayStandThere(t *testing.T) {
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

func TestEachShellCompletes(t *testing.T) {
	for shell, script := range map[string]string{
		"bash": `source <(heartsay completion bash)
			complete -p heartsay >/dev/null || exit 9
			try() { COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _heartsay; echo "${COMPREPLY[@]}"; }
			try heartsay mem; try heartsay members --state = de; try heartsay members --state =; try heartsay tags ''`,
		"zsh": `compdef() { [[ $2 == heartsay ]] || exit 9 }
			source <(heartsay completion zsh)
			_describe() { print -r -- ${(@)${(@P)2}%%:*} }
			_files() { print files }
			try() { words=("$@") CURRENT=$#; _heartsay }
			try heartsay mem; try heartsay members --state=de; try heartsay members --state=; try heartsay tags ''`,
		"fish": `heartsay completion fish | source
			for line in 'heartsay mem' 'heartsay members --state=de' 'heartsay members --state=' 'heartsay tags '
				set -l words (complete -C $line | string replace -r '\t.*' '')
				echo $words
			end`,
	} {
		t.Run(shell, func(t *testing.T) {
			path, err := exec.LookPath(shell)
			if err != nil {
				t.Skipf("needs %s", shell)
			}
			args := []string{"-c", script}
			if shell != "fish" {
				args = append([]string{map[string]string{"bash": "--norc", "zsh": "-f"}[shell]}, args...)
			}
			cmd := exec.Command(path, args...)
			cmd.Env = append(cmd.Environ(), "HOME="+t.TempDir())
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%s: %v: %s", shell, err, out)
			}
			lines := strings.Split(strings.TrimSpace(string(out)), "\n")
			for i, l := range lines {
				words := strings.Fields(strings.ReplaceAll(l, "--state=", ""))
				slices.Sort(words)
				lines[i] = strings.Join(words, " ")
			}
			want := []string{"members", "dead", "alive dead left suspect", "delete set show"}
			if !slices.Equal(lines, want) {
				t.Errorf("%s completes to %q, want %q", shell, lines, want)
			}
		})
	}
}

func TestAnUnknownShellIsAMistake(t *testing.T) {
	if code, out, err := command("", "completion", "tcsh"); code != cli.ExitUsage || out != "" || !strings.Contains(err, "bash, fish or zsh") {
		t.Errorf("completion for tcsh exits with %d, %q, %q, want 2 and the shells that are known", code, out, err)
	}
}
