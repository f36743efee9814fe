package ui

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"heartsay/api"
	"heartsay/cmd/heartsay/internal/ui/uitest"
)

// TestThePageSurvivesStopAndRestartOfTheAgent stops the agent under a page.
func TestThePageSurvivesStopAndRestartOfTheAgent(t *testing.T) {
	t.Parallel()
	b := uitest.NewBrowser(t)
	f := uitest.NewAgent(t, 10)
	_, url := startUI(t, f.URL())
	b.Do("open", chromedp.Navigate(url))
	b.Until("all are alive", `document.getElementById("verdict").textContent === "All 10 members alive"`)
	f.Stop()
	b.Until("the page says so", `document.getElementById("banner-text").textContent.startsWith("Agent unreachable since")`)
	if live := uitest.Eval[string](b, `document.getElementById("live-text").textContent`); live != "not live" {
		t.Errorf("the page says that it is %q, want not live", live)
	}
	if !uitest.Eval[bool](b, `document.getElementById("banner-why").textContent.includes("no such socket")`) {
		t.Error("the page does not say why the agent is unreachable")
	}
	f.Silence("db-2", time.Now().Add(-time.Minute))
	f.Restart()
	b.Until("the page is live again", `document.getElementById("banner").hidden`)
	b.Until("the gap is marked", `document.querySelector("#log .gap")`)
	if text := uitest.Eval[string](b, `document.querySelector("#log .gap .reason").textContent`); !strings.Contains(text, "the agent was restarted") ||
		!strings.Contains(text, "now db-2 dead") {
		t.Errorf("the gap reads %q, want that the agent was restarted and db-2 died meanwhile", text)
	}
	b.NoFaults()
}

// TestTheTitleTellsOfADeathInATabOutOfSight takes from the page what a hidden one does not have: frames of the screen.
func TestTheTitleTellsOfADeathInATabOutOfSight(t *testing.T) {
	b := uitest.NewBrowser(t)
	f := uitest.NewAgent(t, 10)
	_, url := startUI(t, f.URL())
	b.Do("open", chromedp.Navigate(url))
	b.Until("all are alive", `document.getElementById("verdict").textContent === "All 10 members alive"`)
	uitest.Eval[bool](b, `(window.requestAnimationFrame = () => 0, Object.defineProperty(document, "hidden", {value: true}), true)`)
	f.Silence("db-2", time.Now().Add(-time.Minute))
	b.Until("the title says so", `document.title === "(1 dead) shop – heartsay"`)
	b.Until("the icon says so", `document.getElementById("icon").href.endsWith("dead.svg")`)
}

// TestLostEventIsMarkedAsAGap lets the agent lose events for its readers.
func TestLostEventIsMarkedAsAGap(t *testing.T) {
	t.Parallel()
	b := uitest.NewBrowser(t)
	f := uitest.NewAgent(t, 10)
	_, url := startUI(t, f.URL())
	b.Do("open", chromedp.Navigate(url))
	b.Until("the start is in the log", `document.querySelector("#log .start")`)
	f.LoseEvents()
	b.Until("the gap is marked", `document.querySelector("#log .gap")`)
	if text := uitest.Eval[string](b, `document.querySelector("#log .gap .reason").textContent`); !strings.HasPrefix(text, "events were lost") {
		t.Errorf("the gap reads %q, want that events were lost", text)
	}
}

// TestThousandMembersFitThePage looks at the first, the last and one in the middle of many.
func TestThousandMembersFitThePage(t *testing.T) {
	b := uitest.NewBrowser(t)
	f := uitest.NewAgent(t, 1000)
	f.Set("cache-7", func(m *api.Member) { m.State = "left" })
	_, url := startUI(t, f.URL())
	b.Look(1440, 900, "light")
	b.Do("open", chromedp.Navigate(url))
	b.Until("all are there", `document.querySelector('.tile[data-state=""] .count').textContent === "1,000"`)
	f.Silence("db-200", time.Now().Add(-time.Minute))
	f.Publish("db-200")
	b.Until("the dead one is on top", `document.querySelector(".row .name").textContent === "db-200"`)
	if rows := uitest.Eval[int](b, `document.querySelectorAll(".row").length`); rows > 60 {
		t.Errorf("the page has %d rows for 1000 members, want only those in sight", rows)
	}
	b.Do("focus", chromedp.Focus("#grid"))
	b.Keys(kb.End)
	b.Until("the last one is in sight and chosen", `[...document.querySelectorAll('.row[aria-selected="true"]')].some(
		(r) => r.textContent.includes("cache-7") && r.getBoundingClientRect().bottom <= innerHeight)`)
	b.Do("filter", chromedp.SendKeys("#filter", "ROLE=web rack=r4 web-1"))
	b.Until("only those of rack 4 whose names begin with web-1 are left", `document.getElementById("shown").textContent === "36 of 1,000" &&
		[...document.querySelectorAll(".row:not([hidden]) .name")].every((n) => n.textContent.startsWith("web-1"))`)
	b.NoFaults()
}
