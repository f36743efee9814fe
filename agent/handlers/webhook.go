package handlers

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"heartsay/agent/internal/safefile"
	"heartsay/api"
)

// webhooks is the kind of handlers that are webhooks.
var webhooks = registered{
	Flag{
		Name:  "webhook",
		Usage: "post each event of these types to an address: `TYPES=URL`, as in dead,left=https://host/path; repeatable",
		add: func(c *Config, value string) error {
			w, err := ParseWebhook(value)
			if err == nil {
				c.Webhooks = append(c.Webhooks, w)
			}
			return err
		},
	},
	func(c Config) (all []handler) {
		for _, w := range c.Webhooks {
			all = append(all, w)
		}
		return all
	},
}

// Webhook is a handler: an address to which each event of some types is posted, as a CloudEvent [CloudEvents 1.0, HTTP
// binding, structured mode]. See docs/events.md for what its receiver gets and is promised.
type Webhook struct {
	Types []api.EventType
	URL   string // http or https
}

// ParseWebhook returns the webhook that s writes: "dead,left=https://host/path". The types may be "*", all but reset.
func ParseWebhook(s string) (Webhook, error) {
	types, rest, err := splitTypes(s, "https://host/path")
	if err != nil {
		return Webhook{}, fmt.Errorf("webhook %q: %w", MaskURL(s), err)
	}
	w := Webhook{Types: types, URL: strings.TrimSpace(rest)}
	return w, w.validate()
}

// String returns the webhook as [ParseWebhook] reads it, but for what may be a secret in its URL.
func (w Webhook) String() string { return typeList(w.Types) + "=" + MaskURL(w.URL) }

// masked is what is shown in place of a secret.
const masked = "***"

// MaskURL returns text without what may be a secret in a URL in it: who asks, the password and the query. What it hides
// is too much rather than too little: the URL may be malformed, and other words before it or behind it.
func MaskURL(text string) string {
	before, rest, isURL := strings.Cut(text, "://")
	if !isURL {
		return text
	}
	if i := strings.LastIndex(rest, "@"); i >= 0 {
		rest = masked + rest[i:]
	}
	if i := strings.Index(rest, "?"); i >= 0 {
		rest = rest[:i] + "?" + masked
	}
	return before + "://" + rest
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

// Patience of a webhook.
const (
	postTime      = 10 * time.Second // for one attempt
	firstPause    = time.Second      // after the first attempt; doubles with each
	longestPause  = time.Minute
	webhookAge    = 15 * time.Minute // of an event after which no further attempt is made
	minSecret     = 16               // bytes
	maxSecretFile = 4 << 10          // bytes
)

// Outcomes of a webhook, beside those of all kinds.
const (
	outcomeRefused = "refused"  // its receiver does not want the event
	outcomeGivenUp = "given_up" // its receiver could not be reached for too long
)

// poster does what a handler that is a webhook is there for.
type poster struct {
	Webhook
	source string // of the events: the agent
	secret []byte // empty: nothing is signed
	client *http.Client
}

func newPoster(w Webhook, source string, secret []byte) *poster {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxConnsPerHost = handlerWidth
	transport.ResponseHeaderTimeout = postTime
	refuse := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &poster{w, source, secret, &http.Client{Transport: transport, CheckRedirect: refuse, Timeout: postTime}}
}

func (w Webhook) wants() []api.EventType { return w.Types }

func (w Webhook) open(c Config, of Agent) (Kind, any, error) {
	var secret []byte
	if c.WebhookSecretFile != "" {
		var err error
		if secret, err = ReadWebhookSecret(c.WebhookSecretFile); err != nil {
			return nil, nil, err
		}
	}
	return newPoster(w, "/heartsay/"+of.Cluster+"/"+of.Name, secret), secret, nil
}

// Name returns "webhook".
func (p *poster) Name() string { return "webhook" }

// Outcomes returns how posting an event may go.
func (p *poster) Outcomes() []string {
	return []string{outcomeOK, outcomeRefused, outcomeGivenUp, outcomeCut}
}

// Close lets go of the connections to the receiver.
func (p *poster) Close() error {
	p.client.CloseIdleConnections()
	return nil
}

// ReadWebhookSecret returns the secret in the file at path: its content without the white space around it. The file must
// be a secret as [safefile.ReadSecret] takes it.
func ReadWebhookSecret(path string) ([]byte, error) {
	content, err := safefile.ReadSecret(path, maxSecretFile)
	if err != nil {
		return nil, fmt.Errorf("webhook secret %w", err)
	}
	secret := bytes.TrimSpace(content)
	if len(secret) < minSecret {
		return nil, fmt.Errorf("webhook secret %s: it has %d bytes: at least %d are needed", path, len(secret), minSecret)
	}
	return secret, nil
}

// Do posts one event until the receiver takes it, or will not, or it is too old.
func (p *poster) Do(ctx context.Context, j Job, retry func(int, error)) (outcome string, err error) {
	body, err := json.Marshal(cloudEvent(p.source, j))
	if err != nil {
		return outcomeRefused, fmt.Errorf("encode event: %w", err)
	}
	pause := firstPause
	for attempt := 1; ; attempt++ {
		again, after, err := p.post(ctx, body, attempt)
		wait := max(after, rand.N(pause/2)+pause*3/4)
		switch {
		case err == nil:
			return outcomeOK, nil
		case ctx.Err() != nil:
			return outcomeCut, fmt.Errorf("attempt %d: %w", attempt, context.Cause(ctx))
		case !again:
			return outcomeRefused, fmt.Errorf("attempt %d: %w", attempt, err)
		case time.Since(j.Event.Time)+wait > webhookAge:
			return outcomeGivenUp, fmt.Errorf("attempt %d, and the event is too old for another: %w", attempt, err)
		}
		retry(attempt, err)
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return outcomeCut, fmt.Errorf("after attempt %d: %w", attempt, context.Cause(ctx))
		}
		pause = min(2*pause, longestPause)
	}
}

