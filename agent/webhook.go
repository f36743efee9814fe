package agent

import (
	"fmt"
	"net/url"
	"strings"

	"heartsay/api"
)

// Webhook is an address to which each event of some types is posted, as a CloudEvent [CloudEvents 1.0, HTTP binding,
// structured mode]. See docs/events.md for what its receiver gets and is promised.
type Webhook struct {
	Types []api.EventType
	URL   string // http or https
}

// ParseWebhook returns the webhook that s writes: "dead,left=https://host/path". The types may be "*", all but reset.
func ParseWebhook(s string) (Webhook, error) {
	types, rest, err := splitTypes(s, "https://host/path")
	if err != nil {
		return Webhook{}, fmt.Errorf("webhook %q: %w", maskURL(s), err)
	}
	w := Webhook{Types: types, URL: strings.TrimSpace(rest)}
	return w, w.validate()
}

// String returns the webhook as [ParseWebhook] reads it, but for a password in its URL.
func (w Webhook) String() string { return typeList(w.Types) + "=" + maskURL(w.URL) }

// maskURL returns s without the password in its URL, as far as there is one, and without a query, which may hold a token.
func maskURL(s string) string {
	if before, rest, ok := strings.Cut(s, "://"); ok {
		if i := strings.LastIndex(rest, "@"); i >= 0 {
			rest = "xxxxx" + rest[i:]
		}
		if i := strings.Index(rest, "?"); i >= 0 {
			rest = rest[:i] + "?xxxxx"
		}
		return before + "://" + rest
	}
	return s
}

func (w Webhook) validate() error {
	if err := validateTypes(w.Types); err != nil {
		return fmt.Errorf("webhook %q: %w", w, err)
	}
	u, err := url.Parse(w.URL)
	switch {
	case err != nil:
		return fmt.Errorf("webhook %q: its URL is malformed", w)
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("webhook %q: its URL must begin with https:// or http://", w)
	case u.Hostname() == "":
		return fmt.Errorf("webhook %q: its URL names no host", w)
	case u.Fragment != "":
		return fmt.Errorf("webhook %q: its URL has a fragment, which is never sent", w)
	}
	return nil
}
