package main

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"heartsay/cmd/heartsay/internal/cli"
	"heartsay/cmd/heartsay/internal/cli/clitest"
)

func TestTheCommandsOfTheDocumentAreOnesThatThereAre(t *testing.T) {
	commands := regexp.MustCompile(`(?m)^heartsay (ui.*)$`).FindAllStringSubmatch(readFile(t, "docs/ui.md"), -1)
	if len(commands) < 2 {
		t.Fatalf("docs/ui.md has %d commands, want two at least", len(commands))
	}
	for _, c := range commands {
		url := "unix://" + filepath.Join(clitest.SocketDir(t), "s")
		if code, _, err := command(url, strings.Fields(c[1])...); code != cli.ExitUnreachable {
			t.Errorf("without an agent %q exits with %d, %q, want 3", c[1], code, err)
		}
	}
}

func TestTheDocumentAndThePageNameTheSameKeys(t *testing.T) {
	document := readFile(t, "docs/ui.md")
	for _, key := range regexp.MustCompile(`<kbd>(.*?)</kbd>`).FindAllStringSubmatch(pageFiles(t)["index.html"], -1) {
		if !strings.Contains(document, "`"+key[1]+"`") {
			t.Errorf("docs/ui.md does not name the key %s", key[1])
		}
	}
}
