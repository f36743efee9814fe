package api

import (
	"context"
	"net/http"
)

// Live returns nil when the agent's loop turns. An agent that answers but does not live gives an [*Error] with
// [CodeUnavailable].
func (c *Client) Live(ctx context.Context) error {
	_, err := call[struct{}](ctx, c, answerTime, http.MethodGet, "/livez", nil)
	return err
}

// Ready returns nil when others may rely on the agent's view: it listens, has joined or is alone on purpose, and its
// view has settled. An agent that is not there yet gives an [*Error] with [CodeUnavailable] that says why.
func (c *Client) Ready(ctx context.Context) error {
	_, err := call[struct{}](ctx, c, answerTime, http.MethodGet, "/readyz", nil)
	return err
}
