package api

import (
	"context"
	"net/http"
	"time"
	"unicode/utf8"
)

// Self is the answer of GET /v1/self: what the agent says of itself.
type Self struct {
	Cluster       string            `json:"cluster"`
	Name          string            `json:"name"`
	Address       string            `json:"address"`                  // of its gossip, as others know it, ip:port
	AddressReason string            `json:"address_reason,omitempty"` // why it is this address; "": not known
	AddressDoubt  string            `json:"address_doubt,omitempty"`  // why others may not reach it, and what to do; "": nothing speaks against it
	AddressFault  string            `json:"address_fault,omitempty"`  // why they cannot reach it, so that the agent is not ready; "": nothing is known
	Bind          string            `json:"bind"`                     // on which it listens for gossip, ip:port
	API           string            `json:"api"`                      // where it serves this API, unix:///path; "": nowhere
	Profile       string            `json:"profile"`                  // local, lan or wan
	Interval      time.Duration     `json:"interval_seconds"`         // of its rounds: its heartbeat rises once in each
	Fanout        int               `json:"fanout"`                   // members with which a round exchanges, at least 1
	Detector      string            `json:"detector"`                 // name of the model of silence
	SuspectPhi    float64           `json:"suspect_phi"`              // at which a member becomes suspect, dimensionless
	DeadPhi       float64           `json:"dead_phi"`                 // at which a member may be declared dead, dimensionless
	Incarnation   uint64            `json:"incarnation"`
	Heartbeat     uint64            `json:"heartbeat"`
	Zone          string            `json:"zone"`
	Tags          map[string]string `json:"tags"` // never null
	Build         string            `json:"build"`
	Protocol      int               `json:"protocol"` // version of the gossip that it speaks
	PID           int               `json:"pid"`
	Started       time.Time         `json:"started"`
	Epoch         string            `json:"epoch"`           // of its events
	LastSeq       uint64            `json:"last_seq"`        // of its events; 0 when there was none yet
	States        map[State]int     `json:"states"`          // members by state, all of States present
	Paths         map[string]int    `json:"paths"`           // present members by the path to them, both paths present
	Seeds         []Seed            `json:"seeds"`           // never null
	StateFile     string            `json:"state_file"`      // "": none
	Stalls        uint64            `json:"stalls"`          // times that this agent noticed that it had stalled itself
	Stalled       time.Duration     `json:"stalled_seconds"` // how long they took in all
	Counters      map[string]uint64 `json:"counters"`        // packets, bytes and drops by reason; never null
	Goroutines    int               `json:"goroutines"`      // of the agent's process
	HeapBytes     uint64            `json:"heap_bytes"`      // of the agent's process, in use at its last garbage collection

	// AcceptsPlainUntil is until when it accepts messages that are not sealed although it has keys; nil: it does not.
	AcceptsPlainUntil *time.Time `json:"accepts_plain_until,omitempty"`
}

// Seed is an address to join by, and how the last attempt went.
type Seed struct {
	Address   string     `json:"address"`
	Joined    bool       `json:"joined"` // the last attempt succeeded
	LastTried *time.Time `json:"last_tried,omitempty"`
	LastError string     `json:"last_error,omitempty"` // "" when it succeeded, or there was none
}

// Self returns what the agent says of itself. The errors are those of [Client].
func (c *Client) Self(ctx context.Context) (Self, error) {
	return call[Self](ctx, c, answerTime, http.MethodGet, "/v1/self", nil)
}

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

// TagsRequest is the body of POST /v1/tags: a change of the agent's own tags. All of it happens or nothing.
type TagsRequest struct {
	Set    map[string]string `json:"set,omitempty"`
	Delete []string          `json:"delete,omitempty"` // keys; one that is not there is no error
}

// TagsResult is the answer of GET and POST /v1/tags.
type TagsResult struct {
	Tags map[string]string `json:"tags"` // all that the agent has now; never null
}

// Tags changes the agent's own tags, tells the cluster, and returns all that it has then. They hold until the agent
// ends. A tag that breaks the bounds is an [*Error] with [CodeBadRequest]; then nothing changed. The zero request
// changes nothing.
func (c *Client) Tags(ctx context.Context, change TagsRequest) (TagsResult, error) {
	for key, value := range change.Set {
		if !utf8.ValidString(key) || !utf8.ValidString(value) { // JSON would write another text in its place
			return TagsResult{Tags: map[string]string{}}, BadRequest("tag %q has the value %q: only UTF-8 is allowed", key, value)
		}
	}
	result, err := call[TagsResult](ctx, c, answerTime, http.MethodPost, "/v1/tags", change)
	if result.Tags == nil {
		result.Tags = map[string]string{}
	}
	return result, err
}
