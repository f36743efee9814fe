package e2e

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

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
