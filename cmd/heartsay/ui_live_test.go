package main

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"heartsay/api"
)

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
	f.loseEvents()
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
