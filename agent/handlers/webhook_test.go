package handlers

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"

	"heartsay/agent/internal/eventlog"
	"heartsay/api"
)

// callers is a listener for those who call from the same process, in virtual time.
type callers struct {
	conns chan net.Conn
	shut  chan struct{}
	once  sync.Once
}

func newCallers() *callers { return &callers{conns: make(chan net.Conn), shut: make(chan struct{})} }

func (p *callers) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.shut:
		return nil, net.ErrClosed
	}
}

func (p *callers) Close() error   { p.once.Do(func() { close(p.shut) }); return nil }
func (p *callers) Addr() net.Addr { return &net.UnixAddr{Name: "callers", Net: "unix"} }

func (p *callers) dial() net.Conn {
	near, far := net.Pipe()
	p.conns <- far
	return near
}

// receiver takes what a webhook posts, in virtual time, and answers the n-th request with the n-th answer, and the
// rest with the last.
type receiver struct {
	*poster
	callers  *callers
	mu       sync.Mutex
	answers  []http.HandlerFunc
	requests []request
	began    time.Time
	failed   []string // what the webhook told of attempts that were not the last
}

func (r *receiver) retry(attempt int, err error) {
	r.failed = append(r.failed, fmt.Sprintf("%d %v", attempt, err))
}

// request is one that a receiver got.
type request struct {
	at     time.Duration // since the test began
	header http.Header
	body   []byte
}

func receiving(t *testing.T, f func(t *testing.T, r *receiver), answers ...http.HandlerFunc) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &receiver{callers: newCallers(), answers: answers, began: time.Now()}
		w, err := ParseWebhook("dead=http://receiver.example/hook?token=hunter2")
		if err != nil {
			t.Fatal(err)
		}
		r.poster = newPoster(w, "/heartsay/c/ann", []byte("0123456789abcdef"))
		dial := func(context.Context, string, string) (net.Conn, error) {
			select {
			case <-r.callers.shut:
				return nil, errors.New("connection refused")
			default:
				return r.callers.dial(), nil
			}
		}
		r.client.Transport.(*http.Transport).DialContext = dial
		r.client.Transport.(*http.Transport).Proxy = nil
		server := &http.Server{Handler: r}
		go server.Serve(r.callers)
		defer server.Close()
		defer r.client.CloseIdleConnections()
		f(t, r)
	})
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, _ := io.ReadAll(q.Body)
	r.mu.Lock()
	r.requests = append(r.requests, request{time.Since(r.began), q.Header, body})
	answer := r.answers[min(len(r.requests), len(r.answers))-1]
	r.mu.Unlock()
	answer(w, q)
}

func status(code int, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
	}
}

func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// nowDead returns an event of now.
func nowDead() Job {
	e := deadEvent
	e.Time = time.Now().UTC()
	return Job{e, "e1:7"}
}

func TestWebhookPostsASignedCloudEvent(t *testing.T) {
	receiving(t, func(t *testing.T, r *receiver) {
		if outcome, err := r.Do(t.Context(), nowDead(), r.retry); outcome != outcomeOK || err != nil {
			t.Fatalf("the webhook went %s, %v", outcome, err)
		}
		got := r.requests[0]
		if kind := got.header.Get("Content-Type"); kind != "application/cloudevents+json; charset=utf-8" {
			t.Errorf("the content type is %q", kind)
		}
		if err := api.VerifyWebhook([]byte("0123456789abcdef"), time.Now(), time.Minute, got.header, got.body); err != nil {
			t.Errorf("the signature is not valid: %v", err)
		}
		var envelope map[string]any
		if err := json.Unmarshal(got.body, &envelope); err != nil {
			t.Fatal(err)
		}
		for key, want := range map[string]string{
			"specversion": "1.0", "id": "e1:7", "source": "/heartsay/c/ann", "type": "heartsay.member.dead", "subject": "bob",
			"datacontenttype": "application/json", "time": time.Now().UTC().Format(time.RFC3339Nano),
		} {
			if envelope[key] != want {
				t.Errorf("the attribute %s of the CloudEvent is %v, want %s", key, envelope[key], want)
			}
		}
		data, _ := envelope["data"].(map[string]any)
		if member, _ := data["member"].(map[string]any); member["name"] != "bob" || data["type"] != "dead" || len(envelope) != 8 {
			t.Errorf("the CloudEvent is %s", got.body)
		}
	}, status(204))
}

func TestWebhookIsTriedAgainWithGrowingPauses(t *testing.T) {
	receiving(t, func(t *testing.T, r *receiver) {
		if outcome, err := r.Do(t.Context(), nowDead(), r.retry); outcome != outcomeOK || err != nil {
			t.Fatalf("the webhook went %s, %v", outcome, err)
		}
		// Pauses of 1, 2, 4 seconds, give or take a quarter; then what the receiver asks for; a hanging one takes 10s.
		least := []time.Duration{0, 750, 2250, 5250, 5250 + 30_000, 5250 + 30_000 + 10_000 + 12_000}
		most := []time.Duration{0, 1250, 3750, 8750, 8750 + 30_000, 8750 + 30_000 + 10_000 + 20_000}
		if len(r.failed) != 5 || r.failed[0] != "1 the receiver answers 500 Internal Server Error" {
			t.Errorf("of the failed attempts is told %q, want five", r.failed)
		}
		if len(r.requests) != len(least) {
			t.Fatalf("the webhook was tried %d times, want %d", len(r.requests), len(least))
		}
		for i, q := range r.requests {
			if ms := q.at / time.Millisecond; ms < least[i] || ms > most[i] {
				t.Errorf("attempt %d came after %s, want %d to %d ms", i+1, q.at, least[i], most[i])
			}
			if n := q.header.Get("Heartsay-Attempt"); n != fmt.Sprint(i+1) {
				t.Errorf("attempt %d says that it is %s", i+1, n)
			}
			if err := api.VerifyWebhook(r.secret, r.began.Add(q.at), time.Second, q.header, q.body); err != nil {
				t.Errorf("attempt %d is not signed for its own time: %v", i+1, err)
			}
		}
	}, status(500), status(408), status(502), status(429, "Retry-After", "30"), hang, status(200))
}

