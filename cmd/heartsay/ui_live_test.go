package main

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
	"github.com/chromedp/chromedp/kb"

	"heartsay/api"
	"heartsay/cmd/heartsay/internal/cli/clitest"
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

// TestAKilledMemberTurnsSuspectAndThenDeadWithoutAReload watches three real agents in a real browser.
func TestAKilledMemberTurnsSuspectAndThenDeadWithoutAReload(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
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
	b.do("open", chromedp.Navigate(url))
	b.until("three members are alive", `document.getElementById("verdict").textContent === "All 3 members alive"`)
	eval[bool](b, `([...document.querySelectorAll(".row .name")].find((n) => n.textContent === "cat").click(), true)`)
	b.until("cat is shown in full", `document.getElementById("detail-verdict").dataset.state === "alive"`)
	eval[bool](b, watchStates)
	eval[bool](b, `window.same = true`)
	time.Sleep(3 * time.Second) // the detector learns what is usual

	agents["cat"].kill()
	b.until("cat is dead", `document.querySelector(".row").textContent.startsWith("✕deadcat")`)
	b.until("the verdict says so", `document.getElementById("verdict").textContent === "1 member dead – 2 of 3 alive"`)
	if states := eval[[]string](b, `window.states`); !slices.Equal(states, []string{"alive", "suspect", "dead"}) {
		t.Errorf("cat went through %v, want alive, suspect, dead", states)
	}
	lines := eval[[]string](b, `[...document.querySelectorAll("#log li")].map((l) => l.dataset.type + " " + l.querySelector(".name")?.textContent)`)
	if len(lines) < 3 || lines[0] != "dead cat" || lines[1] != "suspect cat" {
		t.Errorf("the log reads %v, want dead cat above suspect cat", lines)
	}
	if title := eval[string](b, `document.title`); !strings.HasPrefix(title, "(1 dead)") {
		t.Errorf("the title is %q, want it to begin with the dead", title)
	}
	agents["cat"].start()
	b.until("cat is alive again", `window.states.at(-1) === "alive"`)
	if !eval[bool](b, `window.same === true && performance.getEntriesByType("navigation").length === 1`) {
		t.Error("the page was loaded again, want it to follow without")
	}
	b.noFaults()

	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("on Ctrl-C heartsay ui ends with %v, want exit code 0", err)
	}
	b.until("the page says that heartsay ui ended", `document.getElementById("banner-text").textContent.startsWith("heartsay ui ended")`)
}

// TestThePageSurvivesStopAndRestartOfTheAgent stops the agent under a page.
func TestThePageSurvivesStopAndRestartOfTheAgent(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	f := newFakeAgent(t, 10)
	_, url := startUI(t, f.url())
	b.do("open", chromedp.Navigate(url))
	b.until("all are alive", `document.getElementById("verdict").textContent === "All 10 members alive"`)
	f.stop()
	b.until("the page says so", `document.getElementById("banner-text").textContent.startsWith("Agent unreachable since")`)
	if live := eval[string](b, `document.getElementById("live-text").textContent`); live != "not live" {
		t.Errorf("the page says that it is %q, want not live", live)
	}
	if !eval[bool](b, `document.getElementById("banner-why").textContent.includes("no such socket")`) {
		t.Error("the page does not say why the agent is unreachable")
	}
	f.silence("db-2", time.Now().Add(-time.Minute))
	f.restart()
	b.until("the page is live again", `document.getElementById("banner").hidden`)
	b.until("the gap is marked", `document.querySelector("#log .gap")`)
	if text := eval[string](b, `document.querySelector("#log .gap .reason").textContent`); !strings.Contains(text, "the agent was restarted") ||
		!strings.Contains(text, "now db-2 dead") {
		t.Errorf("the gap reads %q, want that the agent was restarted and db-2 died meanwhile", text)
	}
	b.noFaults()
}

