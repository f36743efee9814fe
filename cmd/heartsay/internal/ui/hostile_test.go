package ui

import (
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"heartsay/api"
	"heartsay/cmd/heartsay/internal/ui/uitest"
)

// TestHostileTextStaysText puts markup into everything that an agent can tell.
func TestHostileTextStaysText(t *testing.T) {
	b := uitest.NewBrowser(t)
	f := uitest.NewAgent(t, 4)
	const bad = `<script>window.owned=1</script><img src=x onerror="window.owned=1">`
	turned := "gnp.\u202e\n" + bad
	f.Set("db-1", func(m *api.Member) {
		m.Name, m.Address, m.Zone, m.Build = bad, bad, bad, bad
		m.Tags = map[string]string{bad: turned, "__proto__": bad, "constructor": "x"}
	})
	f.Set("cache-1", func(m *api.Member) { m.Name, m.State = "__proto__", bad })
	f.Silence(bad, time.Now().Add(-time.Minute))
	_, url := startUI(t, f.URL())
	b.Look(1700, 900, "light")
	b.Do("open", chromedp.Navigate(url))
	b.Until("four members are shown", `document.querySelectorAll(".row:not([hidden])").length === 4`)
	f.Publish(bad)
	b.Until("the event is in the log", `document.querySelector("#log .name")`)
	b.Do("show it in full", chromedp.Click("#log .name"))
	b.Until("the panel is open", `document.getElementById("detail-facts").textContent`)
	for what, expression := range map[string]string{
		"name":       `document.querySelector(".row .name").textContent`,
		"address":    `document.querySelector(".row .c-address").textContent`,
		"tags":       `document.querySelector(".row .c-tags").textContent`,
		"log":        `document.querySelector("#log .name").textContent`,
		"panel":      `document.getElementById("detail-name").textContent`,
		"facts":      `document.getElementById("detail-facts").textContent`,
		"own status": `document.getElementById("grid").textContent`,
	} {
		if text := uitest.Eval[string](b, expression); !strings.Contains(text, bad) {
			t.Errorf("%s reads %q, want the markup as text", what, text)
		}
	}
	if made := uitest.Eval[int](b, `document.querySelectorAll("img, body script, iframe").length`); made != 0 {
		t.Errorf("the page has %d elements that it never makes", made)
	}
	if uitest.Eval[bool](b, `"owned" in window`) {
		t.Error("a member's name ran as a script")
	}
	if uitest.Eval[bool](b, `/[\u202e]/.test(document.documentElement.outerHTML)`) {
		t.Error("a mark that turns the direction of writing is in the page as it is")
	}
	if text := uitest.Eval[string](b, `document.querySelector(".row .c-tags").textContent`); !strings.Contains(text, `gnp.\u202e\u000a<script>`) {
		t.Errorf("tags read %q, want what cannot be seen written out", text)
	}
	b.NoFaults()
}

