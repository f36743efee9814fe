package api

import (
	"context"
	"net/http"
	"time"
)

// ProbeRequest is the body of POST /v1/probe: find out whether an agent at an address answers packets and streams. An
// agent of the cluster that is no member yet becomes one by that.
type ProbeRequest struct {
	Address string `json:"address"` // as for joining
}

// ProbeResult is the answer of POST /v1/probe.
type ProbeResult struct {
	Address     string         `json:"address"`                  // ip:port that was asked
	Name        string         `json:"name,omitempty"`           // of the member that answered packets
	PacketTime  time.Duration  `json:"packet_seconds,omitempty"` // until the answer to a small packet
	PacketError string         `json:"packet_error,omitempty"`   // "" when packets are answered
	StreamTime  time.Duration  `json:"stream_seconds,omitempty"` // for a full exchange
	StreamError string         `json:"stream_error,omitempty"`   // "" when it succeeded
	FullBytes   int            `json:"full_bytes,omitempty"`     // of a full packet, which gossip sends
	PassedBytes int            `json:"passed_bytes,omitempty"`   // of the largest packet that was answered
	ClockAhead  *time.Duration `json:"clock_ahead_seconds"`      // how far its clock is ahead of this agent's; nil when it was not told
}

// Probe makes the agent try packets and a stream to an address, and returns what came of each. That one fails is told
// in the result and is no error. A text that is no address is an [*Error] with [CodeBadRequest], a name that does not
// resolve one with [CodeNotFound]; the other errors are those of [Client].
func (c *Client) Probe(ctx context.Context, address string) (ProbeResult, error) {
	return call[ProbeResult](ctx, c, networkTime, http.MethodPost, "/v1/probe", ProbeRequest{Address: address})
}
