package ui

import (
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"heartsay/cmd/heartsay/internal/cli"
	"heartsay/cmd/heartsay/internal/clitest"
)

// moduleRoot is where docs and deploy are.
const moduleRoot = "../../../.."

// document returns what is written of the page.
func document(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(moduleRoot, "docs/ui.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTheCommandsOfTheDocumentAreOnesThatThereAre(t *testing.T) {
	commands := regexp.MustCompile(`(?m)^heartsay (ui.*)$`).FindAllStringSubmatch(document(t), -1)
	if len(commands) < 2 {
		t.Fatalf("docs/ui.md has %d commands, want two at least", len(commands))
	}
	program := &cli.Program{Name: "heartsay", Commands: []*cli.Command{Command()}}
	for _, c := range commands {
		url := "unix://" + filepath.Join(clitest.SocketDir(t), "s")
		if code, _, err := clitest.Run(program, url, strings.Fields(c[1])...); code != cli.ExitUnreachable {
			t.Errorf("without an agent %q exits with %d, %q, want 3", c[1], code, err)
		}
	}
}

func TestTheDocumentAndThePageNameTheSameKeys(t *testing.T) {
	text := document(t)
	for _, key := range regexp.MustCompile(`<kbd>(.*?)</kbd>`).FindAllStringSubmatch(pageFiles(t)["index.html"], -1) {
		if !strings.Contains(text, "`"+key[1]+"`") {
			t.Errorf("docs/ui.md does not name the key %s", key[1])
		}
	}
}

func TestPortThatIsTakenIsSaidWithWhatToDo(t *testing.T) {
	taken, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	program := &cli.Program{Name: "heartsay", Commands: []*cli.Command{Command()}}
	url := clitest.Agent(t, clitest.Answer(200, `{"name":"ann"}`))
	code, _, text := clitest.Run(program, url, "ui", "--port", port)
	if code != cli.ExitFailed || !strings.Contains(text, "address already in use: choose another port with --port") {
		t.Errorf("with port %s, which is taken, it exits with %d, %q, want 1 and what to do", port, code, text)
	}
}
