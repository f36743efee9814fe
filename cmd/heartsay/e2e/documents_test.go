package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"heartsay/api"
	"heartsay/cmd/heartsay/internal/clitest"
)

// documentedCommands returns the lines of the sh blocks of a document, those that go on joined.
func documentedCommands(t *testing.T, document string) []string {
	t.Helper()
	var all []string
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(readFile(t, document), -1) {
		text := regexp.MustCompile(`\\\n *`).ReplaceAllString(block[1], "")
		all = append(all, strings.Split(strings.TrimSpace(text), "\n")...)
	}
	return all
}

// TestTheCommandsOfTheOperatorsDocumentsRun runs each of them as it stands, but for folders and ports that a test may not
// use. An agent must become ready; dig's questions are asked without dig.
func TestTheCommandsOfTheOperatorsDocumentsRun(t *testing.T) {
	for _, document := range []string{"docs/metrics.md", "docs/discovery.md"} {
		dir := clitest.SocketDir(t)
		ports := freePorts(t, 2)
		here := strings.NewReplacer("/etc/haproxy", dir, "/run/heartsay", dir, "/run/", dir+"/", "10.0.0.1:", "127.0.0.1:",
			"4328", ports[0], "4329", ports[1], "-p 4329", "-p "+ports[1])
		if err := os.WriteFile(filepath.Join(dir, "heartsay.tmpl"), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		asked := startProcess(t, dir, "heartsay", nil, "--bind", "127.0.0.1:0", "--tag", "role=web", "--tag", "http=8080",
			"--tag", "metrics=9100")
		running := false
		for _, line := range documentedCommands(t, document) {
			command := here.Replace(line)
			switch {
			case strings.HasPrefix(command, "heartsay agent"):
				becomesReady(t, dir, command)
			case strings.HasPrefix(command, "haproxy"): // TestHAProxyFollowsTheClusterByAFile
			default:
				if !running { // whom the others ask
					running = true
					asked.kill()
					asked.args = append(asked.args, "--metrics", ports[0], "--dns", ports[1])
					asked.start()
					asked.await(10*time.Second, "it is ready", func() bool { return asked.client.Ready(context.Background()) == nil })
				}
				answers(t, dir, command)
			}
		}
	}
}

// becomesReady runs an agent until it is ready.
func becomesReady(t *testing.T, dir, command string) {
	t.Helper()
	socket := "unix://" + filepath.Join(dir, "one.sock")
	client, err := api.New(socket)
	if err != nil {
		t.Fatal(err)
	}
	command = regexp.MustCompile(` +#.*$`).ReplaceAllString(command, "")
	cmd := exec.Command("/bin/sh", "-c", "exec "+command+" --bind 127.0.0.1:0 --api "+socket)
	var words strings.Builder
	cmd.Stdout, cmd.Stderr = &words, &words
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); client.Ready(context.Background()) != nil; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Errorf("%s does not become ready: %s", command, words.String())
			break
		}
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}

// answers runs a command that asks the agent.
func answers(t *testing.T, dir, command string) {
	t.Helper()
	if words := strings.Fields(command); words[0] == "dig" {
		m, err := dns.Exchange(new(dns.Msg).SetQuestion(dns.Fqdn(words[4]), dns.StringToType[words[5]]),
			strings.TrimPrefix(words[1], "@")+":"+words[3])
		if err != nil || len(m.Answer) != 1 {
			t.Errorf("%s is answered with %v, %v, want one record", command, m, err)
		}
		return
	}
	if program := strings.Fields(command)[0]; program == "curl" {
		tool(t, program, program)
		command = strings.Replace(command, "curl ", "curl --fail --silent --show-error ", 1)
	}
	cmd := exec.Command("/bin/sh", "-c", command)
	cmd.Env = append(os.Environ(), "HEARTSAY_API=unix://"+filepath.Join(dir, "heartsay.sock"))
	if out, err := cmd.CombinedOutput(); err != nil || len(out) == 0 {
		t.Errorf("%s: %v: %q", command, err, out)
	}
}
