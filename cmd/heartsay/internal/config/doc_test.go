package config

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"heartsay/agent"
	"heartsay/cmd/heartsay/internal/cli"
	"heartsay/cmd/heartsay/internal/clitest"
)

// moduleRoot is where docs and deploy are.
const moduleRoot = "../../../.."

// document returns a file of the module.
func document(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(moduleRoot, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

var writeDocs = flag.Bool("write", false, "write into the documents what is so now, in place of comparing")

const keysBegin, keysEnd = "<!-- keys -->\n", "<!-- /keys -->\n"

// keyTable returns the table of all keys, from the agent's flags.
func keyTable() string {
	var b strings.Builder
	b.WriteString("| key | kind | default | reload | meaning |\n|---|---|---|---|---|\n")
	command := Command().Commands[0]
	for _, f := range Flags() {
		if _, inFile := fileFlag(command, f.Name); !inFile {
			continue
		}
		reload := "no"
		if slices.Contains(append(agent.Reloadable(), "log-level"), f.Name) {
			reload = "yes"
		}
		usage := strings.ReplaceAll(f.Meaning(), "|", `\|`)
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", f.Name, kindWords[f.Kind], defaultWords(f), reload, usage)
	}
	return b.String()
}

var kindWords = map[cli.Kind]string{
	cli.KindText: "string", cli.KindList: "list", cli.KindBool: "true or false", cli.KindInt: "whole number", cli.KindNumber: "number",
	cli.KindDuration: "duration",
}

func defaultWords(f cli.Flag) string {
	if strings.HasPrefix(f.Default, "unix://") {
		return "depends on the user" // who built the table is not who reads it
	}
	if f.Kind == cli.KindBool {
		return cmp.Or(f.Default, "false")
	}
	return cmp.Or(f.Otherwise, f.Default, "none")
}

func TestTheTableOfKeysIsThatOfTheFlags(t *testing.T) {
	path := filepath.Join(moduleRoot, "docs/configuration.md")
	text := document(t, "docs/configuration.md")
	before, rest, ok := strings.Cut(text, keysBegin)
	shown, after, ok2 := strings.Cut(rest, keysEnd)
	if !ok || !ok2 {
		t.Fatal("docs/configuration.md has no marks around its table of keys")
	}
	want := keyTable()
	if shown == want {
		return
	}
	if !*writeDocs {
		t.Fatalf("docs/configuration.md lists\n%s\nwrite it anew with: go test ./cmd/heartsay/internal/config -run %s -write", shown, t.Name())
	}
	if err := os.WriteFile(path, []byte(before+keysBegin+want+keysEnd+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestTheExampleConfigurationIsTaken(t *testing.T) {
	path := configFile(t, document(t, "deploy/heartsay.toml")) // the tree may be another user's
	code, out, err := runConfig("", "config", "check", path)
	if code != cli.ExitOK || !strings.HasSuffix(out, ": ok\n") {
		t.Fatalf("the example is answered with %d, %q, %q, want that it is ok", code, out, err)
	}
	cfg, fault := configured(t, clitest.Env(), "--config", path)
	if fault != nil || cfg.Name != "red" || cfg.Tags["role"] != "db" || len(cfg.Join) != 2 || cfg.Dead.Max != 15*time.Second {
		t.Errorf("the example gives %+v, %v", cfg, fault)
	}
}