// TestThePageNoticesThatItsServerHangsAndGoesOnWhenItDoesNot stops heartsay ui with SIGSTOP for a while.
func TestThePageNoticesThatItsServerHangsAndGoesOnWhenItDoesNot(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	f := newFakeAgent(t, 10)
	cmd, url := startUIProcess(t, f.url())
	b.do("open", chromedp.Navigate(url))
	b.until("all are alive", `document.getElementById("verdict").textContent === "All 10 members alive"`)
	if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	b.until("the page says so", `document.getElementById("banner-text").textContent.startsWith("heartsay ui does not answer since")`)
	if err := cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	b.until("the page is live again", `document.getElementById("banner").hidden && document.getElementById("live-text").textContent === "live"`)
	b.noFaults()
}

// TestTheTitleTellsOfADeathInATabOutOfSight takes from the page what a hidden one does not have: frames of the screen.
func TestTheTitleTellsOfADeathInATabOutOfSight(t *testing.T) {
	b := newBrowser(t)
	f := newFakeAgent(t, 10)
	_, url := startUI(t, f.url())
	b.do("open", chromedp.Navigate(url))
	b.until("all are alive", `document.getElementById("verdict").textContent === "All 10 members alive"`)
	eval[bool](b, `(window.requestAnimationFrame = () => 0, Object.defineProperty(document, "hidden", {value: true}), true)`)
	f.silence("db-2", time.Now().Add(-time.Minute))
	b.until("the title says so", `document.title === "(1 dead) shop – heartsay"`)
	b.until("the icon says so", `document.getElementById("icon").href.endsWith("dead.svg")`)
}

// TestALostEventIsMarkedAsAGap lets the agent lose events for its readers.
func TestALostEventIsMarkedAsAGap(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	f := newFakeAgent(t, 10)
	_, url := startUI(t, f.url())
	b.do("open", chromedp.Navigate(url))
	b.until("the start is in the log", `document.querySelector("#log .start")`)
	f.mu.Lock()
	f.lose = true
	f.mu.Unlock()
	f.server.Close()
	f.serve()
	b.until("the gap is marked", `document.querySelector("#log .gap")`)
	if text := eval[string](b, `document.querySelector("#log .gap .reason").textContent`); !strings.HasPrefix(text, "events were lost") {
		t.Errorf("the gap reads %q, want that events were lost", text)
	}
}

// TestAThousandMembersFitThePage looks at the first, the last and one in the middle of many.
func TestAThousandMembersFitThePage(t *testing.T) {
	b := newBrowser(t)
	f := newFakeAgent(t, 1000)
	f.set("cache-7", func(m *api.Member) { m.State = "left" })
	_, url := startUI(t, f.url())
	b.look(1440, 900, "light")
	b.do("open", chromedp.Navigate(url))
	b.until("all are there", `document.querySelector('.tile[data-state=""] .count').textContent === "1,000"`)
	f.silence("db-200", time.Now().Add(-time.Minute))
	f.publish("db-200")
	b.until("the dead one is on top", `document.querySelector(".row .name").textContent === "db-200"`)
	if rows := eval[int](b, `document.querySelectorAll(".row").length`); rows > 60 {
		t.Errorf("the page has %d rows for 1000 members, want only those in sight", rows)
	}
	b.do("focus", chromedp.Focus("#grid"))
	b.keys(kb.End)
	b.until("the last one is in sight and chosen", `[...document.querySelectorAll('.row[aria-selected="true"]')].some(
		(r) => r.textContent.includes("cache-7") && r.getBoundingClientRect().bottom <= innerHeight)`)
	b.do("filter", chromedp.SendKeys("#filter", "ROLE=web rack=r4 web-1"))
	b.until("only those of rack 4 whose names begin with web-1 are left", `document.getElementById("shown").textContent === "36 of 1,000" &&
		[...document.querySelectorAll(".row:not([hidden]) .name")].every((n) => n.textContent.startsWith("web-1"))`)
	b.noFaults()
}
