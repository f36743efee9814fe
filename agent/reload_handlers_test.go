package agent

import (
	"strings"
	"testing"
)

func TestAReloadReplacesHandlersOrKeepsAllThereWere(t *testing.T) {
	virtually(t, func(c *cluster) {
		cfg := c.config("a", 1)
		cfg.OnEvent = []Handler{mustHandler(t, "dead=/bin/true before")}
		a := c.startWith(cfg)
		handlers := func() string {
			var names []string
			for _, h := range a.HandlerStats() {
				names = append(names, h.Name)
			}
			return strings.Join(names, "; ")
		}
		broken := cfg
		broken.OnEvent = []Handler{mustHandler(t, "dead=/bin/true after")}
		hook, err := ParseWebhook("dead=http://127.0.0.1:9/")
		if err != nil {
			t.Fatal(err)
		}
		broken.Webhooks, broken.WebhookSecretFile = []Webhook{hook}, "/nonexistent/secret"
		before := handlers()
		if err := reload(a, broken); err == nil || handlers() != before || !strings.Contains(before, "before") {
			t.Errorf("with a secret that cannot be read a reload says %v and leaves the handlers %q, want those from before", err, handlers())
		}
		cfg.OnEvent = broken.OnEvent
		if err := reload(a, cfg); err != nil || !strings.Contains(handlers(), "after") || strings.Contains(handlers(), "before") {
			t.Errorf("a reload says %v and leaves the handlers %q, want the new one alone", err, handlers())
		}
	})
}

func TestAReloadReadsTheKeyFileAgain(t *testing.T) {
	virtually(t, func(c *cluster) {
		a := c.startSealed("a", 1, testKeys("x"))
		writeKeys(t, a.cfg.KeyFile, testKeys("xy"))
		if err := reload(a, a.Config()); err != nil || len(a.sealer.Keys().IDs()) != 2 {
			t.Errorf("a reload says %v and leaves %d keys, want the two that the file has now", err, len(a.sealer.Keys().IDs()))
		}
	})
}

func mustHandler(t *testing.T, text string) Handler {
	t.Helper()
	h, err := ParseHandler(text)
	if err != nil {
		t.Fatal(err)
	}
	return h
}
