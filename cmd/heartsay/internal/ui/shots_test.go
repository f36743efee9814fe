package ui

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"heartsay/api"
	"heartsay/cmd/heartsay/internal/ui/uitest"
)

var (
	shots  = flag.String("ui.shots", "", "write pictures of the page in all sizes and schemes to this folder")
	update = flag.Bool("ui.update", false, "write docs/ui.png anew")
)

// troubled returns a cluster of n members in which something is wrong, with two minutes of history behind it.
func troubled(t *testing.T, n int) (*uitest.Agent, *server) {
	t.Helper()
	f := uitest.NewAgent(t, n)
	client, err := api.New(f.URL())
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	u := newServer(client)
	u.board = newBoard(now.Add(-historySlots * time.Second).Truncate(time.Second))
	u.follow.board = u.board
	f.Set("queue-1", func(m *api.Member) { m.State, m.Since = "left", now.Add(-6*time.Minute) })
	f.Silence("db-2", now.Add(-47*time.Second))
	if n > 100 {
		f.Silence("web-41", now.Add(-14*time.Second))
		f.Silence("cache-77", now.Add(-100*time.Minute))
		f.Set("queue-140", func(m *api.Member) { m.Timeout, m.SuspectTimeout = 400*time.Second, time.Second })
		f.Silence("queue-140", now.Add(-70*time.Second))
	}
	f.Set("cache-2", func(m *api.Member) { m.Timeout, m.SuspectTimeout = time.Minute, 4*time.Second })
	f.Silence("cache-2", now.Add(-30*time.Second))
	for s := range historySlots {
		at := u.board.began.Add(time.Duration(s) * time.Second)
		u.board.answered(at, f.View(at), f.Self(at), 3*time.Millisecond)
	}
	return f, u
}

// tell makes an event part of what the agent has told before the page is opened.
func tell(f *uitest.Agent, at time.Time, kind api.EventType, name, reason string) {
	e := api.Event{Time: at, Type: kind, Reason: reason, Member: api.Member{Name: name, State: api.State(kind)}}
	if kind == api.EventReset {
		e.Members = f.View(at).Members
	}
	f.Emit(e)
}

func TestUIPictures(t *testing.T) {
	if *shots == "" && !*update {
		t.Skip("takes pictures only with -ui.shots DIR or -ui.update")
	}
	for _, n := range []int{10, 1000} {
		f, u := troubled(t, n)
		now := time.Now()
		tell(f, now.Add(-400*time.Second), api.EventReset, "", "asked for")
		tell(f, now.Add(-360*time.Second), "left", "queue-1", "as announced")
		tell(f, now.Add(-300*time.Second), api.EventReset, "", "events were lost")
		tell(f, now.Add(-45*time.Second), "suspect", "db-2", "silent for 1.934s")
		tell(f, now.Add(-44*time.Second), "dead", "db-2", "silent for 2.611s")
		tell(f, now.Add(-26*time.Second), "suspect", "cache-2", "silent for 4.012s")
		u.follow.begin = api.EventsRequest{After: f.Start()}
		_, url := serveUI(t, u)
		b := uitest.NewBrowser(t)
		b.Do("open", chromedp.Navigate(url))
		b.Until("members are shown", `document.querySelectorAll(".row").length > 3`)
		for _, scheme := range []string{"light", "dark"} {
			b.Look(1440, 900, scheme)
			shoot(t, b, fmt.Sprintf("%d-%s-wide", n, scheme))
			if *update && n == 10 && scheme == "light" {
				b.Look(1280, 620, scheme)
				save(t, b, filepath.Join(moduleRoot, "docs/ui.png"))
			}
			b.Look(1000, 700, scheme)
			shoot(t, b, fmt.Sprintf("%d-%s-middle", n, scheme))
			b.Look(390, 800, scheme)
			shoot(t, b, fmt.Sprintf("%d-%s-phone", n, scheme))
		}
		b.Look(1440, 900, "light")
		b.Do("focus", chromedp.Focus("#grid"))
		b.Keys(kb.ArrowDown + kb.Enter)
		shoot(t, b, fmt.Sprintf("%d-detail", n))
		b.Look(390, 800, "dark")
		shoot(t, b, fmt.Sprintf("%d-detail-phone", n))
		b.Keys(kb.Escape)
		b.Do("events", chromedp.Click(`nav [data-tab="events"]`))
		shoot(t, b, fmt.Sprintf("%d-events-phone", n))
		b.Do("agent", chromedp.Click(`nav [data-tab="agent"]`))
		shoot(t, b, fmt.Sprintf("%d-agent-phone", n))
		b.Look(1440, 900, "light")
		b.Keys("?")
		shoot(t, b, fmt.Sprintf("%d-help", n))
		b.Keys(kb.Escape)
		f.Stop()
		b.Until("the agent is called unreachable", `!document.getElementById("banner").hidden`)
		shoot(t, b, fmt.Sprintf("%d-unreachable", n))
	}
}

// shoot takes a picture if they were asked for.
func shoot(t *testing.T, b *uitest.Browser, name string) {
	t.Helper()
	if *shots != "" {
		save(t, b, filepath.Join(*shots, name+".png"))
	}
}

func save(t *testing.T, b *uitest.Browser, path string) {
	t.Helper()
	time.Sleep(1200 * time.Millisecond) // one more frame, and the layout has settled
	if err := os.WriteFile(path, b.Picture(), 0o644); err != nil {
		t.Fatal(err)
	}
}
