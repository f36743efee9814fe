package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"time"
)

const (
	base      = "http://heartsay" // the agent refuses requests for another host
	maxAnswer = 256 << 20         // bytes of one answer: 100,000 members with 2 KiB of tags each
	// answerTime is how long an agent may take over an answer from its memory. It is far above what a busy host needs.
	answerTime = 10 * time.Second
	// networkTime is how long it may take over an answer that needs other hosts: to join, to leave, to probe.
	networkTime = 60 * time.Second
)

// Client talks to one agent. It holds no connection between calls, so it needs no closing, and it may be used by many
// goroutines at once.
//
// Errors of all calls: [ErrUnreachable] when no agent answers, [ErrNotPermitted] when the caller may not do this, an
// [*Error] when the agent declines or fails, and the context's own error when that ended. A call gives up by itself
// after 10 seconds, Join, Leave and Probe after 60; streams of events never do.
type Client struct {
	path  string // for messages
	token string // "": none is shown
	http  *http.Client
}

// Option changes how a [Client] calls.
type Option func(*Client)

// WithToken makes a client show the token that an API over TCP asks for.
func WithToken(token string) Option { return func(c *Client) { c.token = token } }

// New returns a client of the agent whose API is at url, unix:///path, or http://127.0.0.1:port with the option
// [WithToken]. It does not connect yet; the only errors are those of [SocketPath], and the like for TCP.
func New(url string, options ...Option) (*Client, error) {
	network, path, err := endpoint(url)
	if err != nil {
		return nil, err
	}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, path)
	}
	transport := &http.Transport{DialContext: dial, DisableKeepAlives: true, DisableCompression: true}
	refuse := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c := &Client{path: path, http: &http.Client{Transport: transport, CheckRedirect: refuse}}
	for _, option := range options {
		option(c)
	}
	return c, nil
}

// call sends one request with body as JSON, unless that is nil, and returns the answer, all within limit.
func call[T any](ctx context.Context, c *Client, limit time.Duration, method, route string, body any) (T, error) {
	var answer, none T
	ctx, cancel := context.WithTimeoutCause(ctx, limit, errNoAnswer)
	defer cancel()
	request, err := newRequest(ctx, method, route, body)
	if err != nil {
		return none, err
	}
	response, err := c.do(request)
	if err != nil {
		return none, err
	}
	defer response.Body.Close()
	data, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	switch {
	case err != nil:
		return none, failure(ctx, c.path, err)
	case len(data) > maxAnswer:
		return none, fmt.Errorf("read %s: the answer is larger than %d MiB", route, maxAnswer>>20)
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return none, otherProgram(c.path, fmt.Sprintf("its answer to %s is not JSON of this API: %v", route, err))
	}
	return answer, nil
}

func newRequest(ctx context.Context, method, route string, body any) (*http.Request, error) {
	var reader io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("encode %s: %w", route, err)
		}
		reader = bytes.NewReader(data)
	}
	request, err := http.NewRequestWithContext(ctx, method, base+route, reader)
	if err != nil {
		return nil, fmt.Errorf("request %s: %w", route, err)
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	return request, nil
}

// do sends request and returns the answer, if it is a good one. The caller closes its body.
func (c *Client) do(request *http.Request) (*http.Response, error) {
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	if !filepath.IsAbs(c.path) {
		request.Host = c.path // it is an address, and another port than that of the API would ask for it
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, failure(request.Context(), c.path, withoutURL(err))
	}
	if response.StatusCode == http.StatusOK {
		return response, nil
	}
	defer response.Body.Close()
	return nil, c.refusal(response)
}

// refusal returns the agent's own error from an answer that is not 200.
func (c *Client) refusal(response *http.Response) error {
	data, _ := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	var e Error
	known := json.Unmarshal(data, &e) == nil && e.Message != ""
	if e.Code == "" {
		e.Code = codeOf(response.StatusCode)
	}
	switch {
	case known:
	case e.Code == CodeNotPermitted:
		e.Message = "the agent does not permit this: it answered " + response.Status
	default:
		return otherProgram(c.path, "HTTP "+response.Status)
	}
	return &e
}

// withoutURL returns err without the method and URL that net/http puts in front; the URL's host means nothing here.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
