package agent

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"heartsay/agent/handlers"
	"heartsay/api"
)

func TestReloadReplacesHandlersOrKeepsAllThereWere(t *testing.T) {
	virtually(t, func(c *cluster) {
		cfg := c.config("a", 1)
		cfg.Handlers.Programs = []handlers.Program{mustHandler(t, "dead=/bin/true before")}
		a := c.startWith(cfg)
		atWork := func() string {
			var names []string
			for _, h := range a.HandlerStats() {
				names = append(names, h.Name)
			}
			return strings.Join(names, "; ")
		}
		broken := cfg
		broken.Handlers.Programs = []handlers.Program{mustHandler(t, "dead=/bin/true after")}
		hook, err := handlers.ParseWebhook("dead=http://127.0.0.1:9/")
		if err != nil {
			t.Fatal(err)
		}
		broken.Handlers.Webhooks, broken.Handlers.WebhookSecretFile = []handlers.Webhook{hook}, "/nonexistent/secret"
		before := atWork()
		if err := reload(a, broken); err == nil || atWork() != before || !strings.Contains(before, "before") {
			t.Errorf("with a secret that cannot be read a reload says %v and leaves the handlers %q, want those from before", err, atWork())
		}
		cfg.Handlers.Programs = broken.Handlers.Programs
		if err := reload(a, cfg); err != nil || !strings.Contains(atWork(), "after") || strings.Contains(atWork(), "before") {
			t.Errorf("a reload says %v and leaves the handlers %q, want the new one alone", err, atWork())
		}
	})
}

func TestHandlersOfAnAgentHearItsWholeLifeAndItsGoodbye(t *testing.T) {
	virtually(t, func(c *cluster) {
		path := filepath.Join(t.TempDir(), "heard")
		program := "/bin/sh -c 'echo $HEARTSAY_EVENT $HEARTSAY_MEMBER >> " + path + "'"
		cfg := c.config("a", 1)
		cfg.Handlers.Programs = []handlers.Program{mustHandler(t, "join,left="+program)}
		a := c.startWith(cfg)
		c.start("b", 2, "10.0.0.1")
		c.sees("a", 2*time.Second, "b=alive")
		if _, err := a.Leave(context.Background()); err != nil {
			t.Fatal(err)
		}
		a.handlers.Finish(finishTime)
		heard, _ := os.ReadFile(path)
		if got := strings.Fields(strings.ReplaceAll(string(heard), " ", "/")); len(got) != 3 || !slices.Contains(got, "join/a") ||
			!slices.Contains(got, "join/b") || !slices.Contains(got, "left/a") {
			t.Errorf("the handler got %q, want that a and b joined and a left", got)
		}
		if n := a.HandlerStats()[0].Outcomes["ok"]; n != 3 {
			t.Errorf("%d events were handled, want 3", n)
		}
	})
}

func TestSetHandlersIsAllOrNothing(t *testing.T) {
	virtually(t, func(c *cluster) {
		a := c.start("a", 1)
		cfg := c.config("a", 1)
		cfg.Handlers.Programs = []handlers.Program{mustHandler(t, "dead=/bin/true")}
		if err := a.SetHandlers(context.Background(), cfg); err != nil || len(a.HandlerStats()) != 1 {
			t.Fatalf("one handler is set with %v", err)
		}
		bad := cfg
		bad.Handlers.Webhooks = []handlers.Webhook{{Types: []api.EventType{api.EventDead}, URL: "https://host/"}}
		bad.Handlers.WebhookSecretFile = "/no/such/file"
		var fault *ConfigError
		if err := a.SetHandlers(context.Background(), bad); err == nil || !errors.As(err, &fault) || len(a.HandlerStats()) != 1 {
			t.Errorf("a secret that is not there gives %v and %d handlers, want an error and the one from before", err,
				len(a.HandlerStats()))
		}
		cfg.Handlers.Programs = nil
		if err := a.SetHandlers(context.Background(), cfg); err != nil || len(a.HandlerStats()) != 0 {
			t.Errorf("no handlers are set with %v", err)
		}
	})
}

func TestReloadReadsTheKeyFileAgain(t *testing.T) {
	virtually(t, func(c *cluster) {
		a := c.startSealed("a", 1, keysOf("x"))
		writeKeys(t, a.cfg.KeyFile, keysOf("xy"))
		if err := reload(a, a.Config()); err != nil || len(a.keys.Load().IDs()) != 2 {
			t.Errorf("a reload says %v and leaves %d keys, want the two that the file has now", err, len(a.keys.Load().IDs()))
		}
	})
}

func mustHandler(t *testing.T, text string) handlers.Program {
	t.Helper()
	h, err := handlers.ParseProgram(text)
	if err != nil {
		t.Fatal(err)
	}
	return h
}