// TestThePageWorksWithTheKeyboardAlone does all that a mouse can.
func TestThePageWorksWithTheKeyboardAlone(t *testing.T) {
	b := uitest.NewBrowser(t)
	f := uitest.NewAgent(t, 40)
	f.Silence("db-3", time.Now().Add(-time.Minute))
	_, url := startUI(t, f.URL())
	b.Do("open", chromedp.Navigate(url))
	b.Until("members are shown", `document.querySelectorAll(".row").length > 3`)
	const (
		chosen  = `document.querySelector('.row:not([hidden])[aria-selected="true"] .name')?.textContent`
		open    = `!document.getElementById("detail").hidden`
		shown   = `document.getElementById("shown").textContent`
		focused = `document.activeElement.id`
	)
	for _, step := range []struct{ keys, what, want string }{
		{"/", "the filter has the focus", focused + ` === "filter"`},
		{"web", "only web is shown", shown + ` === "10 of 40"`},
		{"1?", "keys of one character are text there", `document.getElementById("filter").value === "web1?"`},
		{kb.Escape, "Esc clears the filter", `document.getElementById("filter").value === "" && ` + shown + ` === ""`},
		{kb.ArrowDown, "an arrow goes to the list", focused + ` === "grid" && ` + chosen + ` === "db-3"`},
		{kb.Enter, "Enter opens the member", open + ` && document.getElementById("detail-name").textContent === "db-3"`},
		{kb.ArrowDown, "the panel follows", `document.getElementById("detail-name").textContent === "cache-1"`},
		{kb.ArrowUp + kb.ArrowUp, "the first is the first", chosen + ` === "db-3"`},
		{kb.End, "End goes to the last", chosen + ` === "web-10"`},
		{kb.PageUp + kb.Home, "Home goes to the first", chosen + ` === "db-3"`},
		{kb.Escape, "Esc closes the panel", "!(" + open + ")"},
		{"1", "1 shows the dead", shown + ` === "1 of 40"`},
		{"3", "3 shows the alive", shown + ` === "39 of 40"`},
		{"4", "4 shows those who left, of whom there are none", `!document.getElementById("none").hidden`},
		{"4", "again shows all", shown + ` === ""`},
		{"20", "0 shows all", shown + ` === ""`},
		{"?", "? explains", `document.getElementById("help").open`},
		{"/", "a key does nothing behind it", `document.getElementById("help").open && ` + focused + ` !== "filter"`},
		{kb.Escape, "Esc closes it", `!document.getElementById("help").open`},
	} {
		b.Keys(step.keys)
		b.Until(step.what, step.want)
	}
	active := uitest.Eval[string](b, `document.getElementById(document.getElementById("grid").getAttribute("aria-activedescendant")).textContent`)
	if !strings.Contains(active, "db-3") {
		t.Errorf("a screen reader reads %q, want db-3, where the keyboard is", active)
	}
	uitest.Eval[bool](b, `(document.querySelector("#heads .c-name button").focus(), true)`)
	b.Keys(kb.Enter)
	b.Until("a head sorts", `document.querySelector("#heads .c-name").getAttribute("aria-sort") === "ascending" &&
		document.querySelector(".row .name").textContent === "cache-1"`)
	b.Keys(kb.Enter)
	b.Until("again turns it round", `document.querySelector("#heads .c-name").getAttribute("aria-sort") === "descending" &&
		document.querySelector(".row .name").textContent === "web-10"`)
	b.NoFaults()
}

// TestTheLinkOpenedTwiceInABrowser reloads the page and opens its link again, there and elsewhere.
func TestTheLinkOpenedTwiceInABrowser(t *testing.T) {
	b := uitest.NewBrowser(t)
	f := uitest.NewAgent(t, 5)
	_, url := startUI(t, f.URL())
	const there = `document.getElementById("verdict")?.textContent === "All 5 members alive"`
	b.Do("open", chromedp.Navigate(url))
	b.Until("the page is there", there)
	if shown := uitest.Eval[string](b, `location.href`); strings.Contains(shown, "token") {
		t.Errorf("the address bar shows %s, want it without the token", shown)
	}
	b.Do("reload", chromedp.Reload())
	b.Until("the page is there after a reload", there)
	b.Do("open again", chromedp.Navigate(url))
	b.Until("the page is there a second time", there)
	if cookie := uitest.Eval[string](b, `document.cookie`); cookie != "" {
		t.Errorf("scripts see the cookie %q, want none", cookie)
	}
	other := uitest.NewBrowser(t)
	other.Do("open elsewhere", chromedp.Navigate(url))
	other.Until("another browser is refused", `document.body.textContent.startsWith("403")`)
}

func TestHostile18ConnectionsThatMayNotSeeThePageKeepNobodyOut(t *testing.T) {
	u, link := serveUI(t, newServer(nobody{}))
	at, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	for range maxConns + 20 {
		c, err := net.Dial("tcp4", at.Host)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	response, err := http.Get(link)
	if err != nil {
		t.Fatalf("beside %d silent connections: %v", maxConns+20, err)
	}
	response.Body.Close()
	if response.StatusCode != 200 {
		t.Errorf("beside silent connections the page is answered with %d", response.StatusCode)
	}
	if got := u.places.Crowded().Full; got == 0 {
		t.Error("all silent connections are open: each holds a file of this program")
	}
}