func TestWebhookThatIsNotWantedIsNotTriedAgain(t *testing.T) {
	for code, want := range map[int]string{
		400: "the receiver answers 400 Bad Request", 401: "401", 404: "404", 410: "410", 413: "413",
		301: "redirects with 301 Moved Permanently, which is not followed", 307: "not followed",
	} {
		receiving(t, func(t *testing.T, r *receiver) {
			outcome, err := r.Do(t.Context(), nowDead(), r.retry)
			if outcome != outcomeRefused || err == nil || !strings.Contains(err.Error(), want) || len(r.requests) != 1 {
				t.Errorf("status %d went %s, %v after %d attempts, want refused after one", code, outcome, err, len(r.requests))
			}
		}, status(code, "Location", "http://169.254.169.254/"))
	}
}

func TestWebhookIsGivenUpWhenTheEventIsFifteenMinutesOld(t *testing.T) {
	receiving(t, func(t *testing.T, r *receiver) {
		r.callers.Close()
		outcome, err := r.Do(t.Context(), nowDead(), r.retry)
		if outcome != outcomeGivenUp || !strings.Contains(err.Error(), "connection refused") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("a receiver that is not there went %s, %v, want given up with the reason and no secret", outcome, err)
		}
		if took := time.Since(r.began); took > webhookAge || took < webhookAge-2*longestPause {
			t.Errorf("it was given up after %s, want at the age of %s", took, webhookAge)
		}
		old := nowDead()
		old.Event.Time = time.Now().Add(-time.Hour)
		begin := time.Now()
		if outcome, _ := r.Do(t.Context(), old, r.retry); outcome != outcomeGivenUp || time.Since(begin) != 0 {
			t.Errorf("an event that waited for an hour went %s after %s, want one attempt", outcome, time.Since(begin))
		}
	}, status(200))
}

func TestWebhookEndsWithTheAgent(t *testing.T) {
	for _, answer := range []http.HandlerFunc{hang, status(500)} {
		receiving(t, func(t *testing.T, r *receiver) {
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(100*time.Millisecond, func() { cancel(errEnded) })
			outcome, err := r.Do(ctx, nowDead(), r.retry)
			if outcome != outcomeCut || !errors.Is(err, errEnded) || time.Since(r.began) != 100*time.Millisecond {
				t.Errorf("the webhook went %s, %v after %s, want that it was cut at once", outcome, err, time.Since(r.began))
			}
		}, answer)
	}
}

func TestWebhookLeavesAReceiverThatAnswersWithoutEnd(t *testing.T) {
	receiving(t, func(t *testing.T, r *receiver) {
		if outcome, err := r.Do(t.Context(), nowDead(), r.retry); outcome != outcomeOK || err != nil {
			t.Errorf("the webhook went %s, %v, want ok: the status is all that counts", outcome, err)
		}
	}, func(w http.ResponseWriter, _ *http.Request) {
		for line := bufio.NewWriter(w); ; {
			if _, err := line.WriteString(strings.Repeat("x", 4096)); err != nil {
				return
			}
		}
	})
}

func TestWebhookKeepsTheOrderOfAMemberOverRetries(t *testing.T) {
	receiving(t, func(t *testing.T, r *receiver) {
		ring := eventlog.NewRing(100, "e1")
		hs := NewRunners(eventlog.NewViews(ring, func(context.Context) (api.Members, error) { return api.Members{}, nil }), hclog.NewNullLogger())
		plan := aPlan("w", r.poster, "dead", "alive")
		hs.Replace(Plans{plan}, eventlog.View{})
		for _, name := range []string{"bob", "cat"} {
			ring.Append(api.Event{Type: "dead", Time: time.Now(), Member: api.Member{Name: name}},
				api.Event{Type: "alive", Time: time.Now(), Member: api.Member{Name: name}})
		}
		hs.Finish(time.Minute)
		hs.Close()
		last := map[string]string{}
		for _, q := range r.requests {
			var e api.CloudEvent
			if err := json.Unmarshal(q.body, &e); err != nil {
				t.Fatal(err)
			}
			if last[e.Subject] == "heartsay.member.alive" && e.Type == "heartsay.member.dead" {
				t.Errorf("%s is told to be dead after it was told to be alive again", e.Subject)
			}
			last[e.Subject] = e.Type
		}
		if len(last) != 2 || last["bob"] != "heartsay.member.alive" || last["cat"] != "heartsay.member.alive" {
			t.Errorf("the last that the receiver heard is %v", last)
		}
	}, status(503), status(503), status(503), status(200))
}
