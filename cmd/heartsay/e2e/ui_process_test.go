package e2e

import (
	"bufio"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"heartsay/cmd/heartsay/internal/clitest"
	"heartsay/cmd/heartsay/internal/ui/uitest"
)

// startUIProcess runs heartsay ui in a process of its own and returns it with the address that it printed.
func startUIProcess(t *testing.T, agentURL string) (*exec.Cmd, string) {
	t.Helper()
	cmd := exec.Command("heartsay", "ui", "--api", agentURL)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if cmd.ProcessState == nil {
			cmd.Process.Kill()
			cmd.Wait()
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("heartsay ui printed no address: %v", err)
	}
	go io.Copy(io.Discard, out)
	return cmd, strings.TrimSpace(line)
}

// watchStates notes in the page every state that the member in the detail panel takes.
const watchStates = `(() => {
	const verdict = document.getElementById("detail-verdict");
	window.states = [verdict.dataset.state];
	new MutationObserver(() => {
		if (verdict.dataset.state !== window.states.at(-1)) window.states.push(verdict.dataset.state);
	}).observe(verdict, {attributes: true});
	return true;
})()`

// TestKilledMemberTurnsSuspectAndThenDeadWithoutAReload watches three real agents in a real browser.
func TestKilledMemberTurnsSuspectAndThenDeadWithoutAReload(t *testing.T) {
	t.Parallel()
	b := uitest.NewBrowser(t)
	dir := clitest.SocketDir(t)
	agents := map[string]*process{}
	var seed string
	for _, name := range []string{"ann", "bob", "cat"} {
		flags := []string{"--bind", "127.0.0.1:0", "--suspect-phi", "4", "--log-level", "error"}
		if seed != "" {
			flags = append(flags, "--join", seed)
		}
		agents[name] = startProcess(t, dir, name, nil, flags...)
		self, err := agents[name].client.Self(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		seed = self.Address
	}
	agents["ann"].sees(20*time.Second, "bob=alive cat=alive")
	cmd, url := startUIProcess(t, "unix://"+filepath.Join(dir, "ann.sock"))
	b.Do("open", chromedp.Navigate(url))
	b.Until("three members are alive", `document.getElementById("verdict").textContent === "All 3 members alive"`)
	uitest.Eval[bool](b, `([...document.querySelectorAll(".row .name")].find((n) => n.textContent === "cat").click(), true)`)
	b.Until("cat is shown in full", `document.getElementById("detail-verdict").dataset.state === "alive"`)
	uitest.Eval[bool](b, watchStates)
	uitest.Eval[bool](b, `window.same = true`)
	time.Sleep(3 * time.Second) // the detector learns what is usual

	agents["cat"].kill()
	b.Until("cat is dead", `document.querySelector(".row").textContent.startsWith("✕deadcat")`)
	b.Until("the verdict says so", `document.getElementById("verdict").textContent === "1 member dead – 2 of 3 alive"`)
	if states := uitest.Eval[[]string](b, `window.states`); !slices.Equal(states, []string{"alive", "suspect", "dead"}) {
		t.Errorf("cat went through %v, want alive, suspect, dead", states)
	}
	lines := uitest.Eval[[]string](b, `[...document.querySelectorAll("#log li")].map((l) => l.dataset.type + " " + l.querySelector(".name")?.textContent)`)
	if len(lines) < 3 || lines[0] != "dead cat" || lines[1] != "suspect cat" {
		t.Errorf("the log reads %v, want dead cat above suspect cat", lines)
	}
	if title := uitest.Eval[string](b, `document.title`); !strings.HasPrefix(title, "(1 dead)") {
		t.Errorf("the title is %q, want it to begin with the dead", title)
	}
	agents["cat"].start()
	b.Until("cat is alive again", `window.states.at(-1) === "alive"`)
	if !uitest.Eval[bool](b, `window.same === true && performance.getEntriesByType("navigation").length === 1`) {
		t.Error("the page was loaded again, want it to follow without")
	}
	b.NoFaults()

	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("on Ctrl-C heartsay ui ends with %v, want exit code 0", err)
	}
	b.Until("the page says that heartsay ui ended", `document.getElementById("banner-text").textContent.startsWith("heartsay ui ended")`)
}

// TestThePageNoticesThatItsServerHangsAndGoesOnWhenItDoesNot stops heartsay ui with SIGSTOP for a while.
func TestThePageNoticesThatItsServerHangsAndGoesOnWhenItDoesNot(t *testing.T) {
	t.Parallel()
	b := uitest.NewBrowser(t)
	f := uitest.NewAgent(t, 10)
	cmd, url := startUIProcess(t, f.URL())
	b.Do("open", chromedp.Navigate(url))
	b.Until("all are alive", `document.getElementById("verdict").textContent === "All 10 members alive"`)
	if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	b.Until("the page says so", `document.getElementById("banner-text").textContent.startsWith("heartsay ui does not answer since")`)
	if err := cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	b.Until("the page is live again", `document.getElementById("banner").hidden && document.getElementById("live-text").textContent === "live"`)
	b.NoFaults()
}