// post makes one attempt. Again reports whether another may succeed, and after how long at the earliest.
func (p *poster) post(ctx context.Context, body []byte, attempt int) (again bool, after time.Duration, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL, bytes.NewReader(body))
	if err != nil {
		return false, 0, err
	}
	request.Header.Set("Content-Type", "application/cloudevents+json; charset=utf-8")
	request.Header.Set("User-Agent", "heartsay")
	request.Header.Set("Heartsay-Attempt", strconv.Itoa(attempt))
	if len(p.secret) > 0 {
		api.SignWebhook(p.secret, time.Now(), request.Header, body)
	}
	response, err := p.client.Do(request)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // without the URL, which may hold a secret
		}
		return true, 0, err
	}
	defer response.Body.Close()
	_, _ = io.CopyN(io.Discard, response.Body, 64<<10) // so that the connection can be used again
	switch code := response.StatusCode; {
	case code/100 == 2:
		return false, 0, nil
	case code/100 == 3:
		return false, 0, fmt.Errorf("the receiver redirects with %s, which is not followed: name the final URL", response.Status)
	case code/100 == 5, code == http.StatusRequestTimeout, code == http.StatusTooEarly, code == http.StatusTooManyRequests:
		return true, retryAfter(response.Header), fmt.Errorf("the receiver answers %s", response.Status)
	}
	return false, 0, fmt.Errorf("the receiver answers %s", response.Status)
}

// retryAfter returns how long a receiver wants to be left alone, at most the longest pause; 0 when it does not say.
func retryAfter(h http.Header) time.Duration {
	seconds, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return min(time.Duration(min(seconds, 3600))*time.Second, longestPause)
}

// cloudEvent returns the envelope of an event [CloudEvents 1.0, 3.1].
func cloudEvent(source string, j Job) api.CloudEvent {
	return api.CloudEvent{
		SpecVersion: "1.0", ID: j.ID, Source: source, Type: api.CloudEventPrefix + string(j.Event.Type),
		Subject: j.Event.Member.Name, Time: j.Event.Time, DataContentType: "application/json", Data: j.Event,
	}
}
